// Bundles each widget of src/widgets into one ES module, as anywidget loads it: no other files, no network.
// The node's own page is several modules, which a browser asks for as it needs them; their names hold a hash.
import { build, context } from "esbuild";
import { readdirSync } from "node:fs";
import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";

const watching = process.argv.includes("--watch");
const widgets = readdirSync("src/widgets").map((name) => `src/widgets/${name}`);
const shared = {
  bundle: true,
  minify: !watching,
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

const STATIC = "../node/sesam_node/api/static";
const nodePage = {
  ...modules,
  entryPoints: ["src/page/main.tsx", "src/page/page.css"],
  splitting: true,
  outdir: STATIC,
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  metafile: true,
  plugins: [{ name: "manifest", setup: ({ onEnd }) => onEnd(({ metafile }) => metafile && finish(metafile)) }],
};

/** Tells the node which file is which, and leaves none of an earlier build. */
async function finish({ outputs }) {
  const made = Object.keys(outputs);
  const entry = (source) => made.find((name) => outputs[name].entryPoint === source);
  const script = entry("src/page/main.tsx");
  // What the script needs at once is asked for with it, not after it.
  const preload = outputs[script].imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => basename(path));
  await cp("src/page/icon.svg", `${STATIC}/icon.svg`);
  const files = [...made.map((name) => basename(name)), "icon.svg"];
  const manifest = { script: basename(script), style: basename(entry("src/page/page.css")), icon: "icon.svg", preload, files };
  await writeFile(`${STATIC}/manifest.json`, JSON.stringify(manifest));
  for (const name of await readdir(STATIC)) {
    if (!files.includes(name) && name !== "manifest.json" && !name.startsWith(".")) await rm(`${STATIC}/${name}`);
  }
}

await mkdir(STATIC, { recursive: true });
if (watching) {
  for (const options of [modules, pages, styles, nodePage]) await (await context(options)).watch();
} else {
  await Promise.all([build(modules), build(pages), build(styles), build(nodePage)]);
}
