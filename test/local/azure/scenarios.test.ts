// Scenarios in a running cloud: what its planes, jobs and deployments then do, to whoever asks and to our own library.
import assert from "node:assert/strict";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { TaskError } from "../../../lib/errors.ts";
import { whenFree } from "../../../lib/ml/busy.ts";
import { deploy } from "../../../lib/ml/deploy.ts";
import { putDeployment } from "../../../lib/ml/deployments.ts";
import { getEndpoint } from "../../../lib/ml/endpoints.ts";
import { followJob } from "../../../lib/ml/follow-job.ts";
import { readRollout } from "../../../lib/ml/rollout-files.ts";
import { moveTraffic } from "../../../lib/ml/traffic.ts";
import { jobBoard } from "../../../local/azure/jobs/board.ts";
import { parseScenarios } from "../../../local/azure/scenarios/document.ts";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { project } from "../../lib/ml/projects.ts";
import { openLocal } from "../../lib/ml/world.ts";
import { ask, tokenOf, workspaceAsk } from "./client.ts";
import { JobClient } from "./job-client.ts";
import {
  deploymentRequest,
  endpointRequest,
  goodScript,
  make,
  registerCode,
  registerModel,
  settled,
} from "./onlineScripts.ts";

const HOUR = 3_600_000;

describe("local Azure: scenarios", () => {
  let cloud: LocalCloud;
  let jobs: JobClient;
  let folder: string;
  const rules = (text: string) => cloud.azure.scenarios.add(parseScenarios(`rules:\n${text}`).rules);
  const models = "/models/anything";
  const get = () => workspaceAsk(cloud, "GET", models);

  before(async () => {
    folder = project({
      "scenario.yml":
        "clock: { start: 2030-01-31T08:00:00Z }\nrules:\n  - { name: of the file, request: { method: HEAD }, then: { status: 503 } }\n",
    });
    cloud = await startCloud({ scenarios: path.join(folder, "scenario.yml") });
    // Clients of these tests keep their tokens while years of the cloud pass.
    cloud.azure.directory.lifetime = 10 * 365 * 86_400;
    jobs = new JobClient(cloud);
    await jobs.prepare();
  });
  afterEach(() => {
    cloud.azure.scenarios.clear();
    cloud.azure.clock.speed = 1;
  });
  after(() => cloud.close());

  it("are read from a file, and so is where the clock begins; nothing starts with a file that is wrong", async () => {
    assert.deepEqual(
      cloud.azure.scenarios.unmet().map(({ name }) => name),
      ["of the file"],
    );
    const days = (cloud.azure.clock.now() - Date.parse("2030-01-31T08:00:00Z")) / (24 * HOUR);
    assert.ok(days >= 0 && days < 1, `${days}`);
    const wrong = path.join(project({ "wrong.yml": "rules: [{ job: {} }]" }), "wrong.yml");
    await assert.rejects(startCloud({ scenarios: wrong }), {
      name: "ScenarioError",
      message: /wrong\.yml:1:9: rules\[0\] lacks "then"/,
    });
  });

  describe("requests", () => {
    it("are throttled as often as a rule says, with Retry-After, in the resource manager's own words", async () => {
      rules("  - { name: few, request: { operation: models/read }, times: 1, then: { status: 429, retryAfter: 7 } }");
      const refused = await get();
      assert.equal(refused.status, 429);
      assert.equal(refused.headers["retry-after"], "7");
      assert.equal(refused.headers["x-ms-ratelimit-remaining-subscription-reads"], "0");
      assert.ok(refused.headers["x-ms-request-id"]);
      assert.equal(refused.body.error.code, "SubscriptionRequestsThrottled");
      assert.match(refused.body.error.message, /try again after '7' seconds/);
      assert.equal((await get()).status, 404);
      assert.equal(cloud.azure.scenarios.met("few").length, 1);
      assert.match(JSON.stringify(cloud.har.toHar()), /"status":429/);
    });

    it("are refused with a code, a message and headers of one's own", async () => {
      rules(`  - request: { method: GET, path: "**${models}" }
    then: { status: 400, code: Odd, message: Not today., headers: { x-odd: "1" } }`);
      const { status, body, headers } = await get();
      assert.deepEqual(
        [status, body.error.code, body.error.message, headers["x-odd"]],
        [400, "Odd", "Not today.", "1"],
      );
    });

    it("are refused by each plane in its own form", async () => {
      const token = await tokenOf(cloud);
      rules("  - { request: {}, then: { status: 503, retryAfter: 1 } }");
      const run = `${cloud.urls.api}/history/v1.0${cloud.azure.workspaceId}/runs/x`;
      const [arm, api, storage, login, devops, identity] = await Promise.all([
        workspaceAsk(cloud, "GET", models, { token }),
        ask(cloud, "GET", run, { token }),
        ask(cloud, "GET", `${cloud.urls.storage}/x/y`),
        ask(cloud, "POST", `${cloud.urls.login}/${cloud.tenantId}/oauth2/v2.0/token`, { body: "a=b" }),
        ask(cloud, "GET", `${cloud.urls.devops}/`),
        fetch(cloud.managedIdentity.endpoint),
      ]);
      for (const { status, headers } of [arm, api, storage, login, devops]) {
        assert.deepEqual([status, headers["retry-after"]], [503, "1"]);
      }
      assert.equal(arm.body.error.code, "ServiceUnavailable");
      assert.deepEqual(
        [api.body.error.code, api.body.error.innerError.code, api.body.componentName, api.body.statusCode],
        ["ServiceError", "ServiceUnavailable", "history", 503],
      );
      assert.match(storage.text, /<Code>ServerBusy<\/Code>/);
      assert.equal(storage.headers["x-ms-error-code"], "ServerBusy");
      assert.match(login.body.error_description, /^AADSTS90033: /);
      assert.equal(devops.body.typeKey, "ServiceUnavailable");
      assert.equal(identity.status, 503);
    });

    it("lose their connection before they count, or after", async () => {
      rules(`  - { request: { method: PUT, path: "**/models/lost*/**" }, times: 1, then: { drop: request } }
  - { request: { method: PUT, path: "**/models/kept*/**" }, times: 1, then: { drop: answer } }
  - { request: { method: GET, path: "**/models/kept/versions/1" }, times: 1, then: { drop: midway } }`);
      const put = (name: string) =>
        workspaceAsk(cloud, "PUT", `/models/${name}/versions/1`, {
          body: {
            properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/x", modelType: "custom_model" },
          },
        });
      await assert.rejects(put("lost"), { code: "ECONNRESET" });
      await assert.rejects(put("kept"), { code: "ECONNRESET" });
      await assert.rejects(workspaceAsk(cloud, "GET", "/models/kept/versions/1"), /aborted/);
      assert.equal((await workspaceAsk(cloud, "GET", "/models/lost/versions/1")).status, 404);
      assert.equal((await workspaceAsk(cloud, "GET", "/models/kept/versions/1")).status, 200);
    });

    it("bear a token that has just expired", async () => {
      const token = await tokenOf(cloud);
      rules("  - { request: { plane: arm }, times: 1, then: { expireToken: true } }");
      const refused = await workspaceAsk(cloud, "GET", models, { token });
      assert.equal(refused.status, 401);
      assert.equal(refused.body.error.code, "InvalidAuthenticationToken");
      assert.match(refused.headers["www-authenticate"] ?? "", /^Bearer authorization_uri=/);
      assert.equal((await workspaceAsk(cloud, "GET", models, { token })).status, 401);
      assert.equal((await get()).status, 404);
    });
  });

  describe("jobs", () => {
    it("wait six hours in the queue, which are a moment of ours", async () => {
      rules("  - { job: { name: patient }, then: { queued: 6h } }");
      cloud.azure.clock.speed = (6 * HOUR) / 50;
      await jobs.submit("true", {}, "patient");
      await jobs.until("patient", "Completed");
      const { startTimeUtc, createdUtc } = (await jobs.api("GET", "history/v1.0", "/runs/patient")).body;
      assert.ok(Date.parse(startTimeUtc) - Date.parse(createdUtc) >= 5 * HOUR, `${createdUtc} ${startTimeUtc}`);
    });

    it("are ended at their limit, by the cloud's clock", async () => {
      const limits = { jobLimitsType: "Command", timeout: "PT5H" };
      const name = await jobs.submit("sleep 600", { limits });
      await jobs.until(name, "Running");
      // The limit counts from the moment at which the command begins, which nobody outside can see.
      while ((await jobs.until(name, "Running", "CancelRequested", "Canceled")) === "Running") {
        cloud.azure.clock.leap(5 * HOUR);
        await pause(10);
      }
      assert.equal(await jobs.until(name, "Canceled"), "Canceled");
    });

    it("fail in an image build, with its log, and for want of quota", async () => {
      rules(`  - { job: { name: unbuilt }, then: { fail: { cause: imageBuild, log: no such package } } }
  - { job: { name: homeless }, then: { fail: quota } }`);
      await Promise.all([jobs.submit("true", {}, "unbuilt"), jobs.submit("true", {}, "homeless")]);
      await Promise.all([jobs.until("unbuilt", "Failed"), jobs.until("homeless", "Failed")]);
      const { error, logFiles } = await jobs.details("unbuilt");
      assert.match(error.error.message, /^Image build failed\./);
      const log = await ask(cloud, "GET", logFiles["azureml-logs/20_image_build_log.txt"]);
      assert.match(log.text, /simulated.*\nno such package\n/);
      assert.match((await jobs.details("homeless")).error.error.message, /vCPU quota/);
    });

    it("fail in one step of a pipeline, with a log and an exit code", async () => {
      rules(
        "  - { job: { step: train, parent: nightly }, then: { fail: { cause: command, exitCode: 137, log: it's out } } }",
      );
      const settings = { default_compute: jobs.id("computes/cpu-cluster"), continue_on_step_failure: true };
      const steps: Record<string, object> = {};
      for (const name of ["prepare", "train"]) {
        const environment = `azureml:${jobs.id("environments/plain/versions/1")}`;
        const componentSpec = { type: "command", name, version: "1", command: `echo ${name}`, environment };
        const made = await jobs.arm("PUT", `/components/${name}/versions/1`, { properties: { componentSpec } });
        assert.equal(made.status, 201, made.text);
        steps[name] = { type: "command", componentId: made.body.id };
      }
      const pipeline = await jobs.arm("PUT", "/jobs/nightly", {
        properties: { jobType: "Pipeline", jobs: steps, settings, inputs: {}, outputs: {} },
      });
      assert.equal(pipeline.status, 201, pipeline.text);
      await jobs.until("nightly", "Failed");
      const children = jobBoard(cloud.azure).children("nightly");
      const of = (node: string) => children.find(({ parent }) => parent?.node === node);
      assert.equal(of("prepare")?.status, "Completed");
      const failed = of("train")?.name ?? "";
      assert.match((await jobs.details(failed)).error.error.message, /exited with status code 137/);
      assert.match(await jobs.log(failed), /lets this command fail\.\nit's out\n/);
    });

    it("have metrics that nobody sees for ten minutes", async () => {
      rules("  - { job: { name: slow-metrics }, then: { metricsLate: 10m } }");
      await jobs.submit("sleep 600", {}, "slow-metrics");
      const metric = { run_id: "slow-metrics", key: "auc", value: 0.9, timestamp: 1, step: 0 };
      assert.equal((await jobs.mlflow("POST", "runs/log-metric", metric)).status, 200);
      const seen = async () => (await jobs.mlflow("GET", "runs/get?run_id=slow-metrics")).body.run.data.metrics ?? [];
      assert.deepEqual(await seen(), []);
      cloud.azure.clock.leap(600_000);
      assert.equal((await seen())[0]?.value, 0.9);
      await jobs.arm("POST", "/jobs/slow-metrics/cancel");
      await jobs.until("slow-metrics", "Canceled");
    });
  });

  describe("our library", () => {
    const open = async (asked: string[] = []) =>
      openLocal({ cloud, onRequest: (method, url) => asked.push(`${method} ${new URL(url).pathname}`) });
    const read = async (workspace: Awaited<ReturnType<typeof open>>) =>
      (await workspace.azure.request("GET", `${workspace.id}${models}`, { expect: [404] })).status;

    it("waits as long as it is told where it is throttled", async () => {
      const workspace = await open();
      rules("  - { name: wait, request: { operation: models/read }, times: 1, then: { status: 429, retryAfter: 1 } }");
      const began = performance.now();
      assert.equal(await read(workspace), 404);
      // Without the header it would have been half a second at most.
      assert.ok(performance.now() - began >= 990);
      assert.equal(cloud.azure.scenarios.met("wait").length, 1);
    });

    it("asks again after 503, after a dropped connection, and after half an answer", async () => {
      const workspace = await open();
      rules(`  - { request: { path: "**/models/busy" }, times: 1, then: { status: 503, retryAfter: 0 } }
  - { request: { path: "**/models/dropped" }, times: 1, then: { drop: request } }
  - { request: { path: "**/models/cut" }, times: 1, then: { drop: midway } }`);
      const seen = await Promise.all(
        ["busy", "dropped", "cut"].map((name) =>
          workspace.azure.request("GET", `${workspace.id}/models/${name}`, { expect: [404] }),
        ),
      );
      assert.deepEqual(
        seen.map(({ status, body }) => [status, (body as { error: { code: string } }).error.code]),
        Array(3).fill([404, "UserError"]),
      );
      assert.equal(cloud.azure.scenarios.unmet().length, 0);
    });

    it("submits a job once where the answer to it is lost", async () => {
      const workspace = await open();
      rules('  - { name: lost, request: { method: PUT, path: "**/jobs/once" }, times: 1, then: { drop: answer } }');
      await workspace.azure.request("PUT", `${workspace.id}/jobs/once`, { body: jobs.properties("true") });
      assert.equal(cloud.azure.scenarios.met("lost").length, 1);
      assert.equal((await followJob(workspace, "once", {})).status, "Completed");
    });

    it("follows a job through an outage that its own requests do not outlive", async () => {
      const workspace = await open();
      rules(`  - { job: { name: followed }, then: { queued: 1h } }
  - { name: out, request: { plane: api, path: "**/runs/followed/details" }, skip: 1, times: 7, then: { status: 503, retryAfter: 0 } }`);
      await jobs.submit("true", {}, "followed");
      const following = followJob(workspace, "followed", {});
      following.catch(() => {});
      while (cloud.azure.scenarios.met("out").length < 7) await pause(5);
      cloud.azure.clock.leap(HOUR);
      assert.equal((await following).status, "Completed");
      assert.match(workspace.log.text(), /\[warning\] Azure cannot be asked at the moment\.[\s\S]*Azure answers again/);
    });

    it("renews a token that is said to have expired, once for all who were refused, and gives up where that does not help", async () => {
      const asked: string[] = [];
      const workspace = await open(asked);
      await read(workspace);
      const tokens = () => asked.filter((line) => /POST .*\/oauth2\/v2\.0\/token$/.test(line)).length;
      const before = tokens();
      rules("  - { request: { plane: arm }, times: 1, then: { expireToken: true } }");
      assert.deepEqual(await Promise.all(Array.from({ length: 8 }, () => read(workspace))), Array(8).fill(404));
      assert.equal(tokens(), before + 1);
      rules("  - { name: no, request: { plane: arm }, then: { status: 401 } }");
      await assert.rejects(read(workspace), (error) => error instanceof TaskError && error.status === 401);
      assert.equal(cloud.azure.scenarios.met("no").length, 2);
    });

    it("lives with tokens that a fast clock lets expire, though its own clock is slow", async () => {
      const asked: string[] = [];
      const { directory } = cloud.azure;
      const { lifetime } = directory;
      directory.lifetime = 3_600;
      try {
        const workspace = await open(asked);
        for (const _hours of [1, 2, 3]) {
          assert.equal(await read(workspace), 404);
          cloud.azure.clock.leap(2 * HOUR);
        }
      } finally {
        directory.lifetime = lifetime;
      }
      assert.ok(asked.filter((line) => line.endsWith("/oauth2/v2.0/token")).length >= 3);
    });

    it("moves traffic as soon as another deployment's operation has ended, from what there is by then", async () => {
      const [code, model] = await Promise.all([
        registerCode(cloud, "good", goodScript),
        registerModel(cloud, "greeter"),
      ]);
      await make(cloud, "/onlineEndpoints/busy", endpointRequest());
      // Traffic goes to what is there, whether or not it came up.
      rules("  - { deployment: { endpoint: busy, name: blue }, then: { fail: service } }");
      await make(cloud, "/onlineEndpoints/busy/deployments/blue", deploymentRequest(model, code));
      rules("  - { deployment: { endpoint: busy, name: green }, then: { takes: 1h, fail: unhealthy } }");
      const green = await workspaceAsk(cloud, "PUT", "/onlineEndpoints/busy/deployments/green", {
        body: deploymentRequest(model, code),
      });
      assert.equal(green.status, 201);
      const workspace = await open();
      const touched: unknown[] = [];
      const moving = moveTraffic(workspace, await getEndpoint(workspace, "busy"), {
        endpoint: "busy",
        deployment: "blue",
        percent: 100,
        left: () => 60_000,
        onTouch: (before) => touched.push(before),
      });
      moving.catch(() => {});
      const waiting = "Another operation is under way on the endpoint busy; waiting for its end.";
      while (!workspace.log.lines.includes(waiting)) await pause(5);
      cloud.azure.clock.leap(HOUR);
      assert.deepEqual(await moving, { blue: 100 });
      assert.equal(touched.at(-1), undefined);
      const end = await settled(cloud, green);
      assert.deepEqual([end.status, end.error.code], ["Failed", "ResourceNotReady"]);
      const { content } = (
        await workspaceAsk(cloud, "POST", "/onlineEndpoints/busy/deployments/green/getLogs", { body: {} })
      ).body;
      assert.match(content, /a scenario lets this deployment fail/);
    });

    /** The rollout of a deployment `blue` that any script will do for, not called before it gets its traffic. */
    const rollOut = async (endpoint: string) => {
      const root = project({
        "endpoint.yml": JSON.stringify({ name: endpoint, auth_mode: "key" }),
        "deployment.yml": JSON.stringify({
          name: "blue",
          endpoint_name: endpoint,
          code_configuration: { code: "code", scoring_script: "score.py" },
          environment: { image: "ubuntu" },
          instance_type: "Standard_DS2_v2",
          instance_count: 1,
        }),
        "code/score.py": "def init(): pass\ndef run(raw): return 1\n",
      });
      const files = {
        endpointFile: path.join(root, "endpoint.yml"),
        deploymentFile: path.join(root, "deployment.yml"),
        endpointName: undefined,
        deploymentName: undefined,
        model: undefined,
      };
      const workspace = await open();
      const options = { trafficPercent: 100, deleteOldDeployments: false, onFailure: "deleteDeployment" } as const;
      return { workspace, report: deploy(workspace, { root, ...readRollout(files, root), ...options }) };
    };

    it("rolls a deployment out past everything that stands in its way for a while", async () => {
      rules(`  - { request: { operation: onlineEndpoints/deployments/write }, times: 1, then: { status: 409 } }
  - request: { operation: onlineEndpoints/write }
    skip: 1
    times: 1
    then: { status: 400, message: Cannot update endpoint rolling because it is in Updating provisioning state. }`);
      const { workspace, report } = await rollOut("rolling");
      assert.deepEqual((await report).traffic, { blue: 100 });
      assert.equal(cloud.azure.scenarios.unmet().length, 0);
      assert.match(workspace.log.text(), /under way on the deployment blue[\s\S]*under way on the endpoint rolling/);
    });

    it("leaves a deployment as it is that went live while the rollout waited", async () => {
      rules(`  - { deployment: { endpoint: raced }, then: { fail: service } }
  - { name: raced, request: { operation: onlineEndpoints/deployments/write }, skip: 1, then: { status: 409 } }`);
      const body = deploymentRequest(
        await registerModel(cloud, "raced"),
        await registerCode(cloud, "raced", goodScript),
      );
      await make(cloud, "/onlineEndpoints/raced", endpointRequest());
      await make(cloud, "/onlineEndpoints/raced/deployments/blue", body);
      const { report } = await rollOut("raced");
      report.catch(() => {});
      while (cloud.azure.scenarios.met("raced").length === 0) await pause(5);
      await make(cloud, "/onlineEndpoints/raced", endpointRequest({ traffic: { blue: 100 } }));
      await assert.rejects(report, {
        kind: "conflict",
        message: /blue of raced got 100 % of the traffic, so it is left/,
      });
      const { traffic } = (await getEndpoint(await open(), "raced")).properties;
      assert.deepEqual(traffic, { blue: 100 });
      assert.equal((await workspaceAsk(cloud, "GET", "/onlineEndpoints/raced/deployments/blue")).status, 200);
    });

    it("says the service's words where it waited for nothing, and does not wait for what is no operation", async () => {
      const workspace = await open();
      rules("  - { request: { operation: onlineEndpoints/write }, then: { status: 409 } }");
      const put = () =>
        workspace.azure.request("PUT", `${workspace.id}/onlineEndpoints/x`, { body: endpointRequest() });
      await assert.rejects(
        whenFree(workspace, "the endpoint x", 1, put),
        (error) =>
          error instanceof TaskError &&
          error.kind === "timeout" &&
          /for another operation on the endpoint x to end: .*another operation on same entity is already running/.test(
            error.message,
          ),
      );
      cloud.azure.scenarios.clear();
      rules("  - { name: never, request: { operation: onlineEndpoints/write }, then: { status: 403 } }");
      await assert.rejects(whenFree(workspace, "the endpoint x", 60_000, put), { kind: "forbidden" });
      assert.equal(cloud.azure.scenarios.met("never").length, 1);
    });

    it("says why a deployment did not come up for want of quota", async () => {
      const workspace = await open();
      await make(cloud, "/onlineEndpoints/poor", endpointRequest());
      rules("  - { deployment: { endpoint: poor }, then: { fail: quota } }");
      const code = await registerCode(cloud, "any", goodScript);
      const body = deploymentRequest(await registerModel(cloud, "any"), code);
      await assert.rejects(
        putDeployment(workspace, "poor", "blue", body),
        (error) => error instanceof TaskError && error.code === "OutOfQuota" && /CPU quota/.test(error.message),
      );
    });
  });
});
