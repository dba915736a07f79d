// Judgements of EvaluateMetrics, read from the records that it left on pipeline runs: in a file of its own, so that only tasks that ask
// for them carry the client, which loads once a judgement is asked for.
// Tests: test/bundle/evidence.test.ts
import type { ReadRun, RecordsAccess, RunRecords, RunReference } from "../agent/run-records.ts";
import { TaskError } from "../errors.ts";
import { RECORD_TYPE, readRecord } from "../record/index.ts";
import type { StoryRun } from "./task.ts";

/** A judgement: what a step of a run reported about a job. */
interface Judgement {
  readonly jobName: string;
  /** When the service made the job; absent where the record does not say. */
  readonly jobCreated?: string | undefined;
  readonly workspace: { readonly name: string; readonly resourceGroup?: string; readonly subscriptionId?: string };
  readonly passed: boolean;
  /** Name of the pipeline and page of the run, as Azure DevOps says them. */
  readonly pipeline: string;
  readonly runUri: string;
  /** When the step ended, ISO 8601. */
  readonly time: string;
}

export interface Heard {
  /** The newest last. */
  readonly judgements: readonly Judgement[];
  /** Records that could not be read, as sentences. */
  readonly unread: readonly string[];
}

/** A promotion: what a step of a run made, and the evidence that it had proven. */
interface Promotion {
  readonly target: string;
  readonly contentHash: string;
  readonly evidence: Readonly<Record<string, string>>;
  readonly metrics?: Readonly<Record<string, number>> | undefined;
}

/** The tasks that judge and promote, of this extension or of a variant of it. */
const JUDGES = /^AzureMLEvaluateMetrics[A-Za-z]{0,20}$/;
const PROMOTES = /^AzureMLPromoteModel[A-Za-z]{0,20}$/;

export class Judgements {
  readonly #access: RecordsAccess | undefined;
  readonly #signal: AbortSignal;
  #records: RunRecords | undefined;
  readonly #read = new Map<string, Promise<Heard>>();
  #here: Promise<Heard> | undefined;

  constructor(access: RecordsAccess | undefined, signal: AbortSignal) {
    this.#access = access;
    this.#signal = signal;
  }

  async #open(): Promise<RunRecords | undefined> {
    if (!this.#access) return undefined;
    const { RunRecords } = await import("../agent/run-records.ts");
    this.#records ??= new RunRecords(this.#access);
    return this.#records;
  }

  /** Judgements of this run and of its pipeline resources, or of the builds that a release has as artifacts. They are read once. */
  here(): Promise<Heard> {
    this.#here ??= this.#readHere();
    return this.#here;
  }

  async #readHere(): Promise<Heard> {
    const records = await this.#open();
    if (!records) return { judgements: [], unread: [] };
    const own = records.own === undefined ? [] : [this.#of(records.own)];
    const heard = await Promise.all([...own, this.#upstream(records)]);
    const judgements = heard.flatMap((one) => one.judgements);
    judgements.sort((one, other) => Date.parse(one.time || "0") - Date.parse(other.time || "0"));
    return { judgements, unread: heard.flatMap(({ unread }) => unread) };
  }

  /**
   * Judgements of green runs of this pipeline on a branch, the newest run first; undefined where this is no run of a pipeline. One round trip, and
   * four for each run until `isEnough`.
   * @throws TaskError where the runs cannot be listed
   */
  async ofGreenRuns(branch: string, most: number, isEnough: (heard: Heard) => boolean): Promise<Heard[] | undefined> {
    const records = await this.#open();
    if (records?.own === undefined) return undefined;
    const heard: Heard[] = [];
    for (const run of await records.greenRuns(branch, most)) {
      const one = await this.#of(run);
      heard.push(one);
      if (isEnough(one)) break;
    }
    return heard;
  }

  /** Judgements of the run with this page. */
  async ofRun(uri: string): Promise<Heard> {
    const records = await this.#open();
    const run = records?.runAt(uri);
    if (run) return this.#of(run);
    return records ? { judgements: [], unread: [] } : { judgements: [], unread: ["This is no run of a pipeline."] };
  }

  /** The approver of this stage of a classic release; undefined where Azure DevOps does not say it. It only informs people. */
  async approvedBy(stage: string): Promise<string | undefined> {
    try {
      return (await (await this.#open())?.approvers(stage))?.join(", ") || undefined;
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      return undefined;
    }
  }

  /** Promotions of the run with this page. */
  async promotionsOf(uri: string): Promise<{ promotions: readonly Promotion[]; unread: readonly string[] }> {
    const records = await this.#open();
    const run = records?.runAt(uri);
    if (!records || !run) return { promotions: [], unread: records ? [] : ["This is no run of a pipeline."] };
    try {
      const read = await records.read(run, { type: RECORD_TYPE, task: PROMOTES }, this.#signal);
      return { promotions: (read?.attachments ?? []).flatMap(({ content }) => promotionIn(content)), unread: [] };
    } catch (error) {
      if (this.#signal.aborted) throw error;
      return { promotions: [], unread: unreadable(error).unread };
    }
  }

  async #upstream(records: RunRecords): Promise<Heard> {
    try {
      const heard = await Promise.all((await records.upstream()).map((run) => this.#of(run)));
      return {
        judgements: heard.flatMap(({ judgements }) => judgements),
        unread: heard.flatMap(({ unread }) => unread),
      };
    } catch (error) {
      return unreadable(error);
    }
  }

  #of(run: RunReference): Promise<Heard> {
    const key = `${run.project}/${run.id}`;
    const known = this.#read.get(key) ?? this.#readRun(run);
    this.#read.set(key, known);
    return known;
  }

  async #readRun(run: RunReference): Promise<Heard> {
    try {
      const read = await (await this.#open())?.read(run, { type: RECORD_TYPE, task: JUDGES }, this.#signal);
      return read ? judgementsIn(read) : { judgements: [], unread: [] };
    } catch (error) {
      if (this.#signal.aborted) throw error;
      return unreadable(error);
    }
  }
}

/**
 * @param isEarly reads those of this run and its resources at once: the signature of a proof that says them waits for them
 * @throws nothing: what cannot be read is said in the answer
 */
export function openJudgements(
  run: Pick<StoryRun<never>, "records">,
  signal: AbortSignal,
  isEarly = false,
): Judgements {
  const judgements = new Judgements(run.records(), signal);
  // Who asks for them gets the failure.
  if (isEarly) judgements.here().catch(() => {});
  return judgements;
}

function judgementsIn({ pipeline, uri, attachments, missing }: ReadRun): Heard {
  const unread = missing.map(
    (step) => `The record of the step "${step}" did not arrive, or was not written by this extension.`,
  );
  const judgements = attachments.flatMap(({ step, content, finished }): Judgement[] => {
    const { record, fault } = readRecord(content);
    if (fault !== undefined) unread.push(`The record of the step "${step}" cannot be read. ${fault}`);
    const { task, gate, workspace } = record ?? {};
    if (!gate || !workspace || gate.jobName === undefined || gate.isPlan || !JUDGES.test(task?.name ?? "")) return [];
    const { passed, jobName, jobCreated } = gate;
    return [{ jobName, jobCreated, workspace, passed, pipeline, runUri: uri, time: finished }];
  });
  return { judgements, unread };
}

function promotionIn(content: string): Promotion[] {
  const { task, promotion, result } = readRecord(content).record ?? {};
  if (!promotion || result === "failed" || result === "canceled" || !PROMOTES.test(task?.name ?? "")) return [];
  const { target, contentHash, evidence = {}, metrics } = promotion;
  return [{ target, contentHash, evidence, metrics }];
}

function unreadable(error: unknown): Heard {
  if (!(error instanceof TaskError)) throw error;
  return { judgements: [], unread: [error.message] };
}
