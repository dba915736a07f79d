// References of a document to things that must exist, each with its place in the file, so that a failed look-up can point at it.
// Tests: test/lib/documents/language/hash.test.ts
import type { SourceLocation } from "../../errors.ts";
import type { DocumentPath } from "./faults.ts";
import type { AssetKind } from "./resolver.ts";

/** A registered asset as it is written: by version, by label, or by an id. */
export type Reference =
  | { readonly kind: "version"; readonly name: string; readonly version: string }
  | { readonly kind: "label"; readonly name: string; readonly label: string }
  /** A full ARM id, a registry URI or a curated environment: sent as it stands. */
  | { readonly kind: "id"; readonly id: string };

/** One name, and where the file says it. */
export type NamedThing = (
  | { readonly kind: AssetKind | "codes"; readonly reference: Reference }
  /** `name` has no prefix; it may be an ARM id. */
  | { readonly kind: "computes" | "datastores"; readonly name: string }
  /** A job, and the output and the path in it, where they are named too. */
  | {
      readonly kind: "jobs";
      readonly name: string;
      readonly output?: string;
      readonly below?: string;
      /** A model is made of what lies there: there must be files. */
      readonly isModel?: boolean;
    }
) & {
  readonly where: SourceLocation;
  readonly path: DocumentPath;
  /** The task's input that says it, where no file does. */
  readonly input?: string;
};

/** A name that has no place yet. */
export type Unplaced = NamedThing extends infer T
  ? T extends NamedThing
    ? Omit<T, "where" | "path" | "input">
    : never
  : never;

/** Under which a document that was read keeps what it names. A copy of the document keeps it too. */
const NAMES = Symbol("what the document names");

/** @returns the document, with what it names */
export function withNames<T>(document: T, names: readonly NamedThing[]): T {
  return typeof document === "object" && document !== null ? { ...document, [NAMES]: names } : document;
}

/** The references in a document that was read from a file, in the file's order, also of its steps and included files. */
export function namesIn(document: object): readonly NamedThing[] {
  return (document as { [NAMES]?: readonly NamedThing[] })[NAMES] ?? [];
}

/** The datastore, or the job and its output, that an address lies in. An address of another workspace names nothing here. */
export function namedByUri(uri: string): Unplaced | undefined {
  const [, store] = /^azureml:\/\/datastores\/([^/]+)(?:\/|$)/i.exec(uri) ?? [];
  if (store !== undefined) return { kind: "datastores", name: store };
  const [, scope, far] =
    /^azureml:(\/\/subscriptions\/.+?\/workspaces\/[^/]+)\/datastores\/([^/]+)(?:\/|$)/i.exec(uri) ?? [];
  if (scope !== undefined && far !== undefined)
    return { kind: "datastores", name: `${armScope(scope)}/datastores/${far}` };
  const [, job, output, below] = /^azureml:\/\/jobs\/([^/]+)\/outputs\/([^/]+)(?:\/paths\/(.*))?$/i.exec(uri) ?? [];
  if (job !== undefined && output !== undefined)
    return { kind: "jobs", name: job, output, ...(below ? { below } : {}) };
  const [, run, path] = /^runs:\/+([^/]+)(?:\/(.*))?$/.exec(uri) ?? [];
  return run === undefined
    ? undefined
    : { kind: "jobs", name: run, output: "artifacts", ...(path ? { below: path } : {}) };
}

/** `//subscriptions/s/resourcegroups/g/workspaces/w` as the ARM id of the workspace. */
function armScope(scope: string): string {
  const [, subscription, group, workspace] =
    /^\/\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/(?:providers\/[^/]+\/)?workspaces\/([^/]+)$/i.exec(scope) ??
    [];
  return `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.MachineLearningServices/workspaces/${workspace}`;
}
