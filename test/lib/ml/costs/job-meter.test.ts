// The meter of a job: prices before, the limits while it runs, the cost after; and every request that it adds.
import assert from "node:assert/strict";
import { parseJob, readSource } from "../../../../lib/documents/index.ts";
import { TaskError } from "../../../../lib/errors.ts";
import { estimateOf, JobMeter, priceParts } from "../../../../lib/ml/costs/job-meter.ts";
import { type CostLimits, type PricedPart, readCostLimits } from "../../../../lib/ml/costs/limits.ts";
import { followJob } from "../../../../lib/ml/jobs/follow-job.ts";
import { getJob } from "../../../../lib/ml/jobs/jobs.ts";
import type { RunsOfJob, StepRun } from "../../../../lib/ml/jobs/meter.ts";
import { childRuns, runDetails } from "../../../../lib/ml/jobs/runs.ts";
import { type SubmitOptions, submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import type { Workspace } from "../../../../lib/ml/workspace/workspace.ts";
import { until } from "../../../harness/until.ts";
import { SWEEP } from "../job-samples.ts";
import { commandJob, project } from "../projects.ts";
import { answered, openLocal } from "../world.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-11-27T08:00:00Z");
const time = (hours: number) => new Date(START + hours * HOUR).toISOString();
const part = (more: Partial<PricedPart> = {}): PricedPart => ({
  ...{ step: "", title: "", kind: "command", compute: undefined, size: "Standard_D16ads_v5", nodes: 2, atOnce: 1 },
  ...{ isNodesKnown: true, tier: "dedicated", timeout: undefined, price: { perHour: 0.82, currency: "USD" } },
  ...more,
});
const limits = (maxNodeHours?: string, maxCost?: string) => readCostLimits({ maxNodeHours, maxCost });
const step = (title: string, run: Partial<StepRun["run"]>, isPipeline = false): StepRun => ({
  title,
  run: { runId: title, status: "Running", startTimeUtc: time(0), ...run },
  isPipeline,
});

/** A meter on the local cloud by a clock of its own, and what it asks. */
async function metered(parts: readonly PricedPart[], wanted = limits()) {
  const asked: string[] = [];
  let isOpen = false;
  const workspace = await openLocal({
    onRequest: (method, url) => {
      if (isOpen) asked.push(`${method} ${new URL(url).pathname.replace(/^.*\/(runs|rundata)/, "$1")}`);
    },
  });
  await workspace.serviceUrl("history");
  isOpen = true;
  const clock = { now: () => now, sleep: async () => {} };
  let now = START;
  const { section: estimate } = estimateOf(parts);
  const meter = new JobMeter(workspace, { parts, limits: wanted, estimate, clock });
  return {
    meter,
    asked,
    workspace,
    at: (hours: number) => {
      now = START + hours * HOUR;
    },
  };
}
const running: RunsOfJob = { name: "j", details: { status: "Running", startTimeUtc: time(0) }, steps: undefined };
const NO_RUN = {
  error: { code: "UserError", message: "The run was not found.", innerError: { code: "NotFoundError" } },
};

/** Follows a job by a clock that each look moves forward by so many hours; ends after a hundred looks. */
async function followByHours(
  workspace: Workspace,
  name: string,
  parts: readonly PricedPart[],
  wanted: CostLimits,
  hours = 1,
) {
  let now = Date.now();
  let looks = 0;
  const clock = {
    now: () => now,
    sleep: async () => {
      now += hours * HOUR;
      looks += 1;
      assert.ok(looks < 100, "the limit has not ended the wait");
    },
  };
  const { section: estimate } = estimateOf(parts);
  const meter = new JobMeter(workspace, { parts, limits: wanted, estimate, clock });
  return followJob(workspace, name, { meter, clock });
}
const over = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TaskError);
  assert.match(error.message, pattern);
  assert.equal(error.errorCode, "AML1409");
  return true;
};

describe("the limits of a job that runs", () => {
  it("are held by the times that are read anyway: no request", async () => {
    const { meter, asked, at } = await metered([part()], limits("3"));
    at(1.5);
    await meter.look(running);
    at(1.6);
    await assert.rejects(
      meter.look(running),
      over(
        /^The job j is over its limit\. It has used 3\.20 node-hours, and the input maxNodeHours allows 3\. \(estimate at/,
      ),
    );
    assert.deepEqual(asked, []);
  });

  it("are held in money", async () => {
    const { meter, at } = await metered([part()], limits(undefined, "1.64 USD"));
    at(1);
    await meter.look(running);
    at(2);
    await assert.rejects(meter.look(running), over(/It has cost 3\.28 USD, and the input maxCost allows 1\.64 USD/));
  });

  it("count nothing before a job has begun, and nothing by a clock that is behind", async () => {
    const { meter, at } = await metered([part()], limits("0.001"));
    at(5);
    await meter.look({ name: "j", details: { status: "Queued", startTimeUtc: null }, steps: undefined });
    await meter.look({ name: "j", details: undefined, steps: undefined });
    at(-1);
    await meter.look(running);
  });

  it("count a pipeline's leaves: no reused step, no pipeline within, each with its own nodes", async () => {
    const parts = [part({ step: "a/x", title: "a/X" }), part({ step: "b", title: "b", nodes: 1, price: undefined })];
    const { meter, asked, at } = await metered(parts, limits("5"));
    const steps = [
      step("a", {}, true),
      step("a/X", { endTimeUtc: time(1), computeDuration: "00:30:00.0000000", status: "Completed" }),
      step("b", {}),
      step("c", { properties: { "azureml.isreused": "true" } }),
    ];
    const runs = { name: "j", details: { status: "Running", startTimeUtc: time(0) }, steps };
    at(4);
    await meter.look(runs);
    const cost = await meter.total(runs);
    assert.deepEqual(
      [cost.nodeHours, cost.amount, cost.currency, cost.unpriced],
      [2 * 0.5 + 4, 2 * 0.5 * 0.82, "USD", ["b"]],
    );
    at(4.5);
    await assert.rejects(meter.look(runs), over(/It has used 5\.50 node-hours/));
    assert.deepEqual(asked, [], "and ask for nothing: the steps were listed to be shown");
  });

  it("count a step that the file does not name as the dearest that it names", async () => {
    const parts = [
      part({ step: "prepare", title: "prepare", nodes: 1 }),
      part({ step: "train", title: "train", nodes: 4 }),
    ];
    const { meter, at } = await metered(parts, limits(undefined, "5 USD"));
    const runs: RunsOfJob = { ...running, steps: [step("Train model", {})] };
    at(1);
    await meter.look(runs);
    at(2);
    await assert.rejects(meter.look(runs), over(/It has cost 6\.56 USD, and the input maxCost allows 5 USD/));
  });

  it("count a step whose title is the beginning of another one's before a slash", async () => {
    const { meter } = await metered([part({ step: "a", title: "A" }), part({ step: "ab", title: "A/B test" })]);
    assert.equal(meter.isPipeline("A"), false);
    const { meter: nested } = await metered([part({ step: "outer/inner", title: "A/inner" })]);
    assert.equal(nested.isPipeline("A"), true);
  });

  it("count no pipeline within as a step that the file does not name", async () => {
    const { meter, at } = await metered([part({ step: "train/fit", title: "Train/fit" })], limits(undefined, "1 USD"));
    at(9);
    await meter.look({ ...running, steps: [step("Train", {}), step("train", {})] });
  });

  it("count what could be read by its own times, and the time since then as the dearest part", async () => {
    const parts = [part({ step: "small", title: "small", nodes: 1 }), part({ step: "big", title: "big", nodes: 4 })];
    const { meter, at, workspace } = await metered(parts, limits("4.5"));
    const steps = [step("small", {})];
    const runs = { ...running, steps, unread: { why: "no answer", since: START + HOUR } };
    const warnings = () => workspace.log.lines.filter((line) => /may not be held exactly/.test(line)).length;
    at(1.01);
    await meter.look(runs);
    assert.equal(warnings(), 0, "half a minute makes no difference");
    at(1.8);
    await meter.look(runs);
    await meter.look(runs);
    assert.equal(warnings(), 1);
    at(2);
    // One hour of one node, then one hour of four.
    await assert.rejects(
      meter.look(runs),
      over(
        /It has used 5\.00 node-hours, .* What has run since 2026-11-27T09:00:00\.000Z could not be read, and counts as big\./,
      ),
    );
    await meter.look({ ...runs, unread: { why: "no answer", since: undefined } });
  });

  it("assume nothing of a job without steps whose start is known", async () => {
    const { meter, at, workspace } = await metered([part()], limits("3"));
    at(1.4);
    await meter.look({ ...running, unread: { why: "no answer", since: START + 0.1 * HOUR } });
    assert.doesNotMatch(workspace.log.text(), /may not be held/);
  });

  it("list the trials of a sweep at most every 30 seconds, and only where there is a limit", async () => {
    const sweep = part({ kind: "sweep", nodes: 1 });
    const free = await metered([sweep]);
    await free.meter.look(running);
    assert.deepEqual(free.asked, []);
    const { meter, asked, at, workspace } = await metered([sweep], limits("9"));
    const seconds = (count: number) => at(count / 3_600);
    for (const [second, listings] of [
      [1, 1],
      [20, 1],
      [30, 1],
      [31, 2],
    ] as const) {
      seconds(second);
      await meter.look(running);
      assert.equal(asked.length, listings, `${second} s`);
    }
    // There is no such run: its own time counts, and that is said once.
    assert.equal(workspace.log.lines.filter((line) => /trials of j cannot be listed/.test(line)).length, 1);
    seconds(9 * 3_600 + 60);
    await assert.rejects(meter.look(running), over(/It has used 9\.02 node-hours/));
  });
});

describe("the cost of a job", () => {
  let steps = 0;
  function options(folder: string, more: Partial<SubmitOptions> = {}): SubmitOptions {
    steps += 1;
    const costs = { limits: limits(), isFollowed: true, isPriced: true };
    return { stepIdentity: `costs-${steps}-${process.pid}`, root: folder, costs, ...more };
  }
  const resources = { instance_type: "Standard_D16ads_v5", instance_count: 2 };
  const settings = { default_compute: "azureml:cpu-cluster" };
  const priced = { compute: undefined, resources };

  it("is estimated before, and measured after by one request more", async () => {
    const asked: string[] = [];
    const workspace = await openLocal({
      onRequest: (method, url) => void asked.push(`${method} ${new URL(url).pathname}`),
    });
    const { document, folder } = commandJob("sleep 1", { ...priced, limits: { timeout: 3_600 } });
    const job = await submitJob(workspace, document, options(folder));
    assert.equal(asked.filter((one) => one.endsWith("/vmSizes")).length, 1);
    assert.deepEqual([job.cost?.estimatedPerHour, job.cost?.estimatedMost, job.cost?.currency], [1.64, 1.64, "USD"]);
    assert.match(
      workspace.log.text(),
      /Cost \(estimate at list price, without idle node time, disks, network\): 2 x Standard_D16ads_v5 at 0\.82 USD an hour: 1\.64 USD an hour, at most 1\.64 USD in its 60 minutes\./,
    );
    const followed = await followJob(workspace, job.name, { meter: job.meter });
    assert.equal(asked.filter((one) => one.endsWith("/rundata")).length, 1);
    const { nodeHours = 0, amount = 0 } = followed.cost ?? {};
    assert.ok(nodeHours > (2 * 0.9) / 3_600 && nodeHours < 1, String(nodeHours));
    assert.ok(Math.abs(amount - nodeHours * 0.82) < 1e-9);
    assert.match(workspace.log.text(), /Cost of \S+ \(estimate at list price, .*\): [\d.]+ node-hours, [\d.]+ USD\./);
  });

  it("is told of a job that failed, too", async () => {
    const workspace = await openLocal();
    const { document, folder } = commandJob("exit 3", priced);
    const job = await submitJob(workspace, document, options(folder));
    const told: (number | undefined)[] = [];
    const onProgress = ({ cost }: { cost?: { nodeHours?: number } }) => {
      if (cost) told.push(cost.nodeHours);
    };
    await assert.rejects(followJob(workspace, job.name, { meter: job.meter, onProgress }), /is Failed/);
    // Once when it is known, and once more with the steps.
    assert.ok(told.length <= 2, told.join(", "));
    assert.equal(new Set(told).size, 1);
    assert.ok((told[0] ?? 0) > 0);
  });

  it("is that of a sweep's trials, which are listed once at the end", async () => {
    const asked: string[] = [];
    const workspace = await openLocal({
      onRequest: (method, url) => void asked.push(`${method} ${new URL(url).pathname}`),
    });
    const folder = project({ "job.yml": JSON.stringify({ ...SWEEP, compute: undefined, resources }) });
    const document = parseJob(readSource(`${folder}/job.yml`, { root: folder }));
    const job = await submitJob(workspace, document, options(folder));
    assert.equal(job.cost?.estimatedPerHour, 3.28, "two trials at a time on two nodes each");
    const followed = await followJob(workspace, job.name, { meter: job.meter });
    assert.equal(asked.filter((one) => one.endsWith(`${job.name}/children`)).length, 1);
    assert.ok((followed.cost?.nodeHours ?? 0) > 0);
  });

  it("has no amount where no price is known, and says so", async () => {
    const workspace = await openLocal();
    const { document, folder } = commandJob("true");
    const job = await submitJob(workspace, document, options(folder));
    assert.deepEqual([job.cost?.estimatedPerHour, job.cost?.unpriced], [undefined, ["the job"]]);
    assert.match(
      workspace.log.text(),
      /no price of the job: the service lists no hourly price of STANDARD_DS3_V2 in eastus2/,
    );
    const followed = await followJob(workspace, job.name, { meter: job.meter });
    assert.equal(followed.cost?.amount, undefined);
    assert.deepEqual(followed.cost?.unpriced, ["the job"]);
  });

  it("is a warning where it cannot be read, and the job's result stands", async () => {
    const workspace = await openLocal({
      between: async (request, send) => (request.url.includes("/rundata") ? answered(request, 401, {}) : send()),
    });
    const { document, folder } = commandJob("true", priced);
    const job = await submitJob(workspace, document, options(folder));
    const clock = { now: () => Date.now(), sleep: async () => {} };
    const followed = await followJob(workspace, job.name, { meter: job.meter, clock });
    assert.deepEqual([followed.status, followed.cost], ["Completed", undefined]);
    assert.match(workspace.log.text(), /\[warning\] The cost of the job \S+ is not known; the result stands/);
  });

  it("over its limit cancels the job, and the error says both", async () => {
    const workspace = await openLocal();
    const { document, folder } = commandJob("sleep 300", priced);
    const job = await submitJob(
      workspace,
      document,
      options(folder, { costs: { limits: limits("0.0001"), isFollowed: true, isPriced: true } }),
    );
    await assert.rejects(followJob(workspace, job.name, { meter: job.meter }), (error: TaskError) => {
      assert.match(error.message, /is over its limit\. It has used .* allows 0\.0001\..* has been asked to cancel\.$/);
      assert.equal(error.errorCode, "AML1409");
      return true;
    });
  });

  it("is not over it where the job has completed since the last look", async () => {
    const workspace = await openLocal();
    const { document, folder } = commandJob("sleep 5", priced);
    const { name } = await submitJob(workspace, document, options(folder));
    const isSeen = (wanted: RegExp) =>
      until(`the job is ${wanted.source}`, async () => wanted.test((await runDetails(workspace, name))?.status ?? ""));
    await isSeen(/^(Running|Completed)$/);
    let now = Date.now();
    // The limit passes between two looks, and before it the job has ended.
    const clock = {
      now: () => now,
      sleep: async () => {
        await isSeen(/^Completed$/);
        now += HOUR;
      },
    };
    const parts = [part()];
    const { section: estimate } = estimateOf(parts);
    const meter = new JobMeter(workspace, { parts, limits: limits("1"), estimate, clock });
    const { status } = await followJob(workspace, name, { meter, clock });
    assert.equal(status, "Completed");
  });

  it("is held where a pipeline's steps cannot be listed: its time counts as its dearest step, and that is said once", async () => {
    const workspace = await openLocal({
      between: async (request, send) => (/\/children/.test(request.url) ? answered(request, 401, {}) : send()),
    });
    const step = { type: "command", command: "sleep 300", environment: { image: "ubuntu" } };
    const folder = project({
      "job.yml": JSON.stringify({ type: "pipeline", settings, jobs: { small: step, train: step } }),
    });
    const document = parseJob(readSource(`${folder}/job.yml`, { root: folder }));
    const { name } = await submitJob(workspace, document, options(folder));
    await until("the job runs", async () => (await runDetails(workspace, name))?.status === "Running");
    const parts = [
      part({ step: "small", title: "small", nodes: 1 }),
      part({ step: "train", title: "train", nodes: 4 }),
    ];
    await assert.rejects(
      followByHours(workspace, name, parts, limits("100")),
      over(/is over its limit\. It has used 1\d\d\.\d\d node-hours, and the input maxNodeHours allows 100\./),
    );
    const warnings = workspace.log.lines.filter((line) => /^\[warning\].* limit/.test(line));
    assert.equal(warnings.length, 1, workspace.log.text());
    assert.match(warnings[0] ?? "", /may not be held exactly.*dearest.*401/s);
  });

  it("is held where only the job's record says that it runs, from when that was first seen", async () => {
    const workspace = await openLocal({
      between: async (request, send) => (/\/details/.test(request.url) ? answered(request, 404, NO_RUN) : send()),
    });
    const { document, folder } = commandJob("sleep 300", priced);
    const { name } = await submitJob(workspace, document, options(folder));
    await until("the job runs", async () => (await getJob(workspace, name)).properties?.status === "Running");
    await assert.rejects(
      followByHours(workspace, name, [part()], limits("1"), 0.1),
      over(/is over its limit\. It has used 1\.20 node-hours, and the input maxNodeHours allows 1\./),
    );
    assert.match(workspace.log.text(), /\[warning\] The limit of the job \S+ may not be held exactly/);
  });

  it("counts the steps of a pipeline within before the turn of its log comes", async () => {
    // Run history may list a pipeline within as a step.
    const workspace = await openLocal({
      between: async (request, send) => {
        const answer = await send();
        if (!/\/children/.test(request.url)) return answer;
        return {
          ...answer,
          bodyAsText: (answer.bodyAsText ?? "").replaceAll("azureml.PipelineRun", "azureml.StepRun"),
        };
      },
    });
    const step = { type: "command", command: "sleep 300", environment: { image: "ubuntu" } };
    const first = { ...step, command: "echo a > ${{outputs.o}}/f", outputs: { o: { type: "uri_folder" } } };
    const d = { type: "uri_folder" };
    const within = { type: "pipeline", inputs: { d }, jobs: { fit: step } };
    const inner = { type: "pipeline", component: "./within.yml", inputs: { d: "${{parent.jobs.first.outputs.o}}" } };
    const folder = project({
      "within.yml": JSON.stringify({ ...within, $schema: "pipelineComponent.schema.json", name: "within" }),
      "job.yml": JSON.stringify({ type: "pipeline", settings, jobs: { long: step, first, inner } }),
    });
    const document = parseJob(readSource(`${folder}/job.yml`, { root: folder }));
    const { name } = await submitJob(workspace, document, options(folder));
    const titles = new Set<string>();
    let isThere = false;
    class Seen extends JobMeter {
      override async look({ steps = [] }: RunsOfJob): Promise<void> {
        for (const { title } of steps) titles.add(title);
        // One look after history itself has listed the step.
        if (isThere || titles.has("inner/fit")) throw new TaskError("failed", "Seen.", { errorCode: "AML1409" });
        const inner = steps.find(({ title }) => title === "inner");
        isThere = inner !== undefined && (await childRuns(workspace, inner.run.runId)).length > 0;
      }
    }
    const parts = await priceParts(workspace, document, true);
    const { section: estimate } = estimateOf(parts);
    const meter = new Seen(workspace, { parts, limits: limits("100"), estimate });
    await assert.rejects(followJob(workspace, name, { meter }), /^TaskError: Seen\./);
    assert.ok(titles.has("inner/fit"), [...titles].join());
  });

  for (const [what, wanted, between, message] of [
    ["no price of the size", limits(undefined, "5"), undefined, /the service lists no hourly price of STANDARD_DS3_V2/],
    [
      "prices that may not be read",
      limits(undefined, "5"),
      403,
      /the region's prices could not be read \(status 403\)/,
    ],
  ] as const)
    it(`is refused before anything is submitted where maxCost meets ${what}`, async () => {
      const writes: string[] = [];
      const workspace = await openLocal({
        onRequest: (method, url) => {
          if (method === "PUT") writes.push(url);
        },
        between: async (request, send) =>
          between && request.url.includes("/vmSizes") ? answered(request, between, {}) : send(),
      });
      const { document, folder } = commandJob("true", { code: "src" });
      await assert.rejects(
        submitJob(
          workspace,
          document,
          options(folder, { costs: { limits: wanted, isFollowed: true, isPriced: true } }),
        ),
        message,
      );
      assert.deepEqual(writes, []);
    });

  it("becomes the job's own limit where nobody waits", async () => {
    const bodies: string[] = [];
    const workspace = await openLocal({
      between: (request, send) => {
        if (request.method === "PUT" && /\/jobs\//.test(request.url)) bodies.push(String(request.body));
        return send();
      },
    });
    const { document, folder } = commandJob("true", { ...priced, limits: { timeout: 36_000 } });
    await submitJob(
      workspace,
      document,
      options(folder, { costs: { limits: limits("3"), isFollowed: false, isPriced: false } }),
    );
    assert.deepEqual(JSON.parse(bodies[0] ?? "").properties.limits, { jobLimitsType: "Command", timeout: "PT1H30M" });
  });

  it("is no reason for a second job where the prices, and so the limit, have changed since the first attempt", async () => {
    let perHour = 0.82;
    const open = () =>
      openLocal({
        between: async (request, send) => {
          const answer = await send();
          if (!request.url.includes("/vmSizes")) return answer;
          const bodyAsText = (answer.bodyAsText ?? "").replaceAll('"retailPrice":0.82', `"retailPrice":${perHour}`);
          return { ...answer, bodyAsText };
        },
      });
    const { document, folder } = commandJob("sleep 60", priced);
    const costs = { limits: limits(undefined, "1"), isFollowed: false, isPriced: true };
    const same = options(folder, { costs, nonce: "the same agent" });
    const first = await submitJob(await open(), document, same);
    perHour = 0.5;
    const second = await submitJob(await open(), document, same);
    assert.deepEqual([second.name, second.joined, second.cost?.estimatedPerHour], [first.name, true, 1]);
  });

  it("of parts on computes is by the compute's size and tier", async () => {
    const workspace = await openLocal();
    const { document } = commandJob("true", { compute: "azureml:gpu-cluster" });
    const [only] = await priceParts(workspace, document, true);
    assert.deepEqual([only?.size, only?.tier, only?.price], ["STANDARD_NC6S_V3", "dedicated", undefined]);
  });
});
