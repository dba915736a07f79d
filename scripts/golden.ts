// `npm run golden`: what Azure's own client sends for the documents of test/golden, recorded without a network.
// Azure's client is installed from PyPI into virtual environments below node_modules/.cache; everything else happens on this machine.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { virtualEnvironment } from "./conformance/python.ts";

const DOCUMENTS = path.resolve("test/golden/documents");
const RECORDED = path.resolve("test/golden/recorded");
/** The first that takes a document is the one that it is held against: the texts of numbers are those of 1.34. */
const CLIENTS = ["1.34", "1.35"] as const;

/** Records all documents with one version of the client; answers the folder of its recordings. */
async function record(version: string, folder: string): Promise<string> {
  const { bin } = await virtualEnvironment(path.resolve(`scripts/golden/requirements-${version}.txt`), ENVIRONMENTS);
  const out = path.join(folder, version);
  const script = path.resolve("scripts/golden/record.py");
  const { status } = spawnSync(path.join(bin, "python3"), [script, DOCUMENTS, out], {
    stdio: ["ignore", "inherit", "ignore"],
  });
  if (status !== 0)
    throw new Error(`Azure's client ${version} could not be run over ${DOCUMENTS} (exit code ${status}).`);
  return out;
}

const ENVIRONMENTS = path.resolve("node_modules/.cache/golden");
const folder = mkdtempSync(path.join(os.tmpdir(), "golden-"));
try {
  const [first, second] = [await record(CLIENTS[0], folder), await record(CLIENTS[1], folder)];
  rmSync(RECORDED, { recursive: true, force: true });
  for (const name of readdirSync(first, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".json")) continue;
    const texts = [first, second].map((place) => readFileSync(path.join(place, name), "utf8"));
    const taken = texts.find((text) => text.includes('"error": null')) ?? texts[0] ?? "";
    const target = path.join(RECORDED, name);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, taken);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
