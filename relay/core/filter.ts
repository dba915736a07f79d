// Judges whether an event, or a model version that a replay found, is for a route.
import { sourceName } from "./configuration.ts";
import type { RunEvent } from "./events.ts";
import { matchesAny } from "./pattern.ts";
import type { ModelFilter, RunFilter } from "./routes.ts";

/** A model version as far as filters look at it. */
export interface Judged {
  readonly source: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, string>>;
  /** Azure ML's stage of the version; undefined: it has none, or it is not known. */
  readonly stage: string | undefined;
}

/** Whether the model's name and workspace are for the filter: what no later change of tags can alter. */
export function concernsModel(filter: ModelFilter | RunFilter, source: string, name: string): filter is ModelFilter {
  return (
    filter.kind === "model" &&
    matchesAny(filter.workspace, sourceName(source), { ignoreCase: true }) &&
    matchesAny(filter.model, name)
  );
}

/** Stage is the version's own, or else its tag `stage` (the field is young, and older tools write the tag). */
export function matchesModel(filter: ModelFilter, version: Judged): boolean {
  if (!concernsModel(filter, version.source, version.name)) return false;
  if (!matchesDictionary(filter.tags, version.tags) || !matchesDictionary(filter.properties, version.properties)) {
    return false;
  }
  if (filter.stage.length === 0) return true;
  const stage = version.stage ?? version.tags.stage;
  return stage !== undefined && matchesAny(filter.stage, stage, { ignoreCase: true });
}

/** Whether what happened, and in which workspace, is for the filter: what the run's record need not be asked for. */
export function concernsRun(filter: RunFilter, run: RunEvent): boolean {
  return (
    filter.events.includes(run.type) &&
    matchesAny(filter.workspace, sourceName(run.source), { ignoreCase: true }) &&
    (filter.runStatus.length === 0 || matchesAny(filter.runStatus, run.status, { ignoreCase: true }))
  );
}

export function matchesRun(filter: RunFilter, run: RunEvent): boolean {
  return (
    concernsRun(filter, run) &&
    matchesAny(filter.experiment, run.experiment.name) &&
    matchesDictionary(filter.tags, run.tags) &&
    matchesDictionary(filter.properties, run.properties)
  );
}

/** Every key must be there with a value that one of the patterns matches; a key with null must not be there. */
function matchesDictionary(
  wanted: Readonly<Record<string, readonly string[] | null>>,
  there: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, patterns]) => {
    const value = Object.hasOwn(there, key) ? there[key] : undefined;
    return patterns === null ? value === undefined : value !== undefined && matchesAny(patterns, value);
  });
}
