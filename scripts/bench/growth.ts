// `npm run bench -- --growth`: what more files, steps, metrics and waiting cost, in seconds and in exchanges with Azure.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { jobService } from "../../local/azure/jobs/service.ts";
import { Bench } from "../../test/harness/bench.ts";
import { Client } from "./client.ts";
import { conditions } from "./conditions.ts";
import { alone, followSilence, followSteps } from "./following.ts";
import { succeeded } from "./pairs.ts";
import type { Growth } from "./performance.ts";

const FILES = [1, 10, 100, 1_000];
const STEPS = [1, 10, 100];
const METRICS = [1, 10, 100, 1_000];
const MINUTES = [1, 10, 60];

type Point = Growth["curves"][number]["points"][number];
const pointOf = (size: number, milliseconds: number, exchanges: number): Point => ({
  size,
  seconds: Number((milliseconds / 1000).toFixed(2)),
  exchanges,
});

/** One run of each point, after one step that is not counted. */
export async function measureGrowth(): Promise<Growth> {
  const bench = await Bench.open();
  const client = await Client.open(bench.cloud);
  try {
    await filesPoint(bench, client, 2);
    const files: Point[] = [];
    for (const count of FILES) files.push(await filesPoint(bench, client, count));
    const metrics: Point[] = [];
    for (const count of METRICS) metrics.push(await metricsPoint(bench, client, count));
    const steps: Point[] = [];
    for (const count of STEPS) {
      const { submitting, following, milliseconds } = await followSteps(bench.cloud, count);
      steps.push(pointOf(count, milliseconds, submitting + following));
    }
    const waiting: Point[] = [];
    for (const minutes of MINUTES)
      waiting.push(pointOf(minutes, minutes * 60_000, await followSilence(bench.cloud, alone, minutes)));
    return {
      ...conditions(1),
      curves: [
        { what: "RegisterData of a folder with new content", of: "files", points: files },
        {
          what: "EvaluateMetrics of a job, with a rule for each of ten metrics at most",
          of: "metrics",
          points: metrics,
        },
        {
          what: "A pipeline submitted and followed to its end, its steps run by this machine",
          of: "steps",
          points: steps,
        },
        {
          what: "The wait for a job whose log is silent, by the clock of the wait",
          of: "minutes",
          points: waiting,
        },
      ],
    };
  } finally {
    await client.close();
    await bench.close();
  }
}

async function filesPoint(bench: Bench, client: Client, count: number): Promise<Point> {
  const prepare = (sources: string) => {
    mkdirSync(path.join(sources, "many"));
    for (let n = 0; n < count; n++) writeFileSync(path.join(sources, "many", `file-${n}.txt`), `${n} of ${count}`);
  };
  const inputs = { source: "inline", name: `grows-${count}`, type: "uri_folder", path: "many" };
  const run = succeeded(await bench.run("RegisterData", inputs, { network: client.network, prepare }));
  return pointOf(count, run.milliseconds, run.exchanges.filter(client.sent).length);
}

/** A job with so many metrics, which are put where the cloud keeps them: the way through its service takes too long. */
async function metricsPoint(bench: Bench, client: Client, count: number): Promise<Point> {
  const submitted = succeeded(await bench.run("SubmitJob", { jobFile: "azureml/job.yml" }));
  const jobName = submitted.outputs["jobName"] ?? "";
  const run = jobService(bench.cloud.azure).tracking.runs.get(jobName);
  if (run === undefined) throw new Error(`The cloud has no run of the job ${jobName}.`);
  for (let n = 0; n < count; n++) run.metrics.push({ key: `m${n}`, value: n, step: 0, timestamp: 0, visibleAt: 0 });
  const rules = Array.from({ length: Math.min(count, 10) }, (_, n) => `metrics.m${n} >= 0`).join("\n");
  const judged = succeeded(await bench.run("EvaluateMetrics", { jobName, rules }, { network: client.network }));
  return pointOf(count, judged.milliseconds, judged.exchanges.filter(client.sent).length);
}
