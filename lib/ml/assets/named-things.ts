// Checks that everything a document refers to exists before anything is written: computes, datastores, jobs and their outputs,
// environments, components, data, models. Each missing one is reported at its place in the file, with what exists instead.
// Tests: test/tasks/missing-names.test.ts, test/lib/ml/jobs/job-kinds.test.ts

import { parseArmId, parseAssetReference, sameId, segment, workspaceId } from "../../azure/index.ts";
import { type AssetKind, type NamedThing, namesIn, type Reference, resolveReference } from "../../documents/index.ts";
import { formatLocation, TaskError, throwFaults } from "../../errors.ts";
import { present } from "../../plain-objects.ts";
import { getJob, requireOutput } from "../jobs/jobs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { findVersion, noSuchAsset } from "./assets.ts";
import { requireCompute } from "./computes.ts";
import { requireDatastore } from "./datastores.ts";
import { createResolver } from "./resolve.ts";
import { requirePath } from "./version-places.ts";

/** Everything that a document names, each once. */
export interface Named {
  readonly computes: ReadonlySet<string>;
  readonly assets: readonly { readonly kind: AssetKind; readonly reference: Reference }[];
}

/**
 * The document's references, including those of its steps and of their components. A pipeline may name one cluster three
 * hundred times: it is one thing to look for.
 */
export function namedIn(document: object): Named {
  const computes = new Set<string>();
  const assets: { kind: AssetKind; reference: Reference }[] = [];
  for (const thing of each(namesIn(document))) {
    if (thing.kind === "computes") computes.add(thing.name);
    else if ("reference" in thing && thing.kind !== "codes")
      assets.push({ kind: thing.kind, reference: thing.reference });
  }
  return { computes, assets };
}

/** Each thing once, at the first place that names it. */
function each(things: readonly NamedThing[]): NamedThing[] {
  const first = new Map<string, NamedThing>();
  for (const thing of things) {
    const { where: _where, path: _path, ...what } = thing;
    const key = JSON.stringify(what);
    if (!first.has(key)) first.set(key, thing);
  }
  return [...first.values()];
}

export interface Requirements {
  /** Exceptions: resources that this run creates before they are needed. */
  readonly isMade?: (thing: NamedThing) => boolean;
}

/**
 * Everything that the document names is looked for side by side: one round trip, another where something is not there.
 * @throws TaskError `notFound` that names the place and what there is instead; TaskErrors where several are missing
 */
export async function requireNamed(
  workspace: Workspace,
  document: object,
  { isMade = () => false }: Requirements = {},
): Promise<void> {
  const things = each(namesIn(document)).filter((thing) => !isMade(thing));
  const outcomes = await Promise.allSettled(things.map((thing) => requireThing(workspace, thing)));
  const faults: TaskError[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === "fulfilled") continue;
    const { reason } = outcome;
    if (!(reason instanceof TaskError) || !["notFound", "input"].includes(reason.kind)) throw reason;
    faults.push(placed(reason, things[index] as NamedThing));
  }
  throwFaults(faults);
}

/** The error with the place at which the file, or the input, names what is missing. */
function placed(error: TaskError, { where, input }: Pick<NamedThing, "where" | "input">): TaskError {
  const { kind, message, errorCode, hint, requestId, status, code } = error;
  const options = {
    errorCode,
    hint,
    requestId,
    status,
    code,
    ...(input === undefined ? { where } : {}),
    cause: error.cause,
  };
  const known = present(options);
  return new TaskError(kind, `${input === undefined ? formatLocation(where) : `Input ${input}`}: ${message}`, known);
}

function requireThing(workspace: Workspace, thing: NamedThing): Promise<unknown> {
  switch (thing.kind) {
    case "computes": {
      const id = thing.name.startsWith("/") ? thing.name : `${workspace.id}/computes/${thing.name}`;
      return requireCompute(workspace, id);
    }
    case "datastores":
      return provided(async () => {
        const name = ownName(workspace, thing.name, "datastores");
        if (name !== undefined) await requireDatastore(workspace, name);
      });
    case "jobs":
      return provided(async () => {
        const name = ownName(workspace, thing.name, "jobs");
        if (name === undefined) return;
        const job = await workspace.once(`job ${name}`, () => getJob(workspace, name));
        if (thing.output === undefined) return;
        requireOutput(job, thing.output);
        if (thing.isModel) await requirePath(workspace, job, thing.output, thing.below);
      });
    case "codes":
      return Promise.resolve();
    default:
      return requireAsset(workspace, thing.kind, thing.reference);
  }
}

/** These are looked for to tell early: who may not read them may still use them. */
async function provided(look: () => Promise<void>): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (!(error instanceof TaskError && error.kind === "forbidden")) throw error;
  }
}

/** A bare name, or the name in an ARM id of this workspace; others are Azure's to know. */
function ownName(workspace: Workspace, written: string, collection: string): string | undefined {
  if (!written.startsWith("/")) return segment(written, `a name under ${collection}`);
  const parsed = parseArmId(written);
  if (!parsed || !sameId(homeOf(parsed), workspace.id)) return undefined;
  return parsed.segments[0]?.toLowerCase() === collection ? parsed.segments[1] : undefined;
}

/** An asset by name and version must be there; a label is resolved, which finds out; ids elsewhere are Azure's to know. */
async function requireAsset(workspace: Workspace, kind: AssetKind, reference: Reference): Promise<void> {
  if (reference.kind === "label") {
    await resolveReference(reference, kind, createResolver(workspace));
    return;
  }
  const named = reference.kind === "id" ? inWorkspace(workspace, reference.id) : reference;
  if (!named?.version) return;
  const { name, version } = named;
  if (await findVersion(workspace, kind, name, version)) return;
  throw await noSuchAsset(workspace, kind, name, version);
}

const homeOf = (id: { subscriptionId: string; resourceGroup: string; workspace: string }) =>
  workspaceId(id.subscriptionId, id.resourceGroup, id.workspace);

/** The parts of an id of this workspace; undefined for registries and other workspaces, which Azure resolves. */
function inWorkspace(workspace: Workspace, id: string) {
  const parsed = parseArmId(id);
  return parsed && sameId(homeOf(parsed), workspace.id) ? parseAssetReference(id) : undefined;
}
