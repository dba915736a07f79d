// What a conformance run leaves of its traffic: two HTTP archives, because published types speak of the management plane only.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { HarRecorder } from "../../local/har.ts";

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
