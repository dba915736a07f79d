// Invoke batch endpoint, as shipped: one job for all attempts of a step, its steps' logs, its results, and nothing left behind when it is stopped.
import assert from "node:assert/strict";
import type { Job } from "../../local/agent/index.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import { batchEndpointsOf } from "../../local/azure/records/batch-endpoint.ts";
import type { JobRecord } from "../../local/azure/records/job.ts";
import { storagePlace } from "../../local/azure/workspace/locate.ts";
import { assertSucceeded, Bench, NODES, needsNode, type RunOptions, type TaskRun } from "../harness/bench.ts";
import { needs } from "../harness/needs.ts";
import { processesOf } from "../harness/processes.ts";

const PATIENT = { PROCESS_SIGINT_TIMEOUT: "100000" };
const SCORE = `import os, time
def run(mini_batch):
    print("scoring begins", flush=True)
    time.sleep(float(os.environ["SECONDS"]))
    if os.environ["SECONDS"] == "0.01":
        raise ValueError("cannot be scored")
    return [f"{os.path.basename(path)} {len(open(path).read())}" for path in mini_batch]
`;
const deployment = (name: string, seconds: number) => `name: ${name}
endpoint_name: lengths
type: model
model: {path: ../../weights, type: custom_model}
code_configuration: {code: code, scoring_script: score.py}
environment: {image: ubuntu}
compute: azureml:cpu-cluster
settings:
  mini_batch_size: 1
  error_threshold: 0
  retry_settings: {max_retries: 0, timeout: 600}
  environment_variables: {SECONDS: "${seconds}"}
`;
const files = {
  "azureml/batch/endpoint.yml": "name: lengths\ndefaults: {deployment_name: blue}\n",
  "azureml/batch/blue.yml": deployment("blue", 0),
  "azureml/batch/green.yml": deployment("green", 0),
  "azureml/batch/red.yml": deployment("red", 0.01),
  "azureml/batch/slow.yml": deployment("slow", 300),
  "azureml/batch/code/score.py": SCORE,
};
const inputs = { endpointName: "lengths", input: "requests" };

describe("AzureMLInvokeBatch as shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
    assertSucceeded(await bench.run("Apply", { file: "azureml/batch" }, { files }));
  });
  after(() => bench?.close());

  const jobs = (): JobRecord[] =>
    jobService(bench.cloud.azure)
      .own()
      .filter(({ body }) => body["batch"] !== undefined);
  /** Runs the task, and answers the jobs that it began. */
  const invoked = async (given: Record<string, string> = {}, options: RunOptions = {}) => {
    const before = new Set(jobs().map(({ name }) => name));
    const run = await bench.run("InvokeBatch", { ...inputs, ...given }, options);
    return { run, begun: jobs().filter(({ name }) => !before.has(name)) };
  };
  const drop = (effect: object) =>
    bench.cloud.azure.scenarios.add([
      { kind: "request", name: "lost", match: { plane: "batch", method: "POST" }, skip: 0, times: 1, effect },
    ]);
  afterEach(() => bench.cloud.azure.scenarios.clear());

  for (const node of NODES)
    it(`shows the log of its job, and says where the predictions lie (Node ${node})`, async function () {
      needsNode(this, node);
      const { run, begun } = await invoked({ tags: "kind=toy" }, { node });
      assertSucceeded(run);
      assert.match(run.log, /Step batchscoring[\s\S]*scoring begins/);
      const { jobName, jobStatus, deploymentName, jobId } = run.outputs;
      assert.deepEqual([begun.map(({ name }) => name), jobStatus, deploymentName], [[jobName], "Completed", "blue"]);
      assert.match(jobId!, new RegExp(`/workspaces/ws1/jobs/${jobName}$`));
      const place = storagePlace(bench.cloud.azure, run.outputs["outputs.score"]!)!;
      const text = await bench.cloud.azure.blobs.get(
        place.container,
        `${place.path.replace(/\/?$/, "/")}predictions.csv`,
      );
      assert.match(String(text), /^ada\.json \d+\n$/);
      const { job } = run.record!;
      assert.deepEqual([job?.endpoint, job?.deployment, job?.status], ["lengths", "blue", "Completed"]);
      assert.match(run.summaries[0]!, /Batch endpoint \| `lengths`/);
      assert.equal(begun[0]?.tags["kind"], "toy");
      assert.equal(begun[0]?.tags["BuildId"], String(run.build.id));
    });

  it("does not wait when told not to, and its post-job stage cancels nothing", async () => {
    const { run, begun } = await invoked({ wait: "false", deploymentName: "slow" });
    assertSucceeded(run);
    assert.doesNotMatch(begun[0]!.status, /^(Completed|Cancel)/);
    await jobService(bench.cloud.azure).cancel(begun[0]!);
  });

  it("joins the job of the first attempt, and that of a try before in place", async () => {
    const build = bench.newBuild();
    const first = await invoked({ wait: "false" }, { build });
    const second = await invoked({}, { build, attempt: 2 });
    assertSucceeded(second.run);
    assert.deepEqual([second.run.outputs["jobName"], second.begun], [first.begun[0]!.name, []]);
    assert.equal(second.run.record?.job?.joined, true);
    bench.cloud.azure.scenarios.add([
      {
        ...{ kind: "request", name: "once", match: { plane: "api", path: "**/details" }, skip: 0, times: 1 },
        effect: { status: 403 },
      },
    ]);
    const retried = await invoked({}, { retries: 1 });
    assert.equal(retried.run.result, "Succeeded", retried.run.log);
    assert.equal(retried.begun.length, 1);
    assert.match(retried.run.log, /is still running in Azure[\s\S]*going on with it/);
  });

  it("finds its job where the answer is lost", async () => {
    drop({ drop: "answer" });
    const { run, begun } = await invoked();
    assert.equal(run.result, "Succeeded", run.log);
    assert.deepEqual([begun.length, run.outputs["jobName"]], [1, begun[0]?.name]);
    assert.match(run.warnings.join("\n"), /did not arrive.*nothing is sent again/);
  });

  it("leaves the default where the job fails, and moves it where it completes", async () => {
    const endpoint = () => batchEndpointsOf(bench.cloud.azure).get("lengths")?.defaultDeployment;
    const { run } = await invoked({ deploymentName: "red", makeDefault: "true" });
    assert.equal(run.result, "Failed");
    assert.match(run.errors.join("\n"), /is Failed[\s\S]*cannot be scored|1 items have failed; the threshold is 0/);
    assert.equal(endpoint(), "blue");
    assertSucceeded((await invoked({ deploymentName: "green", makeDefault: "true" })).run);
    assert.equal(endpoint(), "green");
    assertSucceeded((await invoked({ deploymentName: "blue", makeDefault: "true" })).run);
    assert.equal(endpoint(), "blue");
  });

  describe("when it is stopped", () => {
    const stopped = async (stop: (job: Job) => void, options: RunOptions = {}, at = "scoring begins") => {
      let job: Job | undefined;
      let done = false;
      return invoked(
        { deploymentName: "slow" },
        {
          ...options,
          variables: { ...PATIENT, ...options.variables },
          onJob: (one) => {
            job = one;
          },
          onLine: (line) => {
            if (!line.includes(at) || done) return;
            done = true;
            stop(job!);
          },
        },
      );
    };
    const assertCanceled = async ({ run, begun }: { run: TaskRun; begun: JobRecord[] }) => {
      assert.equal(begun.length, 1, run.jobLog);
      await jobService(bench.cloud.azure).ended(begun[0]!.name);
      assert.equal(jobService(bench.cloud.azure).get(begun[0]!.name)?.status, "Canceled", run.jobLog);
    };

    it("SIGINT: the job is cancelled by the step", async () => {
      const cancel = new AbortController();
      const ended = await stopped(() => cancel.abort(), { signal: cancel.signal });
      await assertCanceled(ended);
      assert.equal(ended.run.result, "Canceled");
    });

    it("SIGKILL: the post-job stage cancels the job", async function () {
      needs(this, process.platform === "linux", "Linux");
      const ended = await stopped((job) => kill(job));
      await assertCanceled(ended);
      assert.match(ended.run.jobLog, /Cancelling the job .*, which this step left when it was stopped/);
    });

    it("SIGKILL before the answer: the post-job stage searches for the job and cancels it", async function () {
      needs(this, process.platform === "linux", "Linux");
      let job: Job | undefined;
      const { events } = bench.cloud.azure;
      // The job is there, and its answer has not left.
      const kills = (): void => kill(job!);
      events.once("jobStatus", kills);
      const ended = await invoked(
        { deploymentName: "slow" },
        {
          onJob: (one) => {
            job = one;
          },
        },
      ).finally(() => events.off("jobStatus", kills));
      await assertCanceled(ended);
      assert.match(ended.run.jobLog, /Found the job .*\n.*Cancelling the job .*, which this step left/);
    });
  });
});

function kill(job: Job): void {
  for (const pid of processesOf(job)) process.kill(pid, "SIGKILL");
}
