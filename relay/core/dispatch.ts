// Starts each version once for each target (idempotent): a claim, retries with back-off, and a dead letter when the retries are used up.

import type { Clock } from "../../lib/poll.ts";
import type { Configuration } from "./configuration.ts";
import { asFault, describeFault, type RelayFault } from "./fault.ts";
import type { RelayLog } from "./log.ts";
import { type Notice, nameOf, startId, subjectOf } from "./notice.ts";
import { type Route, type Target, targetKey } from "./routes.ts";
import { keyPart, readJson, type Store, writeJson } from "./store.ts";

/** The answer of a target that has started something. */
export interface Started {
  /** Id of the release, or what the webhook's answer said. */
  readonly reference: string;
  readonly url?: string;
}

export interface StartContext {
  readonly id: string;
  /** An earlier call may have started it, and its answer was lost. */
  readonly uncertain: boolean;
  /** When the first call was made, milliseconds since the epoch. */
  readonly since: number;
}

/** Starts the target. @throws RelayFault */
export type Starter = (target: Target, notice: Notice, context: StartContext) => Promise<Started>;

export type Outcome =
  | { readonly kind: "started"; readonly started: Started }
  /** It was started before. */
  | { readonly kind: "duplicate" }
  /** It is among the dead letters, since now or from before. */
  | { readonly kind: "dead"; readonly reason: string; readonly before: boolean }
  /** Not now: somebody else is at it, or a temporary fault outlasted the tries. */
  | { readonly kind: "later"; readonly reason: string };

interface Claim {
  readonly schema: 1;
  readonly target: string;
  readonly subject: string;
  readonly state: "starting" | "waiting" | "started" | "dead";
  /** The owner, and the end of its lease (milliseconds since the epoch). */
  readonly owner: string;
  readonly until: number;
  readonly since: number;
  readonly attempts: number;
  readonly uncertain: boolean;
  readonly firstFailure?: number;
  readonly reason?: string;
  readonly started?: Started;
}

/** A dead letter: kept whole, so that it can be started once its cause is fixed. */
export interface DeadLetter {
  readonly schema: 1;
  readonly id: string;
  readonly at: string;
  readonly route: string;
  readonly target: string;
  readonly attempts: number;
  readonly reason: string;
  readonly notice: Notice;
}

export const DEAD_LETTERS = "dead-letters/";

/** A claim outlives any single try: a release takes up to six calls of 15 seconds. */
const CLAIM_MILLISECONDS = 180_000;

/** Dependencies. */
export interface DispatcherParts {
  readonly configuration: Configuration;
  readonly store: Store;
  readonly starter: Starter;
  readonly clock: Clock;
  readonly log: RelayLog;
  /** Tells one instance of the relay from another. */
  readonly owner: string;
}

export class Dispatcher {
  readonly #parts: DispatcherParts;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /**
   * Starts the route's target for the notice unless that was done before.
   * @param deadline milliseconds since the epoch after which no further try begins
   * @param revive take it up again although it is among the dead letters
   */
  async dispatch(route: Route, notice: Notice, deadline: number, revive = false): Promise<Outcome> {
    const { store, clock, owner } = this.#parts;
    const target = targetKey(route.start);
    const id = startId(target, notice);
    const key = claimKey(notice, id);
    const there = await readJson<Claim>(store, key);
    const now = clock.now();
    const before = there?.value;
    if (before?.state === "started") return { kind: "duplicate" };
    // A claim without its dead letter cannot be taken up again, so it no longer counts.
    const isKept = before?.state === "dead" && (await store.read(`${DEAD_LETTERS}${id}.json`)) !== undefined;
    if (before?.state === "dead" && isKept && !revive)
      return { kind: "dead", reason: before.reason ?? "", before: true };
    if (before?.state === "starting" && before.until > now) {
      return { kind: "later", reason: `${nameOf(notice)} is being started by another call.` };
    }
    const revived = before?.state === "dead";
    const claim: Claim = {
      schema: 1,
      target,
      subject: subjectOf(notice),
      state: "starting",
      owner,
      until: now + CLAIM_MILLISECONDS,
      since: before?.since ?? now,
      attempts: before?.attempts ?? 0,
      // A claim that was left in the middle of a try says nothing of how that try ended.
      uncertain: before !== undefined && (before.uncertain || before.state === "starting"),
      ...(before?.firstFailure === undefined || revived ? {} : { firstFailure: before.firstFailure }),
    };
    const etag = await writeJson(store, key, claim, there === undefined ? "absent" : { etag: there.etag });
    if (etag === undefined) return { kind: "later", reason: `${nameOf(notice)} was taken by another call.` };
    return this.#try(route, notice, { key, id, claim, etag }, deadline);
  }

  async #try(
    route: Route,
    notice: Notice,
    held: { readonly key: string; readonly id: string; readonly claim: Claim; readonly etag: string },
    deadline: number,
  ): Promise<Outcome> {
    const { configuration, store, starter, clock, log } = this.#parts;
    const { retry } = configuration;
    let { claim, etag } = held;
    let pause = retry.firstPauseSeconds * 1000;
    for (let turn = 1; ; turn++) {
      let fault: RelayFault;
      try {
        const { uncertain, since } = claim;
        const started = await starter(route.start, notice, { id: held.id, uncertain, since });
        await this.#settle(held.key, { ...claim, state: "started", attempts: claim.attempts + 1, started }, etag);
        log.info(`${nameOf(notice)} started ${route.name}: ${started.url ?? started.reference}`);
        return { kind: "started", started };
      } catch (error) {
        fault = asFault(error);
      }
      const now = clock.now();
      const reason = describeFault(fault);
      claim = {
        ...claim,
        attempts: claim.attempts + 1,
        uncertain: claim.uncertain || fault.kind === "unknown",
        firstFailure: claim.firstFailure ?? now,
        reason,
        until: now + CLAIM_MILLISECONDS,
      };
      const hopeless = now - (claim.firstFailure ?? now) >= retry.giveUpAfterHours * 3_600_000;
      // Retry-After may lengthen a pause, and never shortens it.
      const wait = Math.max(fault.retryAfter ?? 0, pause);
      const last = turn >= retry.attempts || now + wait >= deadline;
      if (fault.kind === "permanent" || (last && hopeless)) {
        await this.#bury(route, notice, held, claim, etag);
        return { kind: "dead", reason, before: false };
      }
      log.warn(`${nameOf(notice)} did not start ${route.name} (try ${claim.attempts}): ${reason}`);
      if (last) {
        await this.#settle(held.key, { ...claim, state: "waiting", until: 0 }, etag);
        return { kind: "later", reason };
      }
      const renewed = await writeJson(store, held.key, { ...claim, until: claim.until + wait }, { etag });
      if (renewed === undefined) return { kind: "later", reason: `${nameOf(notice)} was taken by another call.` };
      etag = renewed;
      await clock.sleep(wait);
      pause = Math.min(pause * 2, retry.maximumPauseSeconds * 1000);
    }
  }

  async #bury(
    route: Route,
    notice: Notice,
    held: { readonly key: string; readonly id: string },
    claim: Claim,
    etag: string,
  ): Promise<void> {
    const { store, clock, log } = this.#parts;
    const letter: DeadLetter = {
      schema: 1,
      id: held.id,
      at: new Date(clock.now()).toISOString(),
      route: route.name,
      target: claim.target,
      attempts: claim.attempts,
      reason: claim.reason ?? "",
      notice,
    };
    // The letter first: if the relay ends between the two, the claim lapses and the start is tried again.
    await writeJson(store, `${DEAD_LETTERS}${held.id}.json`, letter);
    await this.#settle(held.key, { ...claim, state: "dead", until: 0 }, etag);
    log.error(`${nameOf(notice)} did not start ${route.name} and is among the dead letters: ${letter.reason}`);
  }

  async #settle(key: string, claim: Claim, etag: string): Promise<void> {
    const written = await writeJson(this.#parts.store, key, claim, { etag });
    if (written === undefined) {
      this.#parts.log.warn(`The claim ${key} was taken over while it was worked on; it may be started a second time.`);
    }
  }
}

function claimKey(notice: Notice, id: string): string {
  const [name, part] =
    notice.kind === "model" ? [notice.name, notice.version] : [notice.runId, notice.status.toLowerCase()];
  return `claims/${notice.kind}/${keyPart(name)}/${keyPart(part)}/${id}.json`;
}
