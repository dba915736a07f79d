// Builds the extension's pages below tab/dist: of each a script, a style sheet and the page, which need nothing beside them.
import { copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { licenseTexts } from "../licenses.ts";

/** The most that script and style sheet of a page may have together, in bytes: it should be there at once. */
export const LARGEST_TAB = 300_000;

/** By the names of their files: the folder below tab/, and the script and style sheet that it begins with. */
const PAGES = {
  results: { folder: "", script: "main.tsx", style: "results.css" },
  models: { folder: "hub", script: "main.tsx", style: "models.css" },
  widget: { folder: "widget", script: "main.tsx", style: "widget.css" },
  configuration: { folder: "widget", script: "configuration.tsx", style: "widget.css" },
} as const;

export interface BuiltTab {
  /** Of script and style sheet of the results tab. */
  readonly bytes: number;
  /** The same of each page, by its name. */
  readonly pages: Readonly<Record<keyof typeof PAGES, number>>;
  readonly inputs: readonly string[];
}

/** @throws Error where one does not bundle, or is too large */
export async function buildTab(root: string): Promise<BuiltTab> {
  const dist = join(root, "tab", "dist");
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(PAGES).flatMap(([out, { folder, script, style }]) => [
      { in: join("tab", folder, script), out },
      { in: join("tab", folder, style), out },
    ]),
    outdir: dist,
    bundle: true,
    format: "iife",
    platform: "browser",
    // Azure DevOps' own list of supported browsers: the current Edge, Chrome, Firefox and Safari.
    target: ["es2022"],
    minify: true,
    legalComments: "none",
    tsconfig: join(root, "tab", "tsconfig.json"),
    logLevel: "silent",
    metafile: true,
    write: false,
  }).then((result) => {
    rmSync(dist, { recursive: true, force: true });
    mkdirSync(dist, { recursive: true });
    for (const { path, contents } of result.outputFiles) writeFileSync(path, contents);
    return result;
  });
  for (const [name, { folder }] of Object.entries(PAGES))
    copyFileSync(join(root, "tab", folder, `${name}.html`), join(dist, `${name}.html`));
  const inputs = Object.keys(metafile.inputs);
  writeFileSync(join(dist, "LICENSES.txt"), licenseTexts(root, inputs));
  const bytesOf = (name: string) =>
    [`${name}.js`, `${name}.css`].reduce((sum, file) => sum + statSync(join(dist, file)).size, 0);
  const pages = Object.fromEntries(Object.keys(PAGES).map((name) => [name, bytesOf(name)])) as BuiltTab["pages"];
  for (const [name, bytes] of Object.entries(pages))
    if (bytes > LARGEST_TAB)
      throw new Error(`The page ${name} has ${bytes} bytes; at most ${LARGEST_TAB} are allowed.`);
  return { bytes: pages.results, pages, inputs };
}
