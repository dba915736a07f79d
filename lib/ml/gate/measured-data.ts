// The data that a judged job and its champion were measured on: of the runs whose metrics a rule compares, or of the step that is named.
// Tests: test/bundle/same-data.test.ts
import { TaskError } from "../../errors.ts";
import type { FoundMetrics } from "../jobs/found-metrics.ts";
import { RunTree } from "../jobs/run-tree.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { dataReadBy } from "./read-data.ts";
import { compareData, type SameData, verdictOf } from "./same-data.ts";

/** A job, the workspace that has it, and its metrics. */
export interface MeasuredJob {
  readonly workspace: Workspace;
  readonly jobName: string;
  readonly found: FoundMetrics;
}

/** `test` of any run, `evaluate.test` of the step evaluate. */
interface WantedInput {
  readonly step?: string;
  readonly input: string;
}

/** The input measuredOn: names, separated by commas or lines. @throws TaskError `input` for a name that is none */
export function parseMeasuredOn(text: string | undefined): WantedInput[] {
  return (text ?? "")
    .split(/[,\n]/)
    .map((one) => one.trim())
    .filter((one) => one !== "")
    .map((one) => {
      const [, step, input = ""] = /^(?:([^.]+(?:\/[^.]+)*)\.)?([\w-]+)$/.exec(one) ?? [];
      if (input === "")
        throw new TaskError("input", `The input measuredOn has "${one}", which names no input of a job.`, {
          errorCode: "AML1510",
          hint: "Write test, or evaluate.test for the input test of the step evaluate.",
        });
      return { input, ...(step === undefined ? {} : { step }) };
    });
}

/**
 * Whether a job and its champion were measured on the same data. One round trip where both read versions; up to five where files have to be
 * listed or a step's inputs looked up.
 * @param metrics the metrics that rules compare
 */
export async function measuredOnSame(
  job: MeasuredJob,
  champion: MeasuredJob,
  metrics: ReadonlySet<string>,
  wanted: readonly WantedInput[],
): Promise<SameData> {
  const steps = new Set(wanted.map(({ step }) => step));
  const compared = await Promise.all(
    [...(steps.size === 0 ? [undefined] : steps)].flatMap(async (step) => {
      const only = wanted.filter((one) => one.step === step).map(({ input }) => input);
      const pairs = step === undefined ? runsOf(job, champion, metrics) : await runsOfStep(job, champion, step);
      if (typeof pairs === "string") return [{ verdict: "unknown" as const, why: pairs, inputs: [] }];
      return Promise.all(
        pairs.map(async ([own, theirs]) => {
          const [mine, others] = await Promise.all([
            dataReadBy(job.workspace, own),
            dataReadBy(champion.workspace, theirs),
          ]);
          return compareData({ ...job, data: mine }, { ...champion, data: others }, only);
        }),
      );
    }),
  );
  const all = compared.flat();
  const [first] = all;
  if (first !== undefined && all.length === 1) return first;
  const missing = all.find(({ inputs, verdict }) => inputs.length === 0 && verdict === "unknown");
  const inputs = all.flatMap((one) => one.inputs);
  const { verdict, why } = verdictOf(inputs);
  return missing !== undefined && verdict !== "different" ? { ...missing, inputs } : { verdict, why, inputs };
}

/** The pairs of runs whose metrics of one name are compared; where a rule compares other names, the jobs themselves. */
function runsOf(job: MeasuredJob, champion: MeasuredJob, metrics: ReadonlySet<string>): [string, string][] {
  const runOf = ({ found, jobName }: MeasuredJob, metric: string) => found.runs.get(metric)?.runId ?? jobName;
  const shared = [...metrics].filter(
    (metric) => Object.hasOwn(job.found.metrics, metric) && Object.hasOwn(champion.found.metrics, metric),
  );
  const pairs = shared.map((metric): [string, string] => [runOf(job, metric), runOf(champion, metric)]);
  const distinct = new Map(pairs.map((pair) => [pair.join(" "), pair]));
  return distinct.size === 0 ? [[job.jobName, champion.jobName]] : [...distinct.values()];
}

/** @returns the sentence why there is no such pair, where the champion's job has no such step */
async function runsOfStep(job: MeasuredJob, champion: MeasuredJob, step: string): Promise<[[string, string]] | string> {
  const find = async ({ workspace, jobName }: MeasuredJob) => {
    const tree = new RunTree(workspace);
    const root = (await tree.run(jobName))?.rootRunId || jobName;
    const node = await tree.find({ run: { runId: root }, path: "" }, step);
    return typeof node === "string"
      ? node.replace("The input metricsFrom is", "The input measuredOn names the step")
      : node;
  };
  const [own, theirs] = await Promise.all([find(job), find(champion)]);
  if (typeof own === "string")
    throw new TaskError("input", own, { errorCode: "AML1510", hint: "Name a step of the job." });
  if (typeof theirs === "string") return `Whether both were measured on the same data is not known. ${theirs}`;
  return [[own.run.runId, theirs.run.runId]];
}
