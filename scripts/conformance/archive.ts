// Traffic of a conformance run: two HTTP archives, and the check of the first against the published types.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { checkArchive, type Entry, type Violation, violationText } from "../../local/azure/contract/archive.ts";
import type { Contract } from "../../local/azure/contract/contract.ts";
import type { HarRecorder } from "../../local/network/har.ts";
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
const isKnown = ({ side, path, faults }: Violation): boolean =>
  side === "request" &&
  /\/jobs\/[^/]+$/.test(path) &&
  faults.every(({ path: at, message }) => at === "properties.objective" && message === "required, missing");

/**
 * Holds the exchanges against the published types and adds what it found as a flow. Requests of ours and answers of local
 * Azure may break none.
 * @param isPart flows were selected: those may use clouds of their own, so that nothing is left to check here
 */
export function holdAgainstTypes(
  recorder: HarRecorder,
  contracts: readonly Contract[],
  report: Report,
  isPart: boolean,
): void {
  const started = performance.now();
  const { log } = recorder.toHar() as { readonly log: { readonly entries: readonly Entry[] } };
  const { checked, violations } = checkArchive(log.entries, contracts);
  if (checked === 0 && isPart) return;
  const wrong = violations.filter((one) => !isKnown(one)).map(violationText);
  report.add({
    suite: "contract",
    title: `requests and answers keep to the published types (${checked} bodies checked)`,
    ok: checked > 0 && wrong.length === 0,
    milliseconds: Math.round(performance.now() - started),
    ...(wrong.length === 0 ? {} : { error: wrong.join("\n") }),
  });
}
