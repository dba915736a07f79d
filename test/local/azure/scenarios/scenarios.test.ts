// Scenarios in a running cloud: what its planes, jobs and deployments then do, to whoever asks and to our own library.
import assert from "node:assert/strict";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { TaskError } from "../../../../lib/errors.ts";
import { jobService } from "../../../../local/azure/jobs/service.ts";
import { parseScenarios } from "../../../../local/azure/scenarios/document.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { project } from "../../../lib/ml/projects.ts";
import { openLocal } from "../../../lib/ml/world.ts";
import { ask, tokenOf, workspaceAsk } from "../client.ts";
import { JobClient } from "../job-client.ts";
import { stories } from "./stories.ts";

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
  const forget = () => {
    cloud.azure.scenarios.clear();
    cloud.azure.clock.speed = 1;
  };
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
    beforeEach(forget);
    it("are throttled as often as a rule says, with Retry-After, in the resource manager's own words", async () => {
      rules("  - { name: few, request: { operation: models/read }, times: 1, then: { status: 429, retryAfter: 7 } }");
      const refused = await get();
      assert.equal(refused.status, 429);
      assert.equal(refused.headers["retry-after"], "7");
      assert.equal(refused.headers["x-local-azure-scenario"], "few");
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

  it("tells clients how long tokens are good by their own clock", async () => {
    const { clock, directory } = cloud.azure;
    const { lifetime } = directory;
    directory.lifetime = 86_400;
    clock.speed = 3_600;
    try {
      const form = new URLSearchParams({
        grant_type: "client_credentials",
        client_id: cloud.credentials.contributor.clientId,
        client_secret: cloud.credentials.contributor.secret,
        scope: "https://management.azure.com/.default",
      });
      const answer = await ask(cloud, "POST", `${cloud.urls.login}/${cloud.tenantId}/oauth2/v2.0/token`, {
        body: form.toString(),
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
      });
      assert.equal(answer.body.expires_in, 24);
      const { exp, iat } = JSON.parse(Buffer.from(answer.body.access_token.split(".")[1], "base64url").toString());
      assert.equal(exp - iat, 86_400);
      const { endpoint, header } = cloud.managedIdentity;
      const url = `${endpoint}?api-version=2019-08-01&resource=https://management.azure.com`;
      const before = Date.now() / 1000;
      const identity = await (await fetch(url, { headers: { "X-IDENTITY-HEADER": header } })).json();
      const left = Number((identity as { expires_on: string }).expires_on) - before;
      assert.ok(left >= 23 && left <= 24 + Date.now() / 1000 - before, `${left}`);
    } finally {
      directory.lifetime = lifetime;
      clock.speed = 1;
    }
  });

  describe("jobs", () => {
    beforeEach(forget);
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
      const children = jobService(cloud.azure).children("nightly");
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

  describe("our library and its tokens", () => {
    beforeEach(forget);
    const open = (asked: string[]) =>
      openLocal({ cloud, onRequest: (method, url) => asked.push(`${method} ${new URL(url).pathname}`) });
    const read = async (workspace: Awaited<ReturnType<typeof open>>) =>
      (await workspace.azure.request("GET", `${workspace.id}${models}`, { expect: [404] })).status;

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
  });

  // They wait for seconds, so they wait side by side; each has rules for names of its own.
  describe("our library", () => {
    const told = new Map<string, Promise<void>>();
    before(() => {
      forget();
      for (const [title, story] of Object.entries(stories)) {
        const running = story(cloud, jobs);
        running.catch(() => {});
        told.set(title, running);
      }
    });
    for (const title of Object.keys(stories)) it(title, () => told.get(title));
  });
});
