// Traffic of a conformance run: two HTTP archives, and the check of the first against the published types.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { HarRecorder } from "../../local/network/har.ts";
import { isRecorded, violationsIn } from "./recorded-keys.ts";
import type { Report } from "./report.ts";

interface Archive {
  readonly log: { readonly entries: readonly { readonly request: { readonly url: string } }[] };
}

/**
 * Writes exchanges that name an api-version, as those of the management plane and of registries do, to `file`, and the
 * rest to `<file>.other.har`: run history's paths look like resources, and are none that a version publishes.
 */
export function writeArchives(recorder: HarRecorder, file: string): void {
  const { log } = recorder.toHar() as Archive;
  const target = path.resolve(file);
  const write = (name: string, managed: boolean) => {
    const entries = log.entries.filter(({ request }) => isManaged(request.url) === managed);
    writeFileSync(name, JSON.stringify({ log: { ...log, entries } }));
  };
  mkdirSync(path.dirname(target), { recursive: true });
  write(target, true);
  write(`${target}.other.har`, false);
}

function isManaged(url: string): boolean {
  return new URL(url).searchParams.has("api-version");
}

/** The one request of the official clients that breaks the published types (docs/local-azure.md). */
const KNOWN = /^REQUEST PUT \S+\/jobs\/\S+ @\S+\n\s+\.properties\.objective: required, missing$/;

/**
 * Holds the exchanges against the published types with their own checker, which lies beside them, and adds what it found
 * as a flow. Requests of ours and answers of local Azure may break none.
 * @param contract the folder of types; undefined: nothing is checked, and a line says so
 */
export function holdAgainstTypes(recorder: HarRecorder, contract: string | undefined, report: Report): void {
  const checker = contract === undefined ? undefined : path.resolve(contract, "../tools/contract-check.mjs");
  if (contract === undefined || checker === undefined || !existsSync(checker)) {
    console.log("The exchanges are not held against the published types: --contract names none with their checker.");
    return;
  }
  const started = performance.now();
  const scratch = mkdtempSync(path.join(tmpdir(), "conformance-har-"));
  try {
    const har = path.join(scratch, "management.har");
    writeArchives(recorder, har);
    const words = [checker, har, "--responses", "--types", path.resolve(contract)];
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8", maxBuffer: 64 << 20 });
    const [count] = /^\d+ exchanges checked, \d+ in violation.*$/m.exec(stdout) ?? [];
    const wrong = violationsIn(stdout).filter((one) => !KNOWN.test(one.trim()) && !isRecorded(one));
    const error = count === undefined ? `the checker did not get through: ${stderr}` : wrong.join("");
    report.add({
      suite: "contract",
      title: `requests and answers keep to the published types (${count ?? "not counted"})`,
      ok: error === "",
      milliseconds: Math.round(performance.now() - started),
      ...(error === "" ? {} : { error }),
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
