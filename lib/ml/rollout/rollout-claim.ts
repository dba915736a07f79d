// A rollout's entry in the endpoint's lock: it tells other runs that the rollout is under way, and a retry of the same step that it may
// take the rollout up.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts
import { randomUUID } from "node:crypto";
import { TaskError } from "../../errors.ts";
import type { Provenance } from "../../provenance.ts";
import type { Held, Unfinished } from "../endpoints/endpoint-lock.ts";
import { stepOf } from "../workspace/lineage.ts";
import { ROLLOUT_TAG } from "./rollout-undo.ts";
import type { DeploymentBody } from "./rollout-wish.ts";

/** Milliseconds after its deadline, or after six hours without one, when a rollout is not taken for running any more. */
const FORGOTTEN = 15 * 60_000;
const LONG = 6 * 60 * 60_000;

export class RolloutClaim {
  readonly #step: string;
  #by: string = randomUUID();
  #created = false;
  #isNoted = false;

  constructor(provenance: Provenance) {
    this.#step = stepOf(provenance);
  }

  /** The rollout's mark: a tag of its deployment, and in its entry. */
  get by(): string {
    return this.#by;
  }
  /** Whether the deployment is the rollout's own; one that was there before is never deleted. */
  get created(): boolean {
    return this.#created;
  }
  /** Whether the entry was written. */
  get isNoted(): boolean {
    return this.#isNoted;
  }

  /** Whether an unfinished rollout is this one, or an earlier attempt of the same step. */
  isOwn({ by, step }: Unfinished): boolean {
    return by === this.#by || (step !== "" && step === this.#step);
  }

  /** Names of deployments, in lower case, of unfinished rollouts: this step's own, and those of others. */
  sorted(rollouts: Held["rollouts"]): { own: Set<string>; foreign: Set<string> } {
    const entries = Object.entries(rollouts ?? {});
    return {
      own: new Set(entries.filter(([, one]) => this.isOwn(one) && one.created).map(([name]) => name)),
      foreign: new Set(entries.filter(([, one]) => !this.isOwn(one)).map(([name]) => name)),
    };
  }

  /**
   * Says which deployment this is about, before anything is written.
   * @param entry of the deployment in the lock; what an earlier attempt has marked is known by that mark
   */
  take(entry: Unfinished | undefined, isNew: boolean): void {
    const own = entry && this.isOwn(entry) ? entry : undefined;
    if (own) this.#by = own.by;
    this.#created = isNew || own?.created === true;
  }

  /** Takes over what an earlier step of the same rollout has made; what this step has noted is its own. */
  adopt(by: string, created: boolean): void {
    if (!this.#isNoted) this.#by = by;
    this.#created = created;
  }

  /**
   * Writes the entry, before the deployment: one that is not recorded would never be cleaned up.
   * @param left milliseconds that the rollout has; undefined: no deadline
   */
  async note(held: Held, deployment: string, left: number | undefined): Promise<void> {
    if (held.rollouts === undefined) return;
    const until = Date.now() + (left ?? LONG) + FORGOTTEN;
    this.#isNoted = true;
    await held.note(deployment, { by: this.#by, step: this.#step, created: this.#created, until });
  }

  /** The body with the rollout's mark on it. */
  marked(body: DeploymentBody): DeploymentBody {
    return { ...body, tags: { ...(body["tags"] as object), [ROLLOUT_TAG]: this.#by } };
  }
}

/** The error where another run is at a rollout with steps: whoever took it over would leave that run unable to take it back. */
export function stillJudged(endpoint: string, name: string, { until }: Unfinished): TaskError {
  return new TaskError(
    "conflict",
    `Another run is rolling out the deployment ${name} of ${endpoint} step by step, and has not ended, so nothing was changed.`,
    {
      errorCode: "AML1602",
      hint: `Let that run end, or cancel it. If its agent was lost, run this step again after ${new Date(until).toISOString()}, or roll the endpoint back with AzureMLRollback.`,
    },
  );
}
