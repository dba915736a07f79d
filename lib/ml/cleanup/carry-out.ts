// Carries a clean-up out: each thing is read and judged once more right before it is deleted or archived, so that what others have changed
// since the plan protects it. One failure does not stop the rest. A second run does what is left, and nothing twice (idempotent).
// Tests: test/lib/ml/cleanup/clean-up.test.ts
import { LEASE_SECONDS, sideBySide } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { changeVersion } from "../assets/asset-writes.ts";
import { findVersion } from "../assets/assets.ts";
import { deleteDeployment, listDeployments } from "../endpoints/deployments.ts";
import type { EndpointLock, Held } from "../endpoints/endpoint-lock.ts";
import { deleteEndpoint, findEndpoint } from "../endpoints/endpoints.ts";
import { readModifyWrite } from "../workspace/retry-on-conflict.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Use, usesWithout } from "./asset-uses.ts";
import { type Change, nameOf } from "./clean-up-plan.ts";
import type { CleanUpRules } from "./clean-up-rules.ts";
import { fateOfDeployment, fateOfEndpoint, mayBeIdle } from "./endpoint-plan.ts";
import { changedAt, type Fate } from "./fate.ts";
import { requestsOf } from "./idle-endpoints.ts";
import { servedVersions } from "./read-workspace.ts";
import { fateOfVersion } from "./version-plan.ts";

/** `kept`: somebody has changed it since the plan. `left`: the time was over, and the next run does it. */
export type Outcome = "deleted" | "archived" | "kept" | "failed" | "left";

export interface Done extends Change {
  readonly outcome: Outcome;
  /** Why it was kept, failed or left, as a sentence. */
  readonly sentence?: string;
}

export interface CarryOut {
  readonly workspace: Workspace;
  readonly rules: CleanUpRules;
  readonly lockOf: (endpoint: string) => EndpointLock;
  /** Versions in use, as they were read for the plan. */
  readonly uses: readonly Use[];
  /** Milliseconds since the epoch, now. */
  readonly now: () => number;
  /** Milliseconds that are left; undefined: no deadline. */
  readonly left: () => number | undefined;
  readonly onDone: (done: Done) => void;
}

/** Endpoints and versions that are worked on side by side; deployments of one endpoint go one after the other, as the service wants it. */
const LANES = 5;
/** Milliseconds to wait for the lock of an endpoint: longer than the lease of a run that was killed. Who renews it is at work, and that protects the endpoint. */
const LOCKED = (LEASE_SECONDS + 15) * 1000;

/** Deletes and archives. Endpoints come first, since they cost money; then versions, by what uses them by then. */
export async function carryOut(work: CarryOut, changes: readonly Change[]): Promise<Done[]> {
  const isVersion = ({ kind }: Change) => kind === "model" || kind === "data";
  const serving = changes.filter((one) => !isVersion(one));
  const endpoints = [...new Set(serving.map(({ name }) => name))];
  const removed = await sideBySide(endpoints, LANES, async (name) => {
    const done: Done[] = [];
    for (const change of serving.filter((one) => one.name === name))
      done.push(await attempt(work, change, change.kind === "endpoint" ? endpoint : deployment));
    return done;
  });
  const versions = changes.filter(isVersion);
  const gone = removed.flat().filter(({ outcome }) => outcome === "deleted");
  // While deployments were deleted, which takes minutes, others may have deployed a version.
  const served = serving.length > 0 && versions.length > 0 ? await servedVersions(work.workspace) : [];
  const uses = usesWithout([...work.uses, ...served], gone);
  const archived = await sideBySide(versions, LANES, (change) =>
    attempt(work, change, version(change.kind === "model" ? uses.models : uses.data)),
  );
  return [...removed.flat(), ...archived];
}

/** A thing as it is now; undefined where it is gone. */
interface Seen {
  readonly fate: Fate;
  /** Milliseconds since the epoch; undefined where Azure does not say. */
  readonly changed: number | undefined;
}

interface Way {
  /** Reads and judges it. @param held the lock; undefined after a failure, when only the reason is looked for */
  readonly look: (work: CarryOut, change: Change, held?: Held) => Promise<Seen | undefined>;
  /** Does it, once it was judged; told to do so under the lock where there is one. @returns waits for the end */
  readonly begin: (work: CarryOut, change: Change) => Promise<(deadline?: number) => Promise<void>>;
  readonly locks: boolean;
  readonly done: "deleted" | "archived";
}

async function attempt(work: CarryOut, change: Change, way: Way): Promise<Done> {
  const done = await outcomeOf(work, change, way);
  work.onDone(done);
  return done;
}

async function outcomeOf(work: CarryOut, change: Change, way: Way): Promise<Done> {
  const { signal } = work.workspace;
  const tell = (outcome: Outcome, sentence?: string): Done => ({
    ...change,
    outcome,
    ...(sentence === undefined ? {} : { sentence }),
  });
  if ((work.left() ?? 1) <= 0) return tell("left", "The time of the step was over.");
  try {
    const begun = await underLock(work, change, way);
    if (typeof begun === "string") return tell("kept", begun);
    await begun(work.left());
    return tell(way.done);
  } catch (error) {
    if (signal.aborted) throw error;
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof TaskError && error.kind === "timeout")
      return tell(error.errorCode === "AML1602" ? "kept" : "left", why);
    return tell(...(await afterFailure(work, change, way, why)));
  }
}

/** @returns why it stays, as a sentence; or what waits for the end of what has begun */
function underLock(work: CarryOut, change: Change, way: Way) {
  const judgeAndBegin = async (held?: Held) => {
    const seen = await way.look(work, change, held);
    const stays = reasonToStay(change, seen);
    if (stays !== undefined) return stays;
    await held?.requireHeld();
    return way.begin(work, change);
  };
  const anew = (held?: Held) => readModifyWrite(work.workspace, () => judgeAndBegin(held));
  return way.locks ? work.lockOf(change.name).hold(LOCKED, anew) : anew();
}

function reasonToStay(change: Change, seen: Seen | undefined): string | undefined {
  if (seen === undefined) return "It is gone already.";
  const { fate, changed } = seen;
  if (!fate.goes) return fate.why === undefined ? "It was changed after it was planned." : `Now ${fate.why}.`;
  const isOther = change.changed !== undefined && changed !== undefined && change.changed !== changed;
  return isOther ? "It was changed after it was planned." : undefined;
}

/** A refusal may come of what somebody else did a moment before: the thing is looked at again, and what is there now is said. */
async function afterFailure(work: CarryOut, change: Change, way: Way, why: string): Promise<[Outcome, string]> {
  try {
    const seen = await way.look(work, change);
    if (seen === undefined) return ["failed", `${why} It is gone now.`];
    const stays = reasonToStay(change, seen);
    return stays === undefined ? ["failed", `${why} It is still there.`] : ["kept", `${stays} ${why}`];
  } catch (error) {
    if (work.workspace.signal.aborted) throw error;
    return ["failed", `${why} Whether it is still there could not be read.`];
  }
}

async function readEndpoint({ workspace, rules, now }: CarryOut, name: string, held: Held | undefined) {
  const [found, deployments] = await Promise.all([findEndpoint(workspace, name), listDeployments(workspace, name)]);
  if (found === undefined) return undefined;
  // A dry run takes no lock; rollouts under way were read for its plan.
  const rollouts = held === undefined || workspace.azure.dryRun ? {} : held.rollouts;
  const seen = { endpoint: found, deployments };
  return {
    ...seen,
    rollouts: rollouts && Object.keys(rollouts),
    requests: async () =>
      mayBeIdle(seen, rules, now()) ? requestsOf(workspace, name, rules.idleHours ?? 0) : undefined,
  };
}

const endpoint: Way = {
  locks: true,
  done: "deleted",
  async look(work, { name }, held) {
    const seen = await readEndpoint(work, name, held);
    if (seen === undefined) return undefined;
    const judged = { ...seen, requests: await seen.requests() };
    return { fate: fateOfEndpoint(judged, work.rules, work.now()), changed: changedAt(seen.endpoint) };
  },
  begin: ({ workspace }, { name }) => deleteEndpoint(workspace, name),
};

const deployment: Way = {
  locks: true,
  done: "deleted",
  async look(work, { name, part }, held) {
    const seen = await readEndpoint(work, name, held);
    const there = seen?.deployments.find((one) => one.name?.toLowerCase() === part?.toLowerCase());
    if (seen === undefined || there === undefined) return undefined;
    const fate = fateOfDeployment({ ...seen, requests: undefined }, there, work.rules, work.now());
    return { fate, changed: changedAt(there) };
  },
  begin: ({ workspace }, { name, part = "" }) => deleteDeployment(workspace, name, part),
};

const placeOf = ({ kind }: Change) => (kind === "model" ? "models" : "data");

const version = (uses: (name: string, version: string) => string | undefined): Way => {
  let there: AssetBody | undefined;
  const judged = ({ rules, now }: CarryOut, { name, part = "" }: Change, body: AssetBody) =>
    fateOfVersion(body, uses(name, part), rules, now());
  return {
    locks: false,
    done: "archived",
    async look(work, change) {
      const { name, part = "" } = change;
      there = await findVersion(work.workspace, placeOf(change), name, part);
      return there && { fate: judged(work, change, there), changed: changedAt(there) };
    },
    async begin(work, change) {
      const { workspace } = work;
      const body = there as AssetBody;
      // Where it is sent again, it is made of a fresh read, which somebody may have changed.
      const archived = (has: NonNullable<AssetBody["properties"]>) => {
        const fate = judged(work, change, { ...body, properties: has });
        if (!fate.goes && fate.why !== undefined) throw changedMeanwhile(change);
        return { ...has, isArchived: true };
      };
      const answer = await changeVersion(workspace, placeOf(change), change.name, body, archived, "archive");
      if (answer.properties?.isArchived !== true) throw notArchived(change);
      return async () => {};
    },
  };
};

const changedMeanwhile = (change: Change) =>
  new TaskError("conflict", `Somebody has changed ${nameOf(change)} at the same time.`, { errorCode: "AML1203" });

const notArchived = (change: Change) =>
  new TaskError("service", `Azure accepted that ${nameOf(change)} is archived, and does not show it so.`, {
    errorCode: "AML1109",
  });
