// Steps of a canary or a shadow: each share bakes and is judged before the next one. Either all steps on this agent, or one change a call,
// with the state on the endpoint in between.
// Tests: test/lib/ml/rollout/canary.test.ts, test/lib/ml/rollout/canary-stages.test.ts
import { NAME_NOT_RESOLVED } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { Clock } from "../../poll.ts";
import { type Endpoint, getEndpoint } from "../endpoints/endpoints.ts";
import { sayTraffic, shareOf, withoutZeros } from "../endpoints/traffic-shares.ts";
import { sayVerdict, type Verdict } from "../monitor/verdict.ts";
import { azureClock } from "../workspace/azure-clock.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Rollout } from "./rollout.ts";
import { type Judge, type Judged, judgeShare, type SteppedStrategy } from "./rollout-bake.ts";
import { liveBeside, minutesBefore } from "./rollout-live.ts";
import {
  alertsFrom,
  bakesFrom,
  type Progress,
  runMark,
  standingProgress,
  stepMark,
  toNote,
} from "./rollout-progress.ts";
import type { StepSection } from "./rollout-report.ts";
import { requireStanding, routeNoting, routeTo, writtenSince } from "./rollout-route.ts";

/** The state of a rollout with steps after this call. */
export interface StepsTaken {
  readonly done: boolean;
  /** The last judgement of this call; undefined: nothing was judged. */
  readonly verdict?: Verdict["outcome"] | undefined;
}

export class StepTaker {
  readonly #workspace: Workspace;
  readonly #clock: Clock;
  readonly #rollout: Rollout;
  readonly #strategy: SteppedStrategy;
  readonly #judge: Judge;
  readonly #isOneChange: boolean;
  #progress: Progress | undefined;
  #steps: readonly StepSection[] = [];

  constructor(
    workspace: Workspace & { readonly clock?: Clock },
    rollout: Rollout,
    strategy: SteppedStrategy,
    judge: Judge,
  ) {
    this.#workspace = workspace;
    this.#clock = workspace.clock ?? azureClock(workspace);
    this.#rollout = rollout;
    this.#strategy = strategy;
    this.#judge = judge;
    this.#isOneChange = strategy.advance === "next";
    this.#progress = rollout.plan.progress;
  }

  /** Takes the steps that this call is to take. @throws TaskError where a share failed, or could not be judged in time */
  async take(): Promise<StepsTaken> {
    const { log, azure, provenance } = this.#workspace;
    const { name, plan } = this.#rollout;
    const begun = this.#progress;
    const shares = plan.moves.map((move) =>
      shareOf(this.#strategy.kind === "shadow" ? move.mirror : move.traffic, name),
    );
    if (begun) this.#at(begun, shares);
    const mark = stepMark(provenance);
    if (begun && this.#isOneChange && mark !== undefined && begun.taken.includes(mark)) {
      log.info(
        `${this.#says(begun)}: an earlier attempt of this step made that change, and this one makes no other. If this is another step of the same job, give it a name of its own.`,
      );
      return this.#pause();
    }
    // The agent of an earlier attempt was lost: its share is this attempt's to go on with, or to take back.
    if (begun && !this.#isOneChange) await this.#adopt();
    const endpoint = await this.#contractTest();
    if (shares.length === 0 && begun === undefined) {
      log.info(`${name} has its share already: the traffic is ${sayTraffic(endpoint.properties.traffic ?? {})}.`);
      this.#rollout.end();
      return { done: true };
    }
    const live = liveBeside(endpoint, name, begun);
    this.#rollout.tell({ live });
    // The last share of a canary is judged as well, so that a write of its own ends the rollout. Where the steps were lowered meanwhile, the
    // share that it has is the last one; a first deployment has nothing to go back to, and is not judged.
    const isJudged = this.#strategy.kind === "canary" && (begun !== undefined || live !== undefined);
    const ahead = isJudged ? [...shares, shares.at(-1) ?? begun?.share ?? 0] : shares;
    let verdict: Verdict["outcome"] | undefined;
    for (const [at, share] of ahead.entries()) {
      if (this.#progress !== undefined && !azure.dryRun) {
        const judged = await this.#judgeNow(this.#progress, live);
        verdict = judged.verdict.outcome;
        if (!(await this.#mayGoOn(this.#progress, judged))) return this.#pause(verdict);
        if (at > 0) await this.#contractTest();
      }
      const isLast = at === ahead.length - 1;
      await (isLast && isJudged ? this.#finish(share) : this.#moveTo(share, isLast));
      if (this.#progress) this.#at(this.#progress, ahead.slice(at + 1));
      else this.#rollout.tell({ share: this.#strategy.kind === "canary" ? share : undefined, nextShare: undefined });
      if (isLast) return { done: true, verdict };
      if (this.#isOneChange) return this.#pause(verdict);
    }
    return { done: true, verdict };
  }

  /** The rollout goes on in a later step; a failure after this one's change takes nothing back. */
  #pause(verdict?: Verdict["outcome"]): StepsTaken {
    this.#rollout.end();
    return { done: false, verdict };
  }

  async #judgeNow(progress: Progress, live: string | undefined): Promise<Judged> {
    const { log, signal } = this.#workspace;
    const isAlone = progress.kind === "canary" && progress.share === 100 && live !== undefined;
    const liveMinutes = () => (isAlone ? minutesBefore(progress, this.#clock.now()) : undefined);
    const told = liveMinutes();
    if (told) {
      const [from, to] = [told.from, told.to].map((at) => new Date(at).toISOString());
      log.info(`${live} has no traffic any more: rules that read live compare with its minutes from ${from} to ${to}.`);
    }
    const found = await judgeShare(progress, this.#strategy, {
      judge: async (window) => {
        const [judged] = await Promise.all([
          this.#judge({
            ...window,
            fresh: progress.deployment,
            live,
            liveMinutes: liveMinutes(),
            alertsFrom: alertsFrom(progress),
          }),
          // A rollback or another release ends the rollout: nobody waits for requests that do not come any more.
          this.#requireStanding(progress),
        ]);
        return judged;
      },
      clock: this.#clock,
      left: this.#rollout.left,
      signal,
      log,
    });
    const { verdict } = found;
    const { outcome, reasons, rules, window } = verdict;
    this.#tell({ share: progress.share, since: progress.since, until: window.to, outcome, reasons, rules });
    this.#rollout.tell({ verdict: outcome });
    log.info(`${this.#says(progress)}:`);
    for (const line of sayVerdict(verdict)) log.info(`  ${line}`);
    return found;
  }

  /** @returns false where the share stays and a later call judges it again. @throws TaskError where the rollout is to be taken back */
  async #mayGoOn(progress: Progress, { verdict, isBaked }: Judged): Promise<boolean> {
    const { log } = this.#workspace;
    const { outcome, reasons } = verdict;
    if (outcome === "pass") return true;
    const why = reasons.join(" ") || "no reason was given";
    // Before its bake is over nothing is known yet, whatever is to become of a share that has baked.
    const mayStay = this.#isOneChange && (!isBaked || this.#strategy.onInconclusive === "wait");
    if (outcome === "inconclusive" && mayStay) {
      log.warn(`${this.#says(progress)}, could not be judged yet, so nothing moved; run the step again later: ${why}`);
      return false;
    }
    if (outcome === "inconclusive" && this.#strategy.onInconclusive === "continue") {
      log.warn(
        `${this.#says(progress)}, could not be judged, and goes on all the same (onInconclusive: continue): ${why}`,
      );
      return true;
    }
    if (this.#isOneChange) await this.#adopt();
    throw new TaskError(
      "failed",
      `The ${progress.kind} rollout failed: ${this.#says(progress)}, ${outcome === "fail" ? "was judged and failed" : "could not be judged"}. ${why}`,
      {
        errorCode: "AML1612",
        hint: "The summary and the record have each rule with its numbers. See the container's log, correct the model or its code, and release it again.",
      },
    );
  }

  /** The contract test of each step: the new deployment is called by its name, and must answer as expected. */
  async #contractTest(): Promise<Endpoint> {
    try {
      return await this.#rollout.call();
    } catch (error) {
      // A wrong answer fails the rollout; where nobody was reached, nothing is known against the deployment.
      const isAnswer = error instanceof TaskError && error.kind !== "connection" && error.code !== NAME_NOT_RESOLVED;
      if (isAnswer && this.#progress && this.#isOneChange && !this.#workspace.signal.aborted) await this.#adopt();
      throw error;
    }
  }

  /** All that this rollout has changed until now is this step's: its failure takes it back. */
  async #adopt(): Promise<void> {
    const progress = this.#progress;
    if (progress === undefined) return;
    const endpoint = await this.#requireStanding(progress);
    this.#rollout.adopt(progress.by, progress.made, writtenSince(endpoint, progress));
  }

  async #requireStanding(progress: Progress): Promise<Endpoint> {
    const endpoint = await getEndpoint(this.#workspace, this.#rollout.report.endpoint);
    requireStanding(endpoint, progress);
    return endpoint;
  }

  /**
   * Ends a canary whose last share may stand: its state goes, and its deployment is known to be good. Nothing is taken back any more, whatever
   * becomes of this write, which moves no traffic.
   */
  async #finish(share: number): Promise<void> {
    const { log, signal } = this.#workspace;
    this.#rollout.end();
    try {
      await this.#moveTo(share, true);
    } catch (error) {
      if (signal.aborted || !(error instanceof TaskError) || error.kind === "conflict") throw error;
      log.warn(
        `The rollout has ended well, and the endpoint's tags say that it is in progress still, because they could not be written: ${error.message} Run the step again to end it.`,
      );
    }
  }

  async #moveTo(share: number, isLast: boolean): Promise<void> {
    const { log, provenance } = this.#workspace;
    const { name, claim, report } = this.#rollout;
    const mark = stepMark(provenance);
    let next: Progress = {
      kind: this.#strategy.kind,
      deployment: name,
      share,
      since: new Date(this.#clock.now()).toISOString(),
      before: this.#progress && new Date(bakesFrom(this.#progress)).toISOString(),
      run: [provenance.definition, provenance.runNumber].filter((one) => one !== "").join(" "),
      by: this.#progress?.by || claim.by,
      made: this.#progress?.made ?? claim.created,
      was: this.#progress?.was,
      of: runMark(provenance),
      taken: [...(this.#progress?.taken ?? []), ...(mark === undefined ? [] : [mark])],
    };
    const from = this.#progress;
    const tried = new Set<string>();
    const { after } = await this.#rollout.move((now, endpoint) => {
      // The bake begins with the write and not with the wait for it; a write whose answer was lost is known by its time.
      const since = standingProgress(endpoint)?.since ?? "";
      next = { ...next, since: tried.has(since) ? since : new Date(this.#clock.now()).toISOString() };
      tried.add(next.since);
      return routeTo(next, from, isLast, this.#rollout.plan.replaces)(now, endpoint);
    }, isLast || this.#isOneChange);
    const was = from?.was ?? withoutZeros(report.trafficBefore);
    const took = Math.max(0, Math.ceil((this.#clock.now() - Date.parse(next.since)) / 1000));
    this.#progress = isLast ? undefined : { ...next, was, took };
    if (this.#progress && this.#isOneChange) await this.#note({ ...this.#progress, took: toNote(took) });
    if (next.kind === "shadow") {
      log.info(
        isLast
          ? `No request of ${report.endpoint} is copied to ${name} any more; the traffic is ${sayTraffic(after)}, as before.`
          : `${share} % of the requests to ${report.endpoint} are copied to ${name}; the traffic stays: ${sayTraffic(after)}.`,
      );
    } else {
      log.info(`The traffic of ${report.endpoint} ${isLast && from ? "stays" : "is"} ${sayTraffic(after)}.`);
      if (isLast && !from) {
        this.#tell({ share, since: next.since });
        this.#rollout.tell({ since: next.since });
      }
    }
  }

  /** Notes for later steps how long the endpoint's own operation took: those minutes are no bake of the new share. */
  async #note(progress: Progress): Promise<void> {
    const { log, signal, azure } = this.#workspace;
    if (progress.took === undefined || azure.dryRun) return;
    try {
      await this.#rollout.move(routeNoting(progress), true);
    } catch (error) {
      if (signal.aborted || !(error instanceof TaskError)) throw error;
      log.warn(
        `Azure took ${progress.took} seconds to move the traffic. That could not be noted on the endpoint, so that the next step counts them as bake: ${error.message}`,
      );
    }
  }

  /** Where the rollout stands, and the share that comes next: none where the rollout ends after this one. */
  #at({ share, since }: Progress, ahead: readonly number[]): void {
    const [nextShare] = ahead;
    this.#tell({ share, since });
    this.#rollout.tell({ share, since, nextShare: nextShare === 0 || nextShare === share ? undefined : nextShare });
  }

  #says({ kind, deployment, share, since }: Progress): string {
    const of = kind === "shadow" ? "copies of the requests" : "the traffic";
    return `${deployment} with ${share} % of ${of} since ${since}`;
  }

  #tell(step: StepSection): void {
    const others = this.#steps.filter(({ share, since }) => share !== step.share || since !== step.since);
    this.#steps = [...others, step];
    this.#rollout.tell({ steps: this.#steps });
  }
}
