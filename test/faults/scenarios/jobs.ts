// Jobs that are submitted, and judged: one job for each run, and a verdict that is that of its metrics.
import type { Place } from "../place.ts";
import type { Ran } from "../run-task.ts";
import type { Expect, Scenario, Story } from "../scenario.ts";

const isOver = (status: string) => /^(Completed|Failed|Canceled)$/.test(status);

/** A step that ends without its job says by name that the job goes on, or has ended it. */
function saysWhatGoesOn(place: Place, ran: Ran, expect: Expect): void {
  for (const { name, status } of place.jobs()) {
    if (ran.result === "Failed" && !isOver(status) && status !== "CancelRequested")
      expect(
        ran.errors.join("\n").includes(name),
        `The job ${name} goes on (${status}), and the error does not name it.`,
      );
    if (ran.result === "Canceled" && !isOver(status) && status !== "CancelRequested")
      expect(ran.log.includes(name), `The job ${name} goes on (${status}) after a cancel, and nothing names it.`);
  }
  if (ran.result !== "Succeeded") return;
  const job = place.jobs().find(({ name }) => name === ran.outputs["jobName"]);
  expect(job !== undefined, `A run succeeded with the job ${ran.outputs["jobName"]}, which is not there.`);
}

/** One job that counts for each run; what was canceled does not. */
async function checkJobs(place: Place, { runs, last, expect }: Story, waits: boolean): Promise<void> {
  await place.jobsEnded(8_000);
  const jobs = place.jobs().filter(({ status }) => status !== "Canceled");
  const said = jobs.map(({ name, status }) => `${name} ${status}`).join(", ");
  const builds = new Set(runs.map(({ attempt }) => `${attempt.build.id} ${attempt.jobName}`));
  expect(jobs.length >= 1 && jobs.length <= builds.size, `${builds.size} runs left ${jobs.length} jobs: ${said}.`);
  expect(
    jobs.every(({ status }) => status === "Completed"),
    `Not every job has completed: ${said}.`,
  );
  const job = jobs.find(({ name }) => name === last.outputs["jobName"]);
  expect(job !== undefined, `The last run's job ${last.outputs["jobName"]} is not among ${said}.`);
  if (waits) expect(last.outputs["jobStatus"] === "Completed", `The output jobStatus is ${last.outputs["jobStatus"]}.`);
}

const passes = "metrics.auc >= 0.9";
const fails = "metrics.auc >= 0.95";
const gateRequests = { "login false": 2, "arm false": 3, "arm true": 1, "api false": 1 };

/** What was judged is what the metrics say, in each run that came to a verdict. */
const verdictIs =
  (passed: boolean) =>
  (_place: Place, { runs, last, expect }: Story): void => {
    for (const { outputs, result } of runs) {
      expect(outputs["passed"] !== String(!passed), `A run said passed=${!passed} of metrics that say otherwise.`);
      if (!passed) expect(result !== "Succeeded", "A gate that does not hold let a run succeed.");
    }
    expect(last.outputs["passed"] === String(passed), `The last run says passed=${last.outputs["passed"]}.`);
  };

export const jobScenarios: readonly Scenario[] = [
  {
    name: "SubmitJob, waits",
    task: "SubmitJob",
    inputs: { jobFile: "azureml/job.yml", timeoutInMinutes: "10" },
    requests: {
      "login false": 2,
      "arm false": 5,
      "arm true": 4,
      "storage true": 1,
      "storage false": 7,
      "api false": 14,
    },
    afterAttempt: saysWhatGoesOn,
    check: (place, story) => checkJobs(place, story, true),
  },
  {
    name: "SubmitJob, does not wait",
    task: "SubmitJob",
    inputs: { jobFile: "azureml/job.yml", wait: "false" },
    requests: { "login false": 2, "arm false": 4, "arm true": 4, "storage true": 1 },
    atOnce: {},
    afterAttempt: saysWhatGoesOn,
    check: (place, story) => checkJobs(place, story, false),
  },
  {
    name: "SubmitJob, one at a time",
    task: "SubmitJob",
    inputs: {
      ...{ jobFile: "azureml/job.yml", concurrencyKey: "learning", timeoutInMinutes: "10" },
      overrides: "inputs.seconds: 1",
    },
    requests: {
      "login false": 2,
      "arm false": 7,
      "arm true": 4,
      "storage true": 1,
      "storage false": 7,
      "api false": 14,
    },
    atOnce: {},
    afterAttempt: saysWhatGoesOn,
    check: (place, story) => checkJobs(place, story, true),
  },
  {
    name: "InvokeBatch, waits",
    task: "InvokeBatch",
    inputs: { endpointName: "lengths", input: "requests", timeoutInMinutes: "10" },
    requests: {
      ...{ "login false": 3, "arm false": 7, "storage true": 1, "storage false": 5, "api false": 16, "batch true": 1 },
    },
    prepare: (place) => place.addBatchEndpoint("lengths"),
    atOnce: {},
    afterAttempt: saysWhatGoesOn,
    check: (place, story) => checkJobs(place, story, true),
  },
  {
    name: "InvokeBatch, does not wait",
    task: "InvokeBatch",
    inputs: { endpointName: "lengths", input: "requests", wait: "false" },
    requests: { "login false": 3, "arm false": 5, "storage true": 1, "storage false": 2, "batch true": 1 },
    prepare: (place) => place.addBatchEndpoint("lengths"),
    atOnce: {},
    afterAttempt: saysWhatGoesOn,
    check: (place, story) => checkJobs(place, story, false),
  },
  {
    name: "EvaluateMetrics, holds",
    task: "EvaluateMetrics",
    inputs: { jobName: "judged", rules: passes },
    requests: gateRequests,
    prepare: (place) => place.addCompletedJob("judged", { auc: 0.9 }),
    atOnce: {},
    check: verdictIs(true),
  },
  {
    name: "EvaluateMetrics, does not hold",
    task: "EvaluateMetrics",
    inputs: { jobName: "judged", rules: fails },
    ends: "Failed",
    requests: gateRequests,
    prepare: (place) => place.addCompletedJob("judged", { auc: 0.9 }),
    check: verdictIs(false),
  },
];
