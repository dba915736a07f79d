// Follows a pipeline's steps in the log: a group for each step, in the order in which they began. One listing a look tells how all of them
// stand; logs are read of the step that is shown and of those that have ended, once.
import { sideBySide } from "../../azure/index.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { hasEnded, runStudioUrl } from "./jobs.ts";
import { logsToShow } from "./logs.ts";
import type { Meter, StepRun } from "./meter.ts";
import { type Read, RunLog, type Show } from "./run-log.ts";
import { bestTrialName } from "./run-tree.ts";
import { type ChildRun, childRuns, type RunDetails, runDetails, runErrorText } from "./runs.ts";

/** A step that failed, for the error. */
export interface FailedStep {
  readonly title: string;
  readonly status: string;
  readonly reason: string | undefined;
  readonly tail: readonly string[];
}

/** A step for the record: a tree by `parent`, which is absent for steps of the job itself. */
export interface RecordedStep {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly parent?: string;
  readonly started?: string;
  readonly finished?: string;
  readonly reused?: true;
  readonly studioUrl: string;
}

interface Step {
  run: ChildRun;
  /** The run that it is a step of. */
  readonly parent: string;
  readonly title: string;
  readonly log: RunLog;
  /** The beginning of its log, read ahead and not shown yet. */
  readonly lines: string[];
  isBegun: boolean;
  details?: RunDetails | undefined;
  /** A pipeline of its own, as its type says or else its logs. */
  isPipeline: boolean;
  /** Its log was read to the end. */
  isRead: boolean;
  isShown: boolean;
  /** Listings since it was opened. */
  listings: number;
}

/** Logs of ended steps that are fetched at a time. */
const LANES = 8;
/** Listings after which the log of a step is read between two of them, too. */
const LONG = 4;
/** Bytes of a log that are read before its turn; the rest waits where it lies. */
const AHEAD = 64 * 1024;

export interface StepsOptions {
  /** The pipeline's own page, of which those of its steps are made. */
  readonly studioUrl?: string | undefined;
  /** Tells pipelines within by their titles, where run history lists them as steps. */
  readonly meter?: Pick<Meter, "isPipeline"> | undefined;
}

export class StepsFollower {
  readonly #workspace: Workspace;
  readonly #job: string;
  readonly #options: StepsOptions;
  readonly #steps = new Map<string, Step>();
  #isListed = false;
  #current: Step | undefined;
  #closeGroup: () => Promise<void> = async () => {};

  constructor(workspace: Workspace, job: string, options: StepsOptions = {}) {
    this.#workspace = workspace;
    this.#job = job;
    this.#options = options;
  }

  /** Whether the last look listed all steps, whatever became of their logs. */
  get isListed(): boolean {
    return this.#isListed;
  }

  get size(): number {
    return this.#steps.size;
  }

  /**
   * Asks how the steps stand and shows what is new.
   * Requests: one listing (and one for each pipeline within that is under way or has just changed); for each step once
   * its details and its log; for the one that is shown while it runs, these at each look.
   * @returns whether anything has changed, and whether more can be shown at once
   */
  async look(): Promise<Read> {
    this.#isListed = false;
    if (this.#current) this.#current.listings += 1;
    const changed = await this.#list(this.#job, "");
    this.#isListed = true;
    const { news, more } = await this.#show();
    return { news: changed || news, more };
  }

  /** Logs that a glance reads: those of the step that is shown, once it has run for some listings: short steps cost nothing more. */
  get logs(): number {
    const { details, run, listings = 0, isRead } = this.#current ?? {};
    // The first line of a step that waits to run comes in a log that only the next listing leads to.
    return details && run?.status === "Running" && listings >= LONG && !isRead ? RunLog.count(details) : 0;
  }

  /** Shows what is new in the log of the step that is shown, without a look at how the steps stand: one ranged read for each log. */
  async glance(): Promise<Read> {
    const { details, log } = this.#current ?? {};
    if (!details || !log || this.logs === 0) return { news: false, more: false };
    return log.read(details, (lines) => this.#print(lines));
  }

  /** All steps as the last listing had them, in its order. */
  runs(): StepRun[] {
    return [...this.#steps.values()].map(({ title, run, isPipeline }) => ({ title, run, isPipeline }));
  }

  /** All steps for the record, as the last listing had them. */
  tree(): RecordedStep[] {
    const place = { job: this.#job, studioUrl: this.#options.studioUrl };
    return [...this.#steps.values()].map(({ run, parent }) => ({
      id: run.runId,
      name: run.displayName || run.name || run.runId,
      status: run.status ?? "",
      ...(parent === this.#job ? {} : { parent }),
      ...(run.startTimeUtc ? { started: run.startTimeUtc } : {}),
      ...(run.endTimeUtc ? { finished: run.endTimeUtc } : {}),
      ...(isReused(run) ? { reused: true } : {}),
      studioUrl: runStudioUrl(this.#workspace, run.runId, place),
    }));
  }

  /** Ends the group that is open. Nothing is shown after it. */
  async close(): Promise<void> {
    await this.#closeGroup();
  }

  /** Steps that failed, the first one first. Steps that are pipelines themselves failed because of one within. */
  failed(): FailedStep[] {
    return this.#begun()
      .filter(({ run, isPipeline }) => run.status === "Failed" && !isPipeline)
      .map(({ run, title, details, log }) => ({
        title,
        status: run.status ?? "",
        reason: runErrorText(details?.error ?? run.error),
        tail: log.tail(),
      }));
  }

  async #list(parent: string, path: string): Promise<boolean> {
    const children = await childRuns(this.#workspace, parent);
    let changed = false;
    const within: { run: string; path: string }[] = [];
    for (const run of children) {
      const known = this.#steps.get(run.runId);
      const isNew = known?.run.status !== run.status;
      const title = known?.title ?? `${path}${run.displayName || run.name || run.runId}`;
      const step = known ?? newStep(this.#workspace, run, { title, parent }, this.#options.meter);
      step.run = run;
      this.#steps.set(run.runId, step);
      changed ||= isNew;
      if (step.isPipeline && !isReused(run) && (isNew || !hasEnded(run.status))) {
        within.push({ run: run.runId, path: `${title}/` });
      }
      // Its group comes in its turn, which may be hours away.
      if (isNew && run.status === "Failed" && this.#current && this.#current !== step) {
        this.#workspace.log.info(`Step ${title} has failed; its log follows in its turn.`);
      }
    }
    const deeper = await sideBySide(within, LANES, (one) => this.#list(one.run, one.path));
    return changed || deeper.some((one) => one);
  }

  async #show(): Promise<Read> {
    let news = await this.#readEnded();
    for (;;) {
      let isFresh = false;
      if (!this.#current) {
        const next = this.#begun().find((step) => !step.isShown);
        if (!next) return { news, more: false };
        if (!next.isRead && !next.isBegun) {
          const read = await this.#readAhead(next);
          news ||= read.news;
          isFresh = !read.more;
        }
        this.#open(next);
      }
      const step = this.#current;
      // A pipeline within has no group of its own: its steps have.
      if (!step) continue;
      await this.#print(step.lines.splice(0));
      if (!step.isRead && !isFresh) {
        const read = await this.#read(step, (lines) => this.#print(lines));
        news ||= read.news;
        if (read.more) return { news: true, more: true };
      }
      if (!step.isRead) return { news, more: false };
      await this.#closeGroup();
      this.#workspace.log.info(endOf(step));
    }
  }

  async #print(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    this.#workspace.log.remote(lines.join("\n"));
    await this.#workspace.log.drained?.();
  }

  /** Steps that have begun, in that order; those that began together as history lists them. */
  #begun(): Step[] {
    const begun = [...this.#steps.values()].filter(
      ({ run }) => hasEnded(run.status) || /^(Running|Finalizing|CancelRequested)$/.test(run.status ?? ""),
    );
    const start = ({ run }: Step) => Date.parse(run.startTimeUtc ?? run.endTimeUtc ?? "") || Number.POSITIVE_INFINITY;
    return begun.sort((a, b) => (start(a) === start(b) ? 0 : start(a) - start(b)));
  }

  /** Reports the start of steps that have ended: each once, several at a time; also the steps of nested pipelines. */
  async #readEnded(): Promise<boolean> {
    const waiting = [...this.#steps.values()].filter(
      (step) => !step.isRead && !step.isBegun && step !== this.#current && hasEnded(step.run.status),
    );
    if (waiting.length === 0) return false;
    await sideBySide(waiting, LANES, (step) => this.#readAhead(step));
    await this.#readEnded();
    return true;
  }

  /** Reads the beginning of a step's log, all of it where it is short. */
  async #readAhead(step: Step): Promise<Read> {
    const read = await this.#read(step, (lines) => void step.lines.push(...lines), AHEAD);
    step.isBegun = true;
    return read;
  }

  async #read(step: Step, show: Show, most?: number): Promise<Read> {
    const { run, log } = step;
    const nothing = { news: false, more: false };
    const ended = hasEnded(run.status);
    // What a reused step once said is in the log of the run that it was reused from; a pipeline's is that of its steps.
    step.details = isReused(run) || step.isPipeline ? undefined : await runDetails(this.#workspace, run.runId);
    if (!step.details) {
      step.isRead = ended;
      return nothing;
    }
    if (isPipelineLog(step.details)) {
      step.isPipeline = true;
      step.isRead = ended;
      return { news: await this.#list(run.runId, `${step.title}/`), more: false };
    }
    const read = await log.read(step.details, show, most);
    if (ended && !read.more) {
      await log.end(show);
      step.isRead = true;
    }
    return read;
  }

  #open(step: Step): void {
    const { log } = this.#workspace;
    const { run, title } = step;
    const page = runStudioUrl(this.#workspace, run.runId, { job: this.#job, studioUrl: this.#options.studioUrl });
    step.isShown = true;
    if (step.isPipeline && !isReused(run)) {
      log.info(`Step ${title} is a pipeline of its own: ${page}`);
      return;
    }
    let close = () => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    const group = log.group(`Step ${title}${isReused(run) ? " (reused)" : ""}`, () => closed);
    this.#current = step;
    log.info(page);
    if (isReused(run))
      log.info(`Reused: the run ${run.properties?.["azureml.reusedrunid"] ?? "of an earlier job"} did the same.`);
    this.#closeGroup = async () => {
      this.#current = undefined;
      this.#closeGroup = async () => {};
      close();
      await group;
    };
  }
}

const isReused = (run: ChildRun) => /^true$/i.test(run.properties?.["azureml.isreused"] ?? "");

/** A pipeline writes no log of a user's, but which steps it began (docs/facts/azureml-services.md#5.2). */
const isPipelineLog = ({ logFiles }: RunDetails) =>
  logsToShow(Object.keys(logFiles ?? {})).join() === "logs/azureml/executionlogs.txt";

function newStep(
  workspace: Workspace,
  run: ChildRun,
  place: Pick<Step, "title" | "parent">,
  meter: StepsOptions["meter"],
): Step {
  const isPipeline = run.runType === "azureml.PipelineRun" || meter?.isPipeline(place.title) === true;
  return {
    run,
    ...place,
    log: new RunLog(workspace),
    lines: [],
    isBegun: false,
    isPipeline,
    isRead: false,
    isShown: false,
    listings: 0,
  };
}

function endOf({ run, title }: Step): string {
  const seconds = Math.round((Date.parse(run.endTimeUtc ?? "") - Date.parse(run.startTimeUtc ?? "")) / 1000);
  const time = !isReused(run) && Number.isFinite(seconds) ? ` after ${seconds} s` : "";
  const best = bestTrialName(run);
  return `Step ${title}: ${isReused(run) ? "reused" : run.status}${time}.${best ? ` Best trial: ${best}.` : ""}`;
}
