// Cost of the packaged SubmitJob: estimate, actual, limits, and the sum of a run; and how many requests they add.
import assert from "node:assert/strict";
import { builtInRoles } from "../../local/azure/arm/roles.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import { asked, assertSucceeded, Bench, type TaskRun } from "../harness/bench.ts";

const jobFile = "azureml/job.yml";
const resources = { instance_type: "Standard_D16ads_v5", instance_count: 2 };
const command = (text: string, more: object = {}) => ({
  [jobFile]: JSON.stringify({ type: "command", command: text, environment: { image: "ubuntu" }, resources, ...more }),
});
const step = (text: string, more: object = {}) => ({
  type: "command",
  command: text,
  environment: { image: "ubuntu" },
  resources,
  ...more,
});
const LABEL = "estimate at list price, without idle node time, disks, network";

describe("the cost of a job as shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());
  const submissions = (run: TaskRun) => asked(run, "arm", "PUT", /\/jobs\//).length;
  const cost = (run: TaskRun) => run.record?.job?.cost;

  it("stands in the log, the record and the summary, before and after, and is summed over the run", async () => {
    const build = bench.newBuild();
    const first = await bench.run("SubmitJob", { jobFile }, { build, files: command("sleep 1") });
    assertSucceeded(first);
    assert.match(
      first.log,
      new RegExp(`Cost \\(${LABEL}\\): 2 x Standard_D16ads_v5 at 0\\.82 USD an hour: 1\\.64 USD an hour\\.`),
    );
    assert.match(first.log, new RegExp(`Cost of \\S+ \\(${LABEL}\\): [\\d.]+ node-hours, [\\d.]+ USD\\.`));
    const { label, currency, estimatedPerHour, nodeHours = 0, amount = 0, run } = cost(first) ?? {};
    assert.deepEqual([label, currency, estimatedPerHour, run?.jobs], [LABEL, "USD", 1.64, 1]);
    assert.ok(nodeHours > 0 && Math.abs(amount - nodeHours * 0.82) < 1e-9);
    assert.match(first.summaries[0] ?? "", /\| Estimate before \| 1\.64 USD an hour \|/);
    assert.match(first.summaries[0] ?? "", /\| Cost \| [\d.]+ node-hours, [\d.]+ USD \|/);
    assert.equal(asked(first, "arm", "GET", /vmSizes/).length, 1, "preflight and prices share one list");
    assert.equal(asked(first, "api", "POST", /rundata/).length, 1, "one request after the end");

    const second = await bench.run("SubmitJob", { jobFile }, { build, step: "again", files: command("sleep 1") });
    assertSucceeded(second);
    const sum = cost(second)?.run;
    assert.equal(sum?.jobs, 2);
    assert.ok(Math.abs((sum?.nodeHours ?? 0) - nodeHours - (cost(second)?.nodeHours ?? 0)) < 1e-9);
    assert.ok(Math.abs((sum?.amount ?? 0) - amount - (cost(second)?.amount ?? 0)) < 1e-9);
    assert.match(second.log, /The 2 jobs of this run: [\d.]+ node-hours, [\d.]+ USD/);
    assert.match(second.summaries[0] ?? "", /\| Cost of this run's jobs \| .* in 2 jobs \|/);
  });

  it("of a pipeline is that of its steps, and a reused one costs nothing", async () => {
    const pipeline = {
      [jobFile]: JSON.stringify({
        type: "pipeline",
        settings: { default_compute: "azureml:serverless" },
        jobs: { prepare: step("sleep 1"), train: step("sleep 1", { resources: { ...resources, instance_count: 1 } }) },
      }),
    };
    const first = await bench.run("SubmitJob", { jobFile }, { files: pipeline });
    assertSucceeded(first);
    assert.match(first.log, /2\.46 USD an hour, if its 2 priced steps ran at the same time/);
    const { nodeHours = 0 } = cost(first) ?? {};
    assert.ok(nodeHours >= (3 * 0.9) / 3_600, String(nodeHours));
    assert.equal(asked(first, "api", "POST", /rundata/).length, 0, "the steps are listed to be shown");
    const again = await bench.run("SubmitJob", { jobFile }, { files: pipeline });
    assertSucceeded(again);
    assert.match(again.log, /reused/);
    assert.deepEqual([cost(again)?.nodeHours, cost(again)?.amount], [0, undefined]);
  });

  for (const [input, value, sentence] of [
    ["maxNodeHours", "0.0005", /It has used [\d.]+ node-hours, and the input maxNodeHours allows 0\.0005\./],
    ["maxCost", "0.0004 USD", /It has cost [\d.]+ USD, and the input maxCost allows 0\.0004 USD\./],
  ] as const)
    it(`over ${input} the job is cancelled, and the error has the numbers`, async () => {
      const run = await bench.run("SubmitJob", { jobFile, [input]: value }, { files: command("sleep 600") });
      assert.equal(run.result, "Failed", run.log);
      assert.match(run.errors[0] ?? "", sentence);
      assert.match(run.errors[0] ?? "", /has been asked to cancel/);
      assert.equal(run.record?.error?.code, "AML1409");
      assert.equal(asked(run, "arm", "POST", /\/cancel$/).length, 1);
      const job = jobService(bench.cloud.azure).get(run.outputs["jobName"]!)!;
      assert.match(job.status, /^Cancel/);
      assert.ok((cost(run)?.nodeHours ?? 0) > 0, "what it has taken is in the record");
    });

  it("is refused before anything is submitted where maxCost meets no price", async () => {
    const inputs = { jobFile, maxCost: "5" };
    const unpriced = await bench.run("SubmitJob", inputs, {
      files: command("true", { resources: { instance_type: "Standard_F4s_v2" } }),
    });
    assert.equal(unpriced.result, "Failed", unpriced.log);
    assert.match(
      unpriced.errors[0] ?? "",
      /^Input maxCost cannot be held, because no price is known: the service lists no hourly price of Standard_F4s_v2 in eastus2\. Nothing was submitted\./,
    );
    const euros = await bench.run("SubmitJob", { jobFile, maxCost: "5 EUR" }, { files: command("true") });
    assert.match(euros.errors[0] ?? "", /the service answers prices in USD, and not in EUR/);
    assert.deepEqual([submissions(unpriced), submissions(euros)], [0, 0]);
  });

  it("says that the prices may not be read, and neither fails nor counts them as nothing", async () => {
    const { cloud } = bench;
    const principal = cloud.azure.directory.find(cloud.credentials.contributor.clientId) as { roles?: unknown };
    principal.roles = [builtInRoles.dataScientist, builtInRoles.storageBlobDataContributor];
    try {
      const run = await bench.run("SubmitJob", { jobFile }, { files: command("true") });
      assertSucceeded(run);
      assert.match(run.log, /no price of the job: the region's prices could not be read \(status 403\)/);
      assert.match(
        run.log,
        /Preflight: not checked +quota serverless: Not checked: the identity may not read it \(status 403\)/,
      );
      assert.deepEqual([cost(run)?.amount, cost(run)?.unpriced], [undefined, ["the job"]]);
      const limited = await bench.run("SubmitJob", { jobFile, maxCost: "5" }, { files: command("true") });
      assert.match(
        limited.errors[0] ?? "",
        /Input maxCost cannot be held, because no price is known: the region's prices/,
      );
      assert.equal(submissions(limited), 0);
    } finally {
      delete principal.roles;
    }
  });

  it("becomes the job's own limit where the step does not wait, and other jobs are refused", async () => {
    const inputs = { jobFile, wait: "false", maxNodeHours: "3" };
    const run = await bench.run("SubmitJob", inputs, { files: command("true", { limits: { timeout: 36_000 } }) });
    assertSucceeded(run);
    assert.match(run.log, /at most 2\.46 USD in its 90 minutes/);
    const [sent] = run.exchanges.filter(({ method, url }) => method === "PUT" && /\/jobs\//.test(url));
    assert.equal(JSON.parse(String(sent?.requestBody)).properties.limits.timeout, "PT1H30M");
    const sweep = {
      [jobFile]: JSON.stringify({ type: "pipeline", jobs: { a: step("true", { compute: "azureml:serverless" }) } }),
    };
    const refused = await bench.run("SubmitJob", inputs, { files: sweep });
    assert.match(refused.errors[0] ?? "", /^Input maxNodeHours needs a step that waits: a pipeline job has no limit/);
    assert.equal(submissions(refused), 0);
  });

  it("gets a limit of its own as a backstop where the step waits, and the log says so", async () => {
    const sent = async (files: Record<string, string>) => {
      const run = await bench.run("SubmitJob", { jobFile, maxNodeHours: "3" }, { files });
      assertSucceeded(run);
      const [put] = run.exchanges.filter(({ method, url }) => method === "PUT" && /\/jobs\//.test(url));
      return { log: run.log, limits: JSON.parse(String(put?.requestBody)).properties.limits };
    };
    const none = await sent(command("true"));
    assert.deepEqual(none.limits, { jobLimitsType: "Command", timeout: "PT1H35M" });
    assert.match(
      none.log,
      /The job gets limits\.timeout PT1H35M for the limits\. The file has none\. It ends the job where/,
    );
    const less = await sent(command("true", { limits: { timeout: 600 } }));
    assert.equal(less.limits.timeout, "PT10M");
    assert.match(less.log, /The file says PT10M for limits\.timeout, which is less than the limits allow, and stays\./);
    const steps = { a: step("true", { compute: "azureml:serverless" }) };
    const pipeline = await sent({ [jobFile]: JSON.stringify({ type: "pipeline", jobs: steps }) });
    assert.equal(pipeline.limits, undefined);
    assert.match(pipeline.log, /The limits are held only while this step waits/);
  });

  it("is estimated in a plan, which shows the limit that would be the job's own", async () => {
    const inputs = { jobFile, plan: "true", wait: "false", maxCost: "0.82" };
    const run = await bench.run("SubmitJob", inputs, { files: command("true") });
    assertSucceeded(run);
    assert.match(run.log, /at most 0\.82 USD in its 30 minutes/);
    assert.match(run.log, /"timeout":"PT30M"/);
    const waiting = await bench.run("SubmitJob", { ...inputs, wait: "true" }, { files: command("true") });
    assertSucceeded(waiting);
    assert.match(waiting.log, /"timeout":"PT35M"/);
  });

  it("refuses a limit that is no number, by its input", async () => {
    const run = await bench.run("SubmitJob", { jobFile, maxNodeHours: "1,5" }, { files: command("true") });
    assert.match(run.errors[0] ?? "", /^Input maxNodeHours is "1,5"; it must be a number above 0\./);
    assert.equal(asked(run, "arm", "PUT").length, 0);
  });
});
