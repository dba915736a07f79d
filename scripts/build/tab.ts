// Builds the results tab: one script, one style sheet and one page below tab/dist, which need nothing beside them.
import { copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { licenseTexts } from "../licenses.ts";

/** The most that script and style sheet may have together, in bytes: a page of a run should be there at once. */
export const LARGEST_TAB = 300_000;

export interface BuiltTab {
  /** Of script and style sheet. */
  readonly bytes: number;
  readonly inputs: readonly string[];
}

/** @throws Error where it does not bundle, or is too large */
export async function buildTab(root: string): Promise<BuiltTab> {
  const dist = join(root, "tab", "dist");
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: "tab/main.tsx", out: "results" },
      { in: "tab/results.css", out: "results" },
    ],
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
  copyFileSync(join(root, "tab", "results.html"), join(dist, "results.html"));
  const inputs = Object.keys(metafile.inputs);
  writeFileSync(join(dist, "LICENSES.txt"), licenseTexts(root, inputs));
  const bytes = ["results.js", "results.css"].reduce((sum, file) => sum + statSync(join(dist, file)).size, 0);
  if (bytes > LARGEST_TAB) throw new Error(`The tab has ${bytes} bytes; at most ${LARGEST_TAB} are allowed.`);
  return { bytes, inputs };
}
