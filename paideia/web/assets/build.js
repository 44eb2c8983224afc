// Bundles styles and scripts into ../static/web/dist as files named by their content, and says which in manifest.json.
import { build, context } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

const here = import.meta.dirname;
const css = path.join(here, "../static/web/css");
const dist = path.join(here, "../static/web/dist");
const watch = process.argv.includes("--watch");
const common = {
  bundle: true,
  minify: !watch,
  outdir: dist,
  metafile: true,
  legalComments: "none",
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  target: ["chrome111", "safari16.4", "firefox115"],
  logLevel: "warning",
};
const manifest = {};

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });

const styles = {
  ...common,
  entryPoints: { app: path.join(css, "app.css"), formulas: path.join(here, "formulas.css") },
  loader: { ".woff2": "file" },
  plugins: [modernFontsOnly(), remember()],
};
await build(styles);
const scripts = {
  ...common,
  entryPoints: { app: path.join(here, "app.js") },
  format: "esm",
  splitting: true,
  define: { FORMULAS_CSS: JSON.stringify(manifest["formulas.css"]) },
  plugins: [remember()],
};
const early = { ...common, entryPoints: { theme: path.join(here, "theme.js") }, format: "iife", plugins: [remember()] };

if (watch) {
  for (const options of [styles, scripts, early]) await (await context(options)).watch();
} else {
  await build(scripts);
  await build(early);
}

/** Writes which file each entry became, so that pages can name it: {"app.js": "app-1A2B3C4D.js"}. */
function remember() {
  return {
    name: "remember",
    setup(builder) {
      builder.onEnd(async ({ metafile }) => {
        for (const [file, output] of Object.entries(metafile?.outputs ?? {})) {
          if (!output.entryPoint) continue;
          const name = path.basename(file);
          manifest[name.replace(/-[A-Z0-9]{8}(?=\.)/, "")] = name;
        }
        await writeFile(path.join(dist, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");
      });
    },
  };
}

/** KaTeX brings each font three times; every browser we serve reads woff2. */
function modernFontsOnly() {
  return {
    name: "modern-fonts-only",
    setup(builder) {
      builder.onLoad({ filter: /katex\.min\.css$/ }, async ({ path: file }) => ({
        contents: (await readFile(file, "utf8")).replace(/,url\([^)]+\.(woff|ttf)\) ?format\("[^"]+"\)/g, ""),
        loader: "css",
      }));
    },
  };
}
