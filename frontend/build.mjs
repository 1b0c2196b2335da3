// Bundles each widget of src/widgets into one ES module, as anywidget loads it: no other files, no network.
import { build, context } from "esbuild";
import { readdirSync } from "node:fs";

const widgets = readdirSync("src/widgets").map((name) => `src/widgets/${name}`);
const shared = {
  bundle: true,
  minify: !process.argv.includes("--watch"),
  logLevel: "warning",
  target: "es2022",
  outdir: "../sesam_interactive/widgets/static",
};
const modules = {
  ...shared,
  entryPoints: widgets,
  format: "esm",
  jsx: "automatic",
  // Written for React, which pages and JupyterLab bring along; a widget carries the small one.
  alias: { react: "preact/compat", "react-dom": "preact/compat", "react/jsx-runtime": "preact/jsx-runtime" },
};
// Saved pages hold their script in themselves.
const pages = {
  ...modules,
  entryPoints: readdirSync("src/pages").map((name) => `src/pages/${name}`),
  format: "iife",
};
const styles = { ...shared, entryPoints: ["src/style/widgets.css"] };

if (process.argv.includes("--watch")) {
  for (const options of [modules, pages, styles]) await (await context(options)).watch();
} else {
  await Promise.all([build(modules), build(pages), build(styles)]);
}
