// Attachments of steps of pipeline runs, read through the run's API. It is a file of its own so that only tasks that read them carry the
// client. Routes and scopes: docs/facts/evidence.md#D.1, #D.4 (`vso.build`, which a job's token has for its own project).
// Tests: test/bundle/evidence.test.ts, test/bundle/release-evidence.test.ts
import { BuildApi } from "azure-devops-node-api/BuildApi.js";
import { BearerCredentialHandler } from "azure-devops-node-api/handlers/bearertoken.js";
import {
  BuildQueryOrder,
  BuildResult,
  BuildStatus,
  TaskResult,
  type TimelineRecord,
  TimelineRecordState,
} from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { ApprovalStatus, type ReleaseEnvironment } from "azure-devops-node-api/interfaces/ReleaseInterfaces.js";
import { PipelinesApi } from "azure-devops-node-api/PipelinesApi.js";
import { ReleaseApi } from "azure-devops-node-api/ReleaseApi.js";
import { TaskError } from "../errors.ts";
import { poll } from "../poll.ts";
import { type AzureDevOpsSettings, namedAs, requestHandlers, requestOptions } from "./azure-devops.ts";
import { releaseServiceOf } from "./collection.ts";

/** The run or release that a step belongs to, and how it speaks to Azure DevOps. */
export interface RecordsAccess {
  readonly settings: AzureDevOpsSettings;
  readonly project: string;
  readonly kind: "build" | "release";
  /** Build.BuildId, or Release.ReleaseId. */
  readonly runId: number;
  /** System.DefinitionId. */
  readonly definitionId: number;
  /** System.TaskInstanceId: the step's own record in the timeline. */
  readonly stepId: string;
}

/** A run of a pipeline, in a project by its name or id. */
export interface RunReference {
  readonly project: string;
  readonly id: number;
}

/** The search: attachments of this type, of steps that run such a task. */
export interface Wanted {
  readonly type: string;
  readonly task: RegExp;
  /** False: attachments of this run's own earlier steps that have not arrived are not waited for. */
  readonly waits?: false;
  /** Milliseconds that they are waited for; a minute where absent. */
  readonly patience?: number;
  /** Steps that were canceled or abandoned are missing, too, where they left nothing; that is not waited for. */
  readonly withCanceled?: true;
  /** Steps of this name are passed over. */
  readonly without?: RegExp;
}

/** A step of a run, and where it stands among the others. */
export interface StepPlace {
  readonly step: string;
  /** Name of its task; empty where the timeline does not say. */
  readonly task: string;
  /** Id of its job's record. */
  readonly job: string | undefined;
  /** Its place among the steps of its job. */
  readonly order: number | undefined;
  /** When it ended, milliseconds since 1970; undefined where the timeline does not say. */
  readonly ended: number | undefined;
}

interface StepAttachment {
  readonly step: string;
  readonly place: StepPlace;
  /** When the step ended, ISO 8601; empty where the timeline does not say. */
  readonly finished: string;
  readonly content: string;
}

export interface ReadRun {
  /** Name of the pipeline. */
  readonly pipeline: string;
  /** Page of the run. */
  readonly uri: string;
  /** In the order in which their steps ended. */
  readonly attachments: readonly StepAttachment[];
  /** Names of wanted steps that have ended and whose attachment did not arrive, or is longer than any of ours. */
  readonly missing: readonly string[];
  /** The wanted steps whose names are missing. */
  readonly lost: readonly StepPlace[];
  /** Wanted steps that were skipped, which leave nothing. */
  readonly skipped: readonly StepPlace[];
  /** Names of steps, of whatever task, that failed and have no such attachment. */
  readonly failed: readonly string[];
  /** Names of the wanted steps of other jobs that have not ended. */
  readonly running: readonly string[];
}

interface FoundStep {
  readonly record: TimelineRecord;
  readonly attachment: Attached;
}

/** Attachments that are read side by side. */
const AT_ONCE = 8;
/** Longer than any record of ours, in bytes. */
const LONGEST = 1_000_000;
const MOST = 200;
/** How long an attachment is waited for: the agent sends them from a queue, after the step has ended (docs/facts/extension.md#2.9). */
const PATIENCE = 60_000;

export class RunRecords {
  readonly #access: RecordsAccess;
  readonly #build: BuildApi;
  readonly #pipelines: PipelinesApi;
  readonly #releases: ReleaseApi;

  constructor(access: RecordsAccess) {
    this.#access = access;
    const { settings } = access;
    const { collectionUri } = settings;
    const handlers = requestHandlers(settings, BearerCredentialHandler);
    const options = requestOptions(settings);
    this.#build = new BuildApi(collectionUri, handlers, options, namedAs("Build", settings));
    this.#pipelines = new PipelinesApi(collectionUri, handlers, options, namedAs("Pipelines", settings));
    this.#releases = new ReleaseApi(releaseServiceOf(collectionUri), handlers, options, namedAs("Release", settings));
  }

  /** This run; undefined in a classic release, whose own steps are not read. */
  get own(): RunReference | undefined {
    const { kind, project, runId } = this.#access;
    return kind === "build" ? { project, id: runId } : undefined;
  }

  /** Runs that stand for the pipeline resources of this run, or builds that this release has as artifacts. */
  async upstream(): Promise<RunReference[]> {
    const { kind, project, runId, definitionId } = this.#access;
    if (kind === "release") {
      const release = await say(`read release ${runId}`, () => this.#releases.getRelease(project, runId));
      return (release?.artifacts ?? []).flatMap(({ type, definitionReference = {} }) => {
        const id = Number(definitionReference["version"]?.id);
        if (type?.toLowerCase() !== "build" || !Number.isInteger(id)) return [];
        return [{ project: definitionReference["project"]?.id ?? project, id }];
      });
    }
    const run = await say(`read run ${runId}`, () => this.#pipelines.getRun(project, definitionId, runId));
    const found: RunReference[] = [];
    for (const { pipeline, version } of Object.values(run?.resources?.pipelines ?? {})) {
      if (pipeline?.id === undefined || !version) continue;
      const of = projectOf(pipeline.url) ?? project;
      const none = undefined;
      const builds = await say(`look for run ${version} of pipeline ${pipeline.id}`, () =>
        this.#build.getBuilds(of, [pipeline.id as number], none, version),
      );
      // A build number that several runs have is ambiguous and selects none of them.
      const fitting = (builds ?? []).filter(({ buildNumber, id }) => buildNumber === version && id !== undefined);
      if (fitting.length === 1) found.push({ project: of, id: fitting[0]?.id ?? 0 });
    }
    return found;
  }

  /**
   * The newest runs of this pipeline on a branch that have succeeded, the newest first; none in a classic release. One round trip. Runs that succeeded
   * with issues are none of them.
   * @param branch `main`, without refs/heads/
   */
  async greenRuns(branch: string, top: number): Promise<RunReference[]> {
    const { kind, project, definitionId, runId } = this.#access;
    if (kind === "release") return [];
    const none = undefined;
    const builds = await say(`look for runs of the branch ${branch}`, () =>
      this.#build.getBuilds(
        project,
        [definitionId],
        ...([none, none, none, none, none, none] as const),
        BuildStatus.Completed,
        BuildResult.Succeeded,
        ...([none, none] as const),
        top + 1,
        ...([none, none, none] as const),
        BuildQueryOrder.FinishTimeDescending,
        `refs/heads/${branch}`,
      ),
    );
    if (!Array.isArray(builds)) throw unreadableAnswer(`look for runs of the branch ${branch}`);
    // Whatever the service made of the filters.
    const green = builds.filter(
      ({ id, result, sourceBranch, definition }) =>
        id !== undefined &&
        id !== runId &&
        result === BuildResult.Succeeded &&
        sourceBranch === `refs/heads/${branch}` &&
        definition?.id === definitionId,
    );
    return green.slice(0, top).map(({ id }) => ({ project, id: id ?? 0 }));
  }

  /**
   * The people who approved the deployment to an environment of this release before it began, by their names (published type ReleaseApproval). None in
   * a run of a pipeline, whose decisions are read by lib/agent/decisions.ts.
   */
  async approvers(environment: string): Promise<string[]> {
    const { kind, project, runId } = this.#access;
    if (kind !== "release") return [];
    const release = await say(`read release ${runId}`, () => this.#releases.getRelease(project, runId));
    const own = (release?.environments ?? []).find(({ name }) => name === environment);
    const approved = (own?.preDeployApprovals ?? []).filter(
      ({ status, isAutomated, attempt }) =>
        status === ApprovalStatus.Approved && isAutomated !== true && (attempt ?? 1) === latestAttempt(own),
    );
    return [...new Set(approved.flatMap(({ approvedBy }) => approvedBy?.displayName ?? []))];
  }

  /** The run that an address of its page names; undefined where it is no run of this organization. */
  runAt(uri: string): RunReference | undefined {
    const { collectionUri } = this.#access.settings;
    if (!URL.canParse(uri)) return undefined;
    const url = new URL(uri);
    const collection = new URL(collectionUri.endsWith("/") ? collectionUri : `${collectionUri}/`);
    if (url.origin !== collection.origin || !url.pathname.startsWith(collection.pathname)) return undefined;
    const [project, ...rest] = url.pathname.slice(collection.pathname.length).split("/");
    const id = url.searchParams.get("buildId") ?? "";
    if (!project || rest.join("/") !== "_build/results" || !/^\d{1,15}$/.test(id)) return undefined;
    // The browser's own reading of the address leaves no `.` and `..`; a name that is written in code is not looked at further.
    return /%2f|%5c/i.test(project) ? undefined : { project: decodeURIComponent(project), id: Number(id) };
  }

  /**
   * Attachments of the steps of a run. That a step runs such a task is the timeline's own word: what a script prints is attached
   * to the script's step, and does not count. Attachments of this run's own earlier steps are waited for.
   * @returns undefined where there is no such run
   */
  async read(run: RunReference, wanted: Wanted, signal: AbortSignal): Promise<ReadRun | undefined> {
    const build = await say(`read run ${run.id}`, () => this.#build.getBuild(run.project, run.id));
    if (build?.id !== run.id) return this.#notThere(run);
    const { steps, lost, skipped, failed, running } = await this.#steps(run, wanted, signal);
    const attachments: StepAttachment[] = [];
    const readOne = async ({ record, attachment }: FoundStep) => {
      const { timelineId, recordId, name } = attachment;
      const stream = await say(`read what the step ${record.name} of run ${run.id} left`, () =>
        this.#build.getAttachment(run.project, run.id, timelineId, recordId, wanted.type, name),
      );
      const content = await textOf(stream);
      if (content === undefined) {
        // Longer than any of ours: what it says of the job is not known, and a failed judgement may be in it.
        lost.push(placeOfStep(record));
        return;
      }
      const finished = record.finishTime ?? record.startTime;
      const place = placeOfStep(record);
      attachments.push({ step: place.step, place, finished: finished?.toISOString() ?? "", content });
    };
    for (let from = 0; from < steps.length; from += AT_ONCE)
      await Promise.all(steps.slice(from, from + AT_ONCE).map(readOne));
    attachments.sort((one, other) => Date.parse(one.finished || "0") - Date.parse(other.finished || "0"));
    const { collectionUri } = this.#access.settings;
    const project = build.project?.name ?? run.project;
    const uri = `${collectionUri}${encodeURIComponent(project)}/_build/results?buildId=${run.id}`;
    return {
      pipeline: build.definition?.name ?? "",
      uri,
      attachments,
      missing: lost.map(({ step }) => step),
      lost,
      skipped,
      failed,
      running,
    };
  }

  /** The client says the same of an answer without content as of a 404: the list has to agree. */
  async #notThere({ project, id }: RunReference): Promise<undefined> {
    const doing = `read run ${id}`;
    const none = undefined;
    const listed = await say(doing, () =>
      this.#build.getBuilds(
        project,
        ...([none, none, none, none, none, none, none, none, none, none, none, none, none] as const),
        ...([none, none, none, none] as const),
        [id],
      ),
    );
    if (Array.isArray(listed) && listed.length === 0) return undefined;
    throw unreadableAnswer(doing);
  }

  async #steps(run: RunReference, wanted: Wanted, signal: AbortSignal) {
    const { type, task, waits, patience = PATIENCE, withCanceled, without } = wanted;
    let found: FoundStep[] = [];
    let missing: TimelineRecord[] = [];
    let skipped: TimelineRecord[] = [];
    let failed: string[] = [];
    let running: string[] = [];
    let ended: TimelineRecord[] = [];
    const isOwn = run.id === this.#access.runId && this.#access.kind === "build";
    const look = async () => {
      const [timeline, attached] = await Promise.all([
        say(`read the timeline of run ${run.id}`, () => this.#build.getBuildTimeline(run.project, run.id)),
        say(`list what steps of run ${run.id} left`, () => this.#build.getAttachments(run.project, run.id, type)),
      ]);
      if (!Array.isArray(timeline?.records) || !Array.isArray(attached))
        throw unreadableAnswer(`read the timeline of run ${run.id}`);
      const { records } = timeline;
      const own = isOwn ? records.find(({ id }) => sameId(id, this.#access.stepId)) : undefined;
      const steps = records.filter(
        (one) =>
          one.type === "Task" && task.test(one.task?.name ?? "") && one !== own && !without?.test(one.name ?? ""),
      );
      const places = attached.flatMap((one) => placeOf(one) ?? []).slice(0, MOST);
      found = steps.flatMap((record) =>
        places.flatMap((attachment) => (sameId(record.id, attachment.recordId) ? [{ record, attachment }] : [])),
      );
      const arrived = new Set(found.map(({ record }) => record));
      const leftNothing = (isMissing: (one: TimelineRecord) => boolean) =>
        steps.filter((one) => !arrived.has(one) && isMissing(one));
      missing = leftNothing((one) => leavesRecord(one) || (own !== undefined && isBefore(one, own)));
      ended = withCanceled ? leftNothing(wasEnded) : [];
      skipped = leftNothing(wasSkipped);
      const failures = records.filter((one) => one.type === "Task" && hasFailed(one) && !arrived.has(one));
      failed = failures.filter((one) => !steps.includes(one)).map(({ name = "" }) => name);
      const isElsewhere = (one: TimelineRecord) => own === undefined || one.parentId !== own.parentId;
      running = leftNothing((one) => one.state === TimelineRecordState.InProgress && isElsewhere(one)).map(
        ({ name = "" }) => name,
      );
      return missing.length === 0 || !isOwn || waits === false
        ? { done: true as const, value: undefined }
        : { done: false as const };
    };
    try {
      await poll(look, { what: "records of judgements", initial: 500, maximum: 5_000, deadline: patience, signal });
    } catch (error) {
      if (!(error instanceof TaskError) || error.kind !== "timeout") throw error;
    }
    return {
      ...{ steps: found, failed, running },
      lost: [...missing, ...ended].map(placeOfStep),
      skipped: skipped.map(placeOfStep),
    };
  }
}

/** The attempt of a deployment that its latest approval belongs to. */
const latestAttempt = (environment: ReleaseEnvironment | undefined): number =>
  Math.max(1, ...(environment?.preDeployApprovals ?? []).map(({ attempt }) => attempt ?? 1));

interface Attached {
  readonly timelineId: string;
  readonly recordId: string;
  readonly name: string;
}

/** The list says where an attachment lies in its address alone (docs/facts/extension.md#7.2). */
function placeOf({ name, _links }: { name?: string; _links?: { self?: { href?: string } } }): Attached | undefined {
  const guid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
  const [, timelineId, recordId] =
    new RegExp(`/(${guid})/(${guid})/attachments/`, "i").exec((_links?.self?.href ?? "").slice(0, 2_000)) ?? [];
  return name && timelineId && recordId ? { timelineId, recordId, name } : undefined;
}

const sameId = (one: string | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();

/** A step that ran to its end, with any result. */
const leavesRecord = ({ state, result }: TimelineRecord) =>
  state === TimelineRecordState.Completed &&
  (result === TaskResult.Succeeded || result === TaskResult.SucceededWithIssues || result === TaskResult.Failed);

/** A step that was ended by others: whether it had time to leave something is not known. */
const wasEnded = ({ state, result }: TimelineRecord) =>
  state === TimelineRecordState.Completed && (result === TaskResult.Canceled || result === TaskResult.Abandoned);

const wasSkipped = ({ state, result }: TimelineRecord) =>
  state === TimelineRecordState.Completed && result === TaskResult.Skipped;

const placeOfStep = ({ name, task, parentId, order, finishTime }: TimelineRecord): StepPlace => ({
  ...{ step: name ?? "", task: task?.name ?? "", job: parentId, order },
  ended: finishTime instanceof Date && !Number.isNaN(finishTime.getTime()) ? finishTime.getTime() : undefined,
});

/** The result stays so only where the job ends by it: a step with continueOnError succeeds with issues. */
const hasFailed = ({ state, result }: TimelineRecord) =>
  state === TimelineRecordState.Completed && (result === TaskResult.Failed || result === TaskResult.Abandoned);

/** An earlier step of the same job: it has ended, although the timeline may not show that yet. */
const isBefore = (one: TimelineRecord, own: TimelineRecord) =>
  one.parentId === own.parentId &&
  one.state !== TimelineRecordState.Completed &&
  (one.state === TimelineRecordState.InProgress || (one.order ?? 0) < (own.order ?? 0));

/** The project, by name or id, that an address of the pipelines API has. */
function projectOf(url: string | undefined): string | undefined {
  const [, project] = /\/([^/]+)\/_apis\/pipelines\//i.exec((url ?? "").slice(0, 2_000)) ?? [];
  return project === undefined ? undefined : decodeURIComponent(project);
}

/** The text of an attachment; undefined where it is longer than any of ours. */
async function textOf(stream: NodeJS.ReadableStream | undefined): Promise<string | undefined> {
  if (!stream) return undefined;
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of stream) {
    const bytes = Buffer.from(piece as Buffer);
    length += bytes.length;
    if (length > LONGEST) return undefined;
    pieces.push(bytes);
  }
  return Buffer.concat(pieces).toString("utf8");
}

const unreadableAnswer = (doing: string) =>
  new TaskError("service", `Azure DevOps was asked to ${doing}, and answered with something else.`, {
    errorCode: "AML1902",
  });

async function say<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TaskError) throw cause;
    const { statusCode, message } = (cause ?? {}) as { statusCode?: number; message?: string };
    const text = (message ?? String(cause)).slice(0, 300);
    const forbidden = statusCode === 401 || statusCode === 403;
    throw new TaskError(
      forbidden ? "forbidden" : "service",
      `Azure DevOps could not ${doing} (${statusCode ?? "no answer"}): ${text}`,
      { errorCode: "AML1901", ...(statusCode === undefined ? {} : { status: statusCode }), cause },
    );
  }
}
