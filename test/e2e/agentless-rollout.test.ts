// CheckRollout on the server: counts minutes in Azure Monitor's metrics of local Azure, in an agentless job and as a classic gate.
// Tests: tasks/CheckRollout/contract.json
import assert from "node:assert/strict";
import path from "node:path";
import { readTaskFolder } from "../../local/agent/index.ts";
import { seedMinutes } from "../../local/azure/monitor/seed.ts";
import type { SeededMinutes } from "../../local/azure/scenarios/rules.ts";
import { root } from "../harness/packages.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter } from "../local/azure/online-scripts.ts";
import { VirtualClock } from "../local/devops/virtual-clock.ts";
import { Agentless, jobsOf } from "./agentless.ts";

const MINUTE = 60_000;

describe("a check of a rollout without an agent", () => {
  let place: Agentless;

  before(async () => {
    place = await Agentless.open();
    const { cloud } = place;
    cloud.azure.settings.online = { endpoint: 0, deployment: 0, ready: 60_000 };
    const { code, model } = await registerGreeter(cloud, { code: "fraud", model: "fraud" });
    await make(cloud, "/onlineEndpoints/fraud", endpointRequest());
    for (const name of ["blue", "green"])
      await make(cloud, `/onlineEndpoints/fraud/deployments/${name}`, deploymentRequest(model, code));
  });
  after(() => place?.close());
  beforeEach(() => place.cloud.azure.store("scoringMinutes").clear());

  /** Ten minutes of requests, from twelve minutes ago on. */
  const seed = (more: Partial<SeededMinutes> = {}): void =>
    seedMinutes(place.cloud.azure, [
      {
        endpoint: "fraud",
        deployment: "green",
        ago: 12 * MINUTE,
        span: 9 * MINUTE,
        requests: 60,
        latency: 40,
        ...more,
      },
    ]);
  const ago = (minutes: number) =>
    new Date(place.cloud.azure.clock.now() - minutes * MINUTE).toISOString().replace(/\.\d+Z$/, "Z");

  const check = async (inputs: Readonly<Record<string, string | number>> = {}) => {
    const all = { azureSubscription: "azure-ml-workspace", endpointName: "fraud", deploymentName: "green", ...inputs };
    const outcome = await place.run(`jobs:
- job: check
  pool: server
  steps:
  - task: AzureMLCheckRollout@1
    inputs: ${JSON.stringify(all)}`);
    assert.equal(jobsOf(outcome)["check"]?.agentMilliseconds, 0);
    return outcome.result;
  };
  const passes = async (inputs?: Readonly<Record<string, string | number>>) =>
    assert.equal(await check(inputs), "succeeded", place.log);
  const fails = async (
    inputs: Readonly<Record<string, string | number>> = {},
    why = /does not meet the expression/,
  ) => {
    assert.equal(await check(inputs), "failed", place.log);
    assert.match(place.log, why);
  };

  it("passes with enough minutes of requests and none with errors, from a time on or until now", async () => {
    seed();
    seed({ deployment: "blue", answers: { 503: 60 } });
    await passes();
    await passes({ since: ago(13), minutes: 10, minimumMinutes: 9 });
    assert.match(place.log, /timespan=\d{4}-\d{2}-\d{2}T[\d:]+Z\/PT10M&/);
    await passes({ azureSubscription: "azure-ml", resourceGroup: "rg1", workspace: "ws1" });
  });

  it("never passes a deployment that nobody called, however little is asked for", async () => {
    await fails();
    await fails({ minimumMinutes: 0 });
    seed({ deployment: "blue" });
    await fails({ minimumMinutes: 0 });
    seed({ requests: 0 });
    await fails({ minimumMinutes: 0 });
  });

  it("fails with fewer minutes of requests than asked for, and outside of the window", async () => {
    seed({ span: 4 * MINUTE });
    await fails();
    await passes({ minimumMinutes: 4 });
    seed({ ago: 60 * MINUTE });
    await fails();
    await passes({ since: ago(61), minutes: 15 });
    await fails({ since: ago(40), minutes: 10 });
  });

  const errors: [string, string][] = [
    ["503", "an answer of the gateway"],
    ["500", "an answer of the service"],
    ["424/500", "a scoring script that fails, which is 424 to callers"],
  ];
  for (const [answer, what] of errors) {
    it(`counts minutes with ${what} (${answer})`, async () => {
      seed();
      seed({ ago: 8 * MINUTE, span: 2 * MINUTE, requests: 1, answers: { [answer]: 1 } });
      await fails();
      await passes({ maxErrorMinutes: 2 });
      await fails({ maxErrorMinutes: 1 });
      await passes({ errorsPerMinute: 1 });
    });
  }

  it("is not deceived by errors of the live deployment, nor by minutes after errors", async () => {
    seed();
    seed({ deployment: "blue", answers: { 503: 30, "424/500": 30 } });
    seed({ ago: 40 * MINUTE, span: MINUTE, answers: { 503: 30 } });
    await passes();
    await fails({ minutes: 60 });
  });

  it("does not count what callers did wrong", async () => {
    seed({ answers: { 400: 10, 429: 5 } });
    await passes();
  });

  it("counts slow minutes where a limit is given", async () => {
    seed();
    seed({ ago: 6 * MINUTE, span: MINUTE, requests: 1, latency: 900 });
    await passes();
    await passes({ latencyLimitInMilliseconds: 900 });
    await fails({ latencyLimitInMilliseconds: 500 });
    await passes({ latencyLimitInMilliseconds: 500, maxSlowMinutes: 1 });
  });

  it("passes nothing by inputs that lead elsewhere or say no number", async () => {
    seed({ deployment: "blue", endpoint: "fraud" });
    for (const deploymentName of [
      "blue' or deployment eq 'green",
      "blue%27%20or%20deployment%20eq%20%27green",
      "green'&$filter=deployment eq 'blue",
      "green,blue",
      "*",
      "BLUE",
    ])
      assert.equal(await check({ deploymentName }), "failed", `${deploymentName}\n${place.log}`);
    for (const endpointName of [
      "x/../fraud",
      "../onlineEndpoints/fraud",
      "fraud/deployments/blue",
      "x,fraud",
      "nobody",
    ])
      assert.equal(await check({ endpointName, deploymentName: "blue" }), "failed", `${endpointName}\n${place.log}`);
    await passes({ deploymentName: "blue" });
    for (const wrong of [
      { latencyLimitInMilliseconds: "no limit" },
      { latencyLimitInMilliseconds: 0 },
      { errorsPerMinute: "-1" },
      { errorsPerMinute: "many" },
      { minimumMinutes: "few" },
      { maxErrorMinutes: "x" },
      { minutes: 0 },
      { minutes: "x" },
      { since: "yesterday" },
    ])
      assert.equal(
        await check({ deploymentName: "blue", ...wrong } as Record<string, string | number>),
        "failed",
        `${JSON.stringify(wrong)}\n${place.log}`,
      );
  });

  it("fails where there is no such endpoint or deployment", async () => {
    await fails({ endpointName: "nobody" }, /404/);
    await fails({ deploymentName: "nobody" });
  });

  it("passes as a gate once there are enough minutes, and not before", async () => {
    const { devops, azure } = place.cloud;
    const clock = new VirtualClock();
    const { plan } = devops.createBuild("release", { branch: "main", commit: "0".repeat(40), requestedFor: "Ada" });
    const jobId = "00000000-0000-4000-8000-0000000000ab";
    seed({ ago: 5 * MINUTE, span: 2 * MINUTE });
    const running = devops.serverTasks.on(clock).evaluateGates(
      [
        {
          name: "rollout",
          task: readTaskFolder(path.join(root, "tasks", "CheckRollout")).manifest,
          inputs: {
            azureSubscription: place.cloud.connections["azure-ml-federated"].id,
            ...{ resourceGroup: "rg1", workspace: "ws1", endpointName: "fraud", deploymentName: "$(new)" },
          },
          variable: (name) => (/^new$/i.test(name) ? "green" : undefined),
        },
      ],
      { plan, jobId, token: devops.issueJobToken({ plan, jobId }), times: { interval: 300_000, timeout: 3_600_000 } },
    );
    await clock.elapse(300_000);
    await clock.awaited(300_000);
    seed({ ago: 12 * MINUTE, span: 6 * MINUTE, answers: { 503: 1 } });
    await clock.elapse(300_000);
    await clock.awaited(300_000);
    azure.store("scoringMinutes").clear();
    seed();
    await clock.elapse(300_000);
    const { result, samples } = await running;
    assert.equal(result, "succeeded");
    assert.deepEqual(
      samples.map(({ verdicts }) => verdicts[0]?.passed),
      [false, false, false, true],
    );
  });
});
