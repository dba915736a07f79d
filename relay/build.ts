// Builds the Function App into relay/dist: one bundled file, a package.json of its own and host.json; and a zip of the three.
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { zipSync } from "fflate";

export interface BuiltRelay {
  /** Holds index.js, package.json and host.json. */
  readonly folder: string;
  /** The same three as a zip, for `az functionapp deployment source config-zip`. */
  readonly zip: string;
  readonly bytes: number;
}

const HOST = {
  version: "2.0",
  // An event is answered within 25 seconds; a replay begins nothing after 4 minutes.
  functionTimeout: "00:10:00",
  logging: { applicationInsights: { samplingSettings: { isEnabled: true, excludedTypes: "Request;Exception" } } },
};

/** @param folder where to build; emptied first */
export async function buildRelay(folder = fileURLToPath(new URL("./dist", import.meta.url))): Promise<BuiltRelay> {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const { version } = createRequire(import.meta.url)("../package.json") as { version: string };
  await build({
    entryPoints: [fileURLToPath(new URL("./functions/index.ts", import.meta.url))],
    outfile: path.join(folder, "index.js"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: "eof",
    // Some of the packages find their own place by import.meta, which CommonJS does not have.
    define: { "import.meta.url": "importMetaUrl" },
    banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
    // The Functions host brings this one itself.
    external: ["@azure/functions-core"],
    logLevel: "warning",
  });
  const app = { name: "azure-ml-relay", version, private: true, main: "index.js", engines: { node: ">=20" } };
  fs.writeFileSync(path.join(folder, "package.json"), `${JSON.stringify(app, undefined, 2)}\n`);
  fs.writeFileSync(path.join(folder, "host.json"), `${JSON.stringify(HOST, undefined, 2)}\n`);
  const names = ["host.json", "index.js", "package.json"];
  // A fixed time makes the same sources the same zip.
  const files = Object.fromEntries(
    names.map((name): [string, [Uint8Array, { mtime: string }]] => [
      name,
      [fs.readFileSync(path.join(folder, name)), { mtime: "2026-01-01T00:00:00Z" }],
    ]),
  );
  const zip = path.join(folder, "relay.zip");
  fs.writeFileSync(zip, zipSync(files, { level: 9 }));
  return { folder, zip, bytes: fs.statSync(zip).size };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { folder, zip, bytes } = await buildRelay();
  console.log(`${folder}: the Function App; ${zip}: ${Math.round(bytes / 1024)} KiB to deploy`);
}
