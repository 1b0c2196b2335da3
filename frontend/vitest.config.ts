import { defineConfig } from "vitest/config";

// Components are tested with what widgets and pages carry (build.mjs).
const react = { react: "preact/compat", "react-dom": "preact/compat", "react/jsx-runtime": "preact/jsx-runtime" };

export default defineConfig({ resolve: { alias: react }, esbuild: { jsx: "automatic" } });
