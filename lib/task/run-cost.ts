// The cost of all jobs of a pipeline run: this step's own, and those that earlier steps of the run left in their records. It only informs:
// where a record cannot be read the sum is missing, and nothing fails.
// Tests: test/bundle/costs.test.ts
import { amountOf, RECORD_TYPE, type RunRecord, readRecord } from "../record/index.ts";
import type { StoryContext } from "./task.ts";

type Job = NonNullable<RunRecord["job"]>;

/** Milliseconds until all of it must have been read. */
const PATIENCE = 30_000;
/** The task that submits jobs, of this extension or of a variant of it. */
const SUBMITS = /^AzureMLSubmitJob[A-Za-z]{0,20}$/;

/** States of a job that has ended (docs/facts/azureml-services.md). */
const ENDED = /^(completed|failed|canceled|notresponding)$/i;

/**
 * The sum of the run for a job's cost. Requests: three to Azure DevOps, and one for each step that submitted a job before; sent once the job
 * has ended, beside what else is read of its end.
 */
export function costOfRun({ run, log, signal }: Pick<StoryContext<never, never>, "run" | "log" | "signal">) {
  let others: Promise<readonly Job[]> | undefined;
  const begin = () => {
    others ??= readOthers(run, signal);
    others.catch(() => {});
    return others;
  };
  return {
    /** Told of each state of the job. */
    look(status: string): void {
      if (ENDED.test(status)) begin();
    },
    /** @returns the job as it was where it has no cost, or where this is no run of a pipeline */
    async addTo(job: Job): Promise<Job> {
      const { cost } = job;
      if (cost?.nodeHours === undefined || run.records()?.kind !== "build") return job;
      try {
        const sum = sumOf([...(await begin()), job]);
        if (sum.jobs > 1) {
          const money = sum.amount === undefined ? "" : `, ${amountOf(sum.amount)} ${sum.currency}`;
          log.info(`The ${sum.jobs} jobs of this run: ${amountOf(sum.nodeHours)} node-hours${money} (${cost.label}).`);
        }
        return { ...job, cost: { ...cost, run: sum } };
      } catch (error) {
        if (signal.aborted) throw error;
        const why = error instanceof Error ? error.message : String(error);
        log.debug(`The cost of the whole run could not be read: ${why}`);
        return job;
      }
    },
  };
}

/** Jobs of the run's other steps, as far as they left records. */
async function readOthers(run: StoryContext<never, never>["run"], signal: AbortSignal): Promise<readonly Job[]> {
  const access = run.records();
  if (access?.kind !== "build") return [];
  const { RunRecords } = await import("../agent/run-records.ts");
  const records = new RunRecords(access);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  // The post-job stage of a step is in the timeline under the same task, and never leaves a record: nothing is waited for.
  const wanted = { type: RECORD_TYPE, task: SUBMITS, waits: false } as const;
  const read = records.own && (await records.read(records.own, wanted, limit));
  return (read?.attachments ?? []).flatMap(({ content }) => readRecord(content).record?.job ?? []);
}

/** Each job once: a rerun of a step joins the job of the attempt before. Amounts in another currency are not added. */
function sumOf(jobs: readonly Job[]): NonNullable<NonNullable<Job["cost"]>["run"]> {
  const costs = [...new Map(jobs.map((one) => [one.name, one.cost])).values()].filter((cost) => cost !== undefined);
  const currency = costs.find(({ amount }) => amount !== undefined)?.currency;
  const priced = costs.filter((cost) => cost.amount !== undefined && cost.currency === currency);
  const sum = (values: readonly (number | undefined)[]) => values.reduce<number>((all, one = 0) => all + one, 0);
  return {
    jobs: costs.length,
    nodeHours: sum(costs.map(({ nodeHours }) => nodeHours)),
    ...(currency === undefined ? {} : { amount: sum(priced.map(({ amount }) => amount)), currency }),
  };
}
