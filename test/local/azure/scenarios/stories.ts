// The library in a cloud with faults. Each story waits for a second or more, so that they are told side by side: the rules of each are for
// names that no other uses, and only one lets the clock leap.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Container } from "../../../../lib/azure/blobs.ts";
import { downloadFiles, type FileToDownload } from "../../../../lib/azure/index.ts";
import { API_VERSIONS } from "../../../../lib/documents/index.ts";
import { TaskError } from "../../../../lib/errors.ts";
import { putDeployment } from "../../../../lib/ml/endpoints/deployments.ts";
import { EndpointLock } from "../../../../lib/ml/endpoints/endpoint-lock.ts";
import { getEndpoint } from "../../../../lib/ml/endpoints/endpoints.ts";
import { moveTraffic } from "../../../../lib/ml/endpoints/traffic.ts";
import { followJob } from "../../../../lib/ml/jobs/follow-job.ts";
import { deploy } from "../../../../lib/ml/rollout/deploy.ts";
import { readRollout } from "../../../../lib/ml/rollout/rollout-files.ts";
import { retryOnConflict } from "../../../../lib/ml/workspace/retry-on-conflict.ts";
import { parseScenarios } from "../../../../local/azure/scenarios/document.ts";
import type { LocalCloud } from "../../../../local/cloud.ts";
import { until } from "../../../harness/until.ts";
import { project } from "../../../lib/ml/projects.ts";
import { openAzure, openLocal } from "../../../lib/ml/world.ts";
import { workspaceAsk } from "../client.ts";
import type { JobClient } from "../job-client.ts";
import { deploymentRequest, endpointRequest, make, settled } from "../online-scripts.ts";

/** Adds rules to a cloud, as a file would have them. */
const addRules = (cloud: LocalCloud, ...rules: string[]) =>
  cloud.azure.scenarios.add(parseScenarios(`rules:\n${rules.map((rule) => `  - ${rule}\n`).join("")}`).rules);

/** A deployment of nothing in particular, for where it never gets as far as a container. */
const anything = (cloud: LocalCloud) => {
  const known = (noun: "codes" | "models") => `${cloud.azure.workspaceId}/${noun}/any/versions/1`;
  for (const noun of ["codes", "models"] as const)
    cloud.azure.assets[noun].put("any", "1", {}, { name: "Ada", type: "User" });
  return deploymentRequest(known("models"), known("codes"));
};

/** The rollout of a deployment `blue` that any script will do for. */
async function rollOut(cloud: LocalCloud, endpoint: string) {
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
  const workspace = await openLocal({ cloud });
  const call = { request: "{}", expectations: [] };
  const options = { call, trafficPercent: 100, deleteOldDeployments: false, onFailure: "deleteDeployment" } as const;
  return { workspace, report: deploy(workspace, { root, ...readRollout(files, root), ...options }) };
}

type Story = (cloud: LocalCloud, jobs: JobClient) => Promise<void>;

export const stories: Readonly<Record<string, Story>> = {
  async "waits as long as it is told where it is throttled"(cloud) {
    const { azure, id } = await openLocal({ cloud });
    addRules(
      cloud,
      '{ name: wait, request: { path: "**/models/told" }, times: 1, then: { status: 429, retryAfter: 1 } }',
    );
    const began = performance.now();
    assert.equal((await azure.request("GET", `${id}/models/told`, { expect: [404] })).status, 404);
    // Without the header it would have been half a second at most.
    assert.ok(performance.now() - began >= 990);
    assert.equal(cloud.azure.scenarios.met("wait").length, 1);
  },

  async "asks again after 503, after a dropped connection, and after half an answer"(cloud) {
    const { azure, id } = await openLocal({ cloud });
    const names = ["busy", "dropped", "cut"];
    const [busy, dropped, cut] = ["{ status: 503, retryAfter: 0 }", "{ drop: request }", "{ drop: midway }"];
    for (const [index, effect] of [busy, dropped, cut].entries())
      addRules(cloud, `{ name: again, request: { path: "**/models/${names[index]}" }, times: 1, then: ${effect} }`);
    const seen = await Promise.all(
      names.map((name) => azure.request("GET", `${id}/models/${name}`, { expect: [404] })),
    );
    assert.deepEqual(
      seen.map(({ status, body }) => [status, (body as { error: { code: string } }).error.code]),
      Array(3).fill([404, "UserError"]),
    );
    assert.equal(cloud.azure.scenarios.met("again").length, 3);
  },

  async "brings files to storage and back though it is busy, drops connections, and breaks off in an answer"(cloud) {
    const content: Record<string, string> = { busy: "1", dropped: "22", lost: "333", cut: "4444" };
    const folder = project(content);
    const faults = [
      ["PUT", "busy", "{ status: 503 }"],
      ["PUT", "dropped", "{ drop: request }"],
      ["PUT", "lost", "{ drop: answer }"],
      ["GET", "cut", "{ drop: midway }"],
      ["GET", "", "{ drop: midway }"],
    ];
    for (const [method, blob, effect] of faults) {
      const path = `**/faults${blob === "" ? "" : `/${blob}`}`;
      addRules(
        cloud,
        `{ name: storage, request: { plane: storage, method: ${method}, path: "${path}" }, times: 1, then: ${effect} }`,
      );
    }
    const { blobs } = cloud.azure;
    await blobs.container("faults");
    const access = { kind: "sas", sasToken: blobs.sasToken("faults", "", "racwdl", 60) } as const;
    const container = new Container(await openAzure({ cloud }), `${cloud.urls.storage}/faults`, access);
    const files = Object.entries(content).map(([blob, text]) => ({
      file: path.join(folder, blob),
      blob,
      size: text.length,
    }));
    await container.upload(files, { overwrite: false, metadata: { upload_status: "completed" } });
    const found: FileToDownload[] = [];
    for await (const blob of container.files("")) found.push({ blob, relative: blob.name });
    const target = project({});
    await downloadFiles(container, found, target);
    for (const [blob, text] of Object.entries(content))
      assert.equal(readFileSync(path.join(target, blob), "utf8"), text);
    assert.equal(cloud.azure.scenarios.met("storage").length, faults.length);
  },

  async "submits a job once where the answer to it is lost"(cloud, jobs) {
    const workspace = await openLocal({ cloud });
    addRules(cloud, '{ name: lost, request: { method: PUT, path: "**/jobs/once" }, times: 1, then: { drop: answer } }');
    await workspace.azure.request("PUT", `${workspace.id}/jobs/once`, { body: jobs.properties("true") });
    assert.equal(cloud.azure.scenarios.met("lost").length, 1);
    assert.equal((await followJob(workspace, "once", {})).status, "Completed");
  },

  async "follows a job through an outage that its own requests do not outlive"(cloud, jobs) {
    const workspace = await openLocal({ cloud });
    addRules(
      cloud,
      '{ name: out, request: { plane: api, path: "**/runs/followed/details" }, skip: 1, times: 7, then: { status: 503, retryAfter: 0 } }',
    );
    const end = path.join(project({}), "end");
    await jobs.submit(`while [ ! -e '${end}' ]; do sleep 0.1; done`, {}, "followed");
    const following = followJob(workspace, "followed", {});
    following.catch(() => {});
    await until("seven looks met the outage", () => cloud.azure.scenarios.met("out").length >= 7);
    writeFileSync(end, "");
    assert.equal((await following).status, "Completed");
    assert.match(workspace.log.text(), /\[warning\] Azure cannot be asked at the moment\.[\s\S]*Azure answers again/);
  },

  async "moves traffic as soon as another deployment's operation has ended"(cloud) {
    // Traffic goes to what is there, whether or not it came up.
    addRules(
      cloud,
      "{ deployment: { endpoint: moved, name: blue }, then: { fail: service } }",
      "{ deployment: { endpoint: moved, name: green }, then: { takes: 1h, fail: unhealthy } }",
    );
    await make(cloud, "/onlineEndpoints/moved", endpointRequest());
    await make(cloud, "/onlineEndpoints/moved/deployments/blue", anything(cloud));
    const at = "/onlineEndpoints/moved/deployments/green";
    const green = await workspaceAsk(cloud, "PUT", at, { body: anything(cloud) });
    assert.equal(green.status, 201);
    const workspace = await openLocal({ cloud });
    const written: unknown[] = [];
    let isMoved = false;
    const moving = moveTraffic(workspace, {
      endpoint: "moved",
      deployment: "blue",
      percent: 100,
      lock: new EndpointLock(workspace, "moved"),
      left: () => 60_000,
      onWrite: async (changes) => void written.push(changes),
      onMoved: async () => {
        isMoved = true;
      },
    });
    moving.catch(() => {});
    const waiting = "Another operation is under way on the endpoint moved; waiting for its end.";
    await until("it says that it waits", () => workspace.log.lines.includes(waiting));
    cloud.azure.clock.leap(3_600_000);
    assert.deepEqual(await moving, { before: {}, after: { blue: 100 } });
    assert.deepEqual([written.at(-1), isMoved], [{ blue: [0, 100] }, true]);
    const end = await settled(cloud, green);
    // Recorded of a failed operation of November 2025: it has no code, and its message begins with the reason.
    assert.equal(end.status, "Failed");
    assert.match(end.error.message, /^ResourceNotReady\b/);
    const log = await workspaceAsk(cloud, "POST", `${at}/getLogs`, { body: {} });
    assert.match(log.body.content, /a scenario lets this deployment fail/);
  },

  async "rolls a deployment out past everything that stands in its way for a while"(cloud) {
    addRules(
      cloud,
      '{ name: past, request: { method: PUT, path: "**/onlineEndpoints/rolling/deployments/*" }, times: 1, then: { status: 409 } }',
      '{ name: past, request: { method: PUT, path: "**/onlineEndpoints/rolling" }, skip: 1, times: 1, then: { status: 400, message: It is in Updating provisioning state. } }',
    );
    addRules(cloud, "{ name: past, request: { plane: scoring }, times: 1, then: { drop: request } }");
    const { workspace, report } = await rollOut(cloud, "rolling");
    assert.deepEqual((await report).traffic, { blue: 100 });
    assert.equal(cloud.azure.scenarios.met("past").length, 3);
    assert.match(workspace.log.text(), /under way on the deployment blue[\s\S]*under way on the endpoint rolling/);
  },

  async "leaves a deployment as it is that went live while the rollout waited"(cloud) {
    addRules(
      cloud,
      "{ deployment: { endpoint: raced }, then: { fail: service } }",
      '{ name: raced, request: { method: PUT, path: "**/onlineEndpoints/raced/deployments/*" }, skip: 1, then: { status: 409 } }',
    );
    await make(cloud, "/onlineEndpoints/raced", endpointRequest());
    await make(cloud, "/onlineEndpoints/raced/deployments/blue", anything(cloud));
    const { report } = await rollOut(cloud, "raced");
    report.catch(() => {});
    await until("the rollout met the other", () => cloud.azure.scenarios.met("raced").length > 0);
    await make(cloud, "/onlineEndpoints/raced", endpointRequest({ traffic: { blue: 100 } }));
    await assert.rejects(report, {
      kind: "conflict",
      message: /blue of raced got 100 % of the traffic, so it is left/,
    });
    const { traffic } = (await getEndpoint(await openLocal({ cloud }), "raced")).properties;
    assert.deepEqual(traffic, { blue: 100 });
    assert.equal((await workspaceAsk(cloud, "GET", "/onlineEndpoints/raced/deployments/blue")).status, 200);
  },

  async "says the service's words where it waited in vain, and does not wait for what is no operation"(cloud) {
    const workspace = await openLocal({ cloud });
    addRules(
      cloud,
      '{ request: { method: PUT, path: "**/onlineEndpoints/held" }, then: { status: 409 } }',
      '{ name: no, request: { method: PUT, path: "**/onlineEndpoints/kept" }, then: { status: 403 } }',
    );
    const put = (name: string) => () =>
      workspace.azure.request("PUT", `${workspace.id}/onlineEndpoints/${name}`, { body: endpointRequest() });
    await assert.rejects(
      retryOnConflict(workspace, "the endpoint held", 1, put("held")),
      (error) =>
        error instanceof TaskError &&
        error.kind === "timeout" &&
        /another operation on the endpoint held to end: .*on same entity is already running/.test(error.message),
    );
    await assert.rejects(retryOnConflict(workspace, "the endpoint kept", 60_000, put("kept")), { kind: "forbidden" });
    assert.equal(cloud.azure.scenarios.met("no").length, 1);
  },

  async "says why a deployment did not come up for want of quota"(cloud) {
    addRules(cloud, "{ deployment: { endpoint: poor }, then: { fail: quota } }");
    await make(cloud, "/onlineEndpoints/poor", endpointRequest());
    const write = {
      method: "PUT" as const,
      path: "onlineEndpoints/poor/deployments/blue",
      apiVersion: API_VERSIONS.onlineDeployments,
      body: anything(cloud) as Record<string, unknown>,
    };
    await assert.rejects(
      putDeployment(await openLocal({ cloud }), "poor", "blue", write, { deadline: () => undefined }).then((ready) =>
        ready(),
      ),
      (error) => error instanceof TaskError && error.code === "OutOfQuota" && /CPU quota/.test(error.message),
    );
  },
};
