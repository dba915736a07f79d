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

/** `kept`: somebody has changed it since the plan. `left`: the time of the run or the number of its changes was over, and the next one does it. */
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
  readonly budget: Budget;
  readonly onDone: (done: Done) => void;
}

/** The number of changes that a run may still make. What turns out to stay, or fails, takes nothing of it. */
export class Budget {
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  /** @returns whether there was one */
  take(): boolean {
    if (this.#left <= 0) return false;
    this.#left -= 1;
    return true;
  }

  giveBack(): void {
    this.#left += 1;
  }

  get isOver(): boolean {
    return this.#left <= 0;
  }
}

/** Endpoints and versions that are worked on side by side; deployments of one endpoint go one after the other, as the service wants it. */
const LANES = 5;
/** The sentences about changes that are left to the next run. */
const TIME_OVER = "The time of the step was over.";
export const LIMIT_REACHED = "The number of changes of one run was reached.";
/** Milliseconds to wait for the lock of an endpoint: longer than the lease of a run that was killed. Who renews it is at work, and that protects the endpoint. */
const LOCKED = (LEASE_SECONDS + 15) * 1000;

/** Deletes and archives. Endpoints come first, since they cost money; then versions, by what uses them by then. */
export async function carryOut(work: CarryOut, changes: readonly Change[]): Promise<Done[]> {
  const isVersion = ({ kind }: Change) => kind === "model" || kind === "data";
  const serving = changes.filter((one) => !isVersion(one));
  const endpoints = [...new Set(serving.map(({ name }) => name))];
  const removed = await inPasses(
    work,
    endpoints.map((name) => serving.filter((one) => one.name === name)),
    ({ kind }) => (kind === "endpoint" ? endpoint : deployment),
  );
  const versions = changes.filter(isVersion);
  if (versions.length === 0) return removed;
  const served = serving.length === 0 ? [] : await servedByNow(work);
  if (typeof served === "string") return [...removed, ...versions.map((one) => tell(work, one, "failed", served))];
  const gone = removed.filter(({ outcome }) => outcome === "deleted");
  const uses = usesWithout([...work.uses, ...served], gone);
  const archived = await inPasses(
    work,
    versions.map((one) => [one]),
    ({ kind }) => version(kind === "model" ? uses.models : uses.data),
  );
  return [...removed, ...archived];
}

/** While deployments were deleted, which takes minutes, others may have deployed a version. @returns why that cannot be known, as a sentence */
async function servedByNow({ workspace }: CarryOut): Promise<Use[] | string> {
  try {
    return await servedVersions(workspace);
  } catch (error) {
    if (workspace.signal.aborted) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return `Whether a deployment uses it by now cannot be known: ${why}`;
  }
}

/**
 * Works on queues side by side, each in its order. A queue that finds the number of changes reached waits for another pass, in case others
 * under way give some back.
 */
async function inPasses(
  work: CarryOut,
  queues: readonly (readonly Change[])[],
  wayOf: (change: Change) => Way,
): Promise<Done[]> {
  const done: Done[] = [];
  const isTimeOver = () => (work.left() ?? 1) <= 0;
  let waiting = queues;
  do {
    const rests = await sideBySide(waiting, LANES, async (queue) => {
      for (const [at, change] of queue.entries()) {
        if (isTimeOver() || !work.budget.take()) return queue.slice(at);
        done.push(await attempt(work, change, wayOf(change)));
      }
      return [];
    });
    waiting = rests.filter(({ length }) => length > 0);
  } while (waiting.length > 0 && !work.budget.isOver && !isTimeOver());
  const why = work.budget.isOver ? LIMIT_REACHED : TIME_OVER;
  return [...done, ...waiting.flat().map((change) => tell(work, change, "left", why))];
}

function tell(work: CarryOut, change: Change, outcome: Outcome, sentence?: string): Done {
  const done = { ...change, outcome, ...(sentence === undefined ? {} : { sentence }) };
  work.onDone(done);
  return done;
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

/** Tries one change, which has taken its part of the budget. */
async function attempt(work: CarryOut, change: Change, way: Way): Promise<Done> {
  const [outcome, sentence] = await outcomeOf(work, change, way);
  if (outcome === "kept" || outcome === "failed") work.budget.giveBack();
  return tell(work, change, outcome, sentence);
}

async function outcomeOf(work: CarryOut, change: Change, way: Way): Promise<[Outcome, string?]> {
  let hasBegun = false;
  try {
    const begun = await underLock(work, change, way);
    if (typeof begun === "string") return ["kept", begun];
    hasBegun = true;
    await begun(work.left());
    return [way.done];
  } catch (error) {
    if (work.workspace.signal.aborted) throw error;
    const why = error instanceof Error ? error.message : String(error);
    const isTimeout = error instanceof TaskError && error.kind === "timeout";
    if (isTimeout && error.errorCode === "AML1602") return ["kept", why];
    if (isTimeout && (work.left() ?? 1) <= 0) return ["left", why];
    return afterFailure(work, change, way, why, hasBegun && isTimeout);
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

/**
 * A refusal may come of what somebody else did a moment before: the thing is looked at again, and what is there now is said.
 * @param isUnclear Azure accepted the change and never said how it ended; so what is there says it
 */
async function afterFailure(
  work: CarryOut,
  change: Change,
  way: Way,
  why: string,
  isUnclear: boolean,
): Promise<[Outcome, string?]> {
  try {
    const seen = await way.look(work, change);
    if (seen === undefined) return isUnclear ? [way.done] : ["failed", `${why} It is gone now.`];
    if (isUnclear) return ["failed", `${why} It is still there.`];
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
  const told = held?.areAll === false ? undefined : held?.rollouts;
  const rollouts = held === undefined || workspace.azure.dryRun ? {} : told;
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
