// State that runs of a pipeline share: which run is at work, and properties that earlier runs have kept.
// Tests: test/tasks/watch.test.ts
import { BuildApi } from "azure-devops-node-api/BuildApi.js";
import { BearerCredentialHandler } from "azure-devops-node-api/handlers/bearertoken.js";
import { type Build, BuildStatus } from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { type Clock, systemClock } from "../poll.ts";
import { again, say, unreadableAnswer } from "./asking.ts";
import { type AzureDevOpsSettings, namedAs, requestHandlers, requestOptions } from "./azure-devops.ts";
import { onlyAnswers } from "./devops-answers.ts";
import { acquireJobLock, type JobLock, type JobOfRun } from "./job-lock.ts";

/** The run that a task belongs to, and how it speaks to Azure DevOps. */
export interface RunAccess {
  readonly settings: AzureDevOpsSettings;
  readonly project: string;
  /** System.DefinitionId. */
  readonly definitionId: number;
  /** Build.BuildId. */
  readonly runId: number;
  readonly attempt: number;
  /** The job that this is, of those of the run. */
  readonly job: JobOfRun;
}

/** A run of the same pipeline that has not ended. */
export interface BusyRun {
  readonly id: number;
  /** Milliseconds by which it was queued before this run; negative for a newer one. */
  readonly ahead: number;
}

const VIEW = "View builds on this pipeline";

/** @throws TaskError where the answer is no run */
function queuedIn(build: Build | null, run: number): Date {
  const { queueTime } = build ?? {};
  if (queueTime instanceof Date && !Number.isNaN(queueTime.getTime())) return queueTime;
  throw unreadableAnswer(`read run ${run}`);
}

/** Earlier runs whose memory is read; runs that left their work to others kept none. Of the first a few alone, of the others many at once. */
const EARLIER_RUNS = 500;
const AT_ONCE = [1, 1, 1, 2, 5] as const;
const AT_ONCE_LATER = 10;

export class RunMemory {
  readonly #access: RunAccess;
  readonly #build: BuildApi;
  protected readonly clock: Clock;
  #queued: Date | undefined;

  constructor(access: RunAccess) {
    this.#access = access;
    this.clock = access.settings.clock ?? systemClock;
    const { settings } = access;
    const { collectionUri } = settings;
    const handlers = requestHandlers(settings, BearerCredentialHandler);
    this.#build = onlyAnswers(
      new BuildApi(collectionUri, handlers, requestOptions(settings), namedAs("Build", settings)),
    );
  }

  /**
   * The run of this pipeline that has to end first: ids grow in the order of queuing, and only the unfinished run with the
   * lowest id may work. A run that is tried again may be older than one that works already: it waits for any other run.
   */
  async busyRun(): Promise<BusyRun | undefined> {
    const { definitionId, runId, attempt } = this.#access;
    const [running, waiting, ending] = await Promise.all(
      [BuildStatus.InProgress, BuildStatus.NotStarted, BuildStatus.Cancelling].map((status) =>
        this.runs(definitionId, { status }),
      ),
    );
    const unfinished = [...(running ?? []), ...(waiting ?? []), ...(ending ?? [])];
    this.#queued = unfinished.find(({ id }) => id === runId)?.queueTime;
    const inTheWay = unfinished.filter(({ id = 0 }) => id !== runId && (id < runId || attempt > 1));
    const [first] = inTheWay.sort((one, other) => (one.id ?? 0) - (other.id ?? 0));
    if (first === undefined) return undefined;
    const id = first.id ?? 0;
    return { id, ahead: (await this.queuedAt()).getTime() - queuedIn(first, id).getTime() };
  }

  /**
   * Mutual exclusion: of the jobs of this run that want the same work, one does it.
   * @returns what `work` did, or the job that is at it
   */
  async inTurn<T>(
    name: string,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<{ readonly value: T } | { readonly job: string }> {
    const turn = await this.#acquireJobLock(name, signal);
    if (turn.kind === "theirs") return { job: turn.job };
    try {
      return { value: await work() };
    } finally {
      // A claim that stays counts until the next attempt of this job; the work itself is remembered elsewhere.
      await turn.release().catch(() => undefined);
    }
  }

  #acquireJobLock(name: string, signal: AbortSignal): Promise<JobLock> {
    const board = {
      read: () => this.#properties(this.#access.runId),
      write: (key: string, text: string) => this.remember(key, text),
    };
    return acquireJobLock(board, `Turn.${name}`, this.#access.job, { clock: this.clock, signal });
  }

  /** Runs of this pipeline, this one too, newest first: what each keeps under `name` or `name.…`, names in lower case. */
  async *kept(name: string): AsyncGenerator<{ run: number; queuedAt: number; texts: Record<string, string> }> {
    const runs = await this.runs(this.#access.definitionId, { top: EARLIER_RUNS });
    const wanted = name.toLowerCase();
    const newest = runs.sort((one, other) => (other.id ?? 0) - (one.id ?? 0));
    for (let next = 0, turn = 0; next < newest.length; turn++) {
      const some = newest.slice(next, next + (AT_ONCE[turn] ?? AT_ONCE_LATER));
      next += some.length;
      const properties = await Promise.all(some.map(({ id = 0 }) => this.#properties(id)));
      for (const [index, build] of some.entries()) {
        const run = build.id ?? 0;
        const held = Object.entries(properties[index] ?? {}).flatMap(([key, text]) => {
          const lower = key.toLowerCase();
          return text !== "" && (lower === wanted || lower.startsWith(`${wanted}.`)) ? [[lower, text] as const] : [];
        });
        if (held.length > 0) yield { run, queuedAt: queuedIn(build, run).getTime(), texts: Object.fromEntries(held) };
      }
    }
  }

  /** This run's id. */
  get runId(): number {
    return this.#access.runId;
  }

  /**
   * When this run was queued, by the clock of Azure DevOps: all that it starts is dated by that clock, and later. The
   * agent's own clock may be hours off. Read anew only where `busyRun` did not find the run in its list.
   */
  async queuedAt(): Promise<Date> {
    const { project, runId } = this.#access;
    const read = async () => queuedIn(await this.#build.getBuild(project, runId), runId);
    this.#queued ??= await again(this.clock, () => say(`read run ${runId}`, VIEW, read));
    return this.#queued;
  }

  /** Texts that a run keeps. */
  async #properties(run: number, names?: string[]): Promise<Record<string, string>> {
    const doing = `read the properties of run ${run}`;
    const answer: unknown = await say(doing, VIEW, () =>
      this.#build.getBuildProperties(this.#access.project, run, names),
    );
    const { value } = (answer ?? {}) as { value?: unknown };
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw unreadableAnswer(doing);
    const texts = Object.entries(value as Record<string, { $value?: unknown } | undefined>).flatMap(([name, held]) =>
      typeof held?.$value === "string" ? [[name, held.$value] as const] : [],
    );
    return Object.fromEntries(texts);
  }

  /** Remembers a text as a property of this run. */
  async remember(name: string, value: string): Promise<void> {
    const { project, runId } = this.#access;
    const change = [{ op: "add", path: `/${name}`, value }];
    const doing = `keep a property of run ${runId}`;
    // The same text under the same name again does no harm.
    const answer = await again(this.clock, () =>
      say(doing, "Update build information on this pipeline", () =>
        this.#build.updateBuildProperties({}, change as never, project, runId),
      ),
    );
    if (answer === null || answer === undefined) throw unreadableAnswer(doing);
  }

  /** Runs of a pipeline, newest first where `top` is given. */
  protected async runs(
    definition: number,
    o: { readonly status?: BuildStatus; readonly top?: number; readonly branch?: string | undefined },
  ): Promise<Build[]> {
    const none = undefined;
    const doing = `list runs of pipeline ${definition}`;
    const builds: unknown = await say(doing, VIEW, () =>
      this.#build.getBuilds(
        this.#access.project,
        [definition],
        ...([none, none, none, none, none, none] as const),
        ...([o.status, none, none, none, o.top ?? 200] as const),
        ...([none, none, none, none, o.branch] as const),
      ),
    );
    if (!Array.isArray(builds)) throw unreadableAnswer(doing);
    return [...(builds as Build[])];
  }
}
