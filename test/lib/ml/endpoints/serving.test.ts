// Models and endpoints: registered once, rolled out beside what is live, called, and all as before when something fails.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { TaskError } from "../../../../lib/errors.ts";
import { listDeployments } from "../../../../lib/ml/endpoints/deployments.ts";
import { endpointWrite, findEndpoint, putEndpoint, withTraffic } from "../../../../lib/ml/endpoints/endpoints.ts";
import { parseExpectations } from "../../../../lib/ml/endpoints/expectations.ts";
import { invokeEndpoint, readRequest } from "../../../../lib/ml/endpoints/invoke.ts";
import { followJob } from "../../../../lib/ml/jobs/follow-job.ts";
import type { ModelRequest } from "../../../../lib/ml/register/model-request.ts";
import { registerModel } from "../../../../lib/ml/register/register-model.ts";
import { deploy } from "../../../../lib/ml/rollout/deploy.ts";
import { readRollout } from "../../../../lib/ml/rollout/rollout-files.ts";
import { submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import { registriesOf, registryAssets } from "../../../../local/azure/workspace/registries.ts";
import { commandJob, project } from "../projects.ts";
import { scoringProject } from "../rollouts.ts";
import { answered, type Opening, openLocal, provenance, theCloud } from "../world.ts";

interface More {
  readonly how?: string;
  readonly deployment?: string;
  readonly expect?: string;
  readonly keep?: boolean;
  readonly percent?: number;
  readonly remove?: boolean;
  readonly endpoint?: Record<string, unknown>;
  /** In place of the YAML's own. */
  readonly model?: string;
  readonly environment?: string;
  readonly between?: Opening["between"];
}
async function rollOut(endpoint: string, more: More = {}) {
  const { how, deployment, endpoint: settings, environment } = more;
  const folder = scoringProject(endpoint, { how, deployment, endpoint: settings, environment });
  const writes: string[] = [];
  const workspace = await openLocal({
    ...(more.between === undefined ? {} : { between: more.between }),
    onRequest: (method, url) =>
      method !== "GET" && writes.push(`${method} ${new URL(url).pathname.split("/workspaces/ws1/")[1] ?? ""}`),
  });
  writes.length = 0;
  const files = {
    endpointFile: path.join(folder, "endpoint.yml"),
    deploymentFile: path.join(folder, "deployment.yml"),
    endpointName: undefined,
    deploymentName: undefined,
    model: more.model,
  };
  const run = deploy(workspace, {
    root: folder,
    ...readRollout(files, folder),
    call: {
      request: readRequest(path.join(folder, "request.json")),
      expectations: parseExpectations(more.expect ?? "$.doubled == [2, 4]"),
    },
    trafficPercent: more.percent ?? 100,
    deleteOldDeployments: more.remove ?? false,
    onFailure: more.keep ? "keepDeployment" : "deleteDeployment",
  });
  return { workspace, writes, report: run };
}
const state = async (endpoint: string) => {
  const workspace = await openLocal();
  const names = (await listDeployments(workspace, endpoint)).map(({ name }) => name);
  return { traffic: (await findEndpoint(workspace, endpoint))?.properties.traffic, names: names.sort() };
};
/** A model and an environment of a registry, as deployments name them. */
async function inRegistry() {
  const { azure } = await theCloud();
  const record = { name: "serving", id: "r", location: azure.location, tags: {}, properties: {} };
  registriesOf(azure).set(record.name, record);
  await azure.blobs.put("serving", "served/model.json", "{}");
  const properties = { modelUri: azure.blobs.url("serving", "served"), modelType: "custom_model" };
  registryAssets(azure, "serving")?.models.put("served", "1", properties, { name: "Ada", type: "User" });
  return {
    model: "azureml://registries/serving/models/served/versions/1",
    environment: "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
  };
}
const fresh = () => `ep-${randomUUID().slice(0, 8)}`;

describe("rollouts", () => {
  it("makes the endpoint, calls the deployment at 0 %, moves the traffic; the same again changes nothing", async () => {
    const name = fresh();
    const first = await rollOut(name);
    const report = await first.report;
    assert.deepEqual([report.deployment, report.traffic, report.trafficBefore], ["blue", { blue: 100 }, {}]);
    assert.ok(first.workspace.log.lines.some((line) => /^blue answered in \d+ ms at 0 % of the traffic\.$/.test(line)));
    const again = await rollOut(name);
    assert.deepEqual((await again.report).traffic, { blue: 100 });
    assert.deepEqual(
      again.writes.filter((one) => /^(PUT|DELETE) onlineEndpoints/.test(one)),
      [],
    );
  });

  it("stands beside a live one of the same name, keeps the other's share and what it does not manage", async () => {
    const name = fresh();
    await (await rollOut(name)).report;
    const second = await (await rollOut(name, { how: "other", percent: 30 })).report;
    assert.deepEqual([second.deployment, second.traffic], ["blue-2", { blue: 70, "blue-2": 30 }]);
    const workspace = await openLocal();
    assert.equal((await findEndpoint(workspace, name))?.tags?.["team"], "a");
    const third = await (
      await rollOut(name, { how: "third", deployment: "green", remove: true, ...(await inRegistry()) })
    ).report;
    assert.deepEqual([third.traffic, third.model], [{ green: 100 }, (await inRegistry()).model]);
    assert.deepEqual(await state(name), { traffic: { green: 100 }, names: ["green"] });
  });

  for (const [what, status, body] of [
    ["no answer that can be read", 200, "<html></html>"],
    ["a failure of the service", 503, { error: { code: "ServiceUnavailable", message: "later" } }],
  ] as const)
    it(`moves the traffic anew from what stands where the write had ${what}, and undoes nothing of others`, async () => {
      const name = fresh();
      let met = 0;
      const { report } = await rollOut(name, {
        between: async (request, send) => {
          const moves = /\/onlineEndpoints\/[^/?]+\?/.test(request.url) && /"blue":100/.test(String(request.body));
          if (request.method !== "PUT" || !moves || met > 0) return send();
          met += 1;
          const other = await openLocal();
          const there = (await findEndpoint(other, name))!;
          const tags = { ...there.tags, owner: "somebody else" };
          const theirs = { ...withTraffic(there, there.properties.traffic ?? {}), tags };
          await putEndpoint(other, name, endpointWrite(name, theirs));
          return answered(request, status, body);
        },
      });
      assert.deepEqual((await report).traffic, { blue: 100 });
      assert.equal(met, 1);
      assert.equal((await findEndpoint(await openLocal(), name))?.tags?.["owner"], "somebody else");
    });

  const failures: [string, More, RegExp, RegExp | undefined][] = [
    ["never comes up", { how: "broken", deployment: "green" }, /deployment green/, /no model in here/],
    [
      "answers what it should not",
      { how: "wrong", deployment: "green" },
      /\$\.doubled is \[3,6\], not \[2,4\]\.\n {2}\$\.doubled\n- \[2,4\]\n\+ \[3,6\]/,
      /init of the scoring script/,
    ],
    [
      "fails at its call",
      { how: "raises", deployment: "green" },
      /scoring script of the deployment green .* failed/,
      /KeyError: 'rowz'/,
    ],
  ];
  // A failure leaves everything as it was, so that they can share one endpoint.
  const shared = fresh();
  before(async () => (await rollOut(shared)).report);
  for (const keep of [false, true]) {
    for (const [what, more, message, log] of keep ? failures.slice(1, 2) : failures) {
      it(`leaves the traffic as before when the new one ${what}, and ${keep ? "keeps" : "deletes"} it`, async () => {
        const { report, workspace } = await rollOut(shared, { ...more, keep });
        await assert.rejects(
          report,
          (error: unknown) => error instanceof TaskError && error.kind === "failed" && message.test(error.message),
        );
        assert.deepEqual(await state(shared), { traffic: { blue: 100 }, names: keep ? ["blue", "green"] : ["blue"] });
        if (log) assert.match(workspace.log.text(), log);
      });
    }
  }

  it("refuses an endpoint that is not there and is not to be made, and a name that Azure refuses", async () => {
    const folder = scoringProject(fresh());
    const files = {
      endpointFile: undefined,
      deploymentFile: path.join(folder, "deployment.yml"),
      endpointName: undefined,
      deploymentName: undefined,
      model: undefined,
    };
    const { deployment } = readRollout(files, folder);
    const options = {
      endpoint: undefined,
      deployment,
      trafficPercent: 100,
      deleteOldDeployments: false,
      onFailure: "deleteDeployment" as const,
      root: folder,
    };
    await assert.rejects(
      openLocal().then((workspace) => deploy(workspace, options)),
      { kind: "notFound", message: /no online endpoint "ep-/ },
    );
    assert.throws(
      () =>
        readRollout(
          { ...files, endpointFile: path.join(folder, "endpoint.yml"), endpointName: "has_underscore" },
          folder,
        ),
      /3 to 32 characters/,
    );
    writeFileSync(path.join(folder, "other.yml"), "name: another-one\nauth_mode: key\n");
    assert.throws(
      () => readRollout({ ...files, endpointFile: path.join(folder, "other.yml") }, folder),
      /is a deployment of the endpoint ep-/,
    );
  });

  it("refuses a model that is not there before anything is created", async () => {
    const folder = scoringProject(fresh());
    const files = {
      endpointFile: path.join(folder, "endpoint.yml"),
      deploymentFile: path.join(folder, "deployment.yml"),
      endpointName: undefined,
      deploymentName: undefined,
      model: "no-model:1",
    };
    const writes: string[] = [];
    const workspace = await openLocal({
      onRequest: (method, url) => method !== "GET" && !url.includes("/oauth2/") && writes.push(url),
    });
    await assert.rejects(
      deploy(workspace, {
        ...readRollout(files, folder),
        trafficPercent: 100,
        deleteOldDeployments: false,
        onFailure: "deleteDeployment",
        root: folder,
      }),
      { kind: "notFound", message: /no model "no-model"/ },
    );
    assert.deepEqual(writes, []);
  });

  it("calls an endpoint with a key, with its own token and with one from Entra", async () => {
    const modes = ["key", "aml_token", "aad_token"];
    const replies = await Promise.all(
      modes.map(async (auth_mode) => {
        const name = fresh();
        await (await rollOut(name, { endpoint: { auth_mode } })).report;
        const call = { request: '{"values": [4]}', expectations: parseExpectations("$.doubled[0] == 8") };
        return invokeEndpoint(await openLocal(), name, call);
      }),
    );
    assert.deepEqual(
      replies.map(({ status, deployment }) => [status, deployment]),
      modes.map(() => [200, "blue"]),
    );
  });

  it("waits for a reply as long as a deployment may take for one", async () => {
    const patience: number[] = [];
    const workspace = await openLocal({
      between(sent, send) {
        if (sent.url.includes("/score")) patience.push(sent.timeout);
        return send();
      },
    });
    await invokeEndpoint(workspace, shared, { request: '{"values": [4]}', expectations: [] });
    // Five minutes on Kubernetes, three elsewhere.
    assert.ok(patience.length === 1 && Number(patience[0]) > 300_000, `${patience} milliseconds`);
  });

  it("says what is wrong with a call", async () => {
    const name = shared;
    const workspace = await openLocal();
    const call = (more: object) =>
      invokeEndpoint(workspace, name, { request: '{"values": [4]}', expectations: [], ...more });
    await assert.rejects(call({ maxLatencyInMilliseconds: 0 }), { kind: "failed", message: /at most 0 ms/ });
    await assert.rejects(call({ deployment: "nobody" }), { kind: "failed", message: /nobody/ });
    await assert.rejects(call({ request: "{}" }), { kind: "failed", message: /scoring script/ });
    await assert.rejects(invokeEndpoint(workspace, "not-there", { request: "{}", expectations: [] }), {
      kind: "notFound",
      message: /no online endpoint "not-there"; it has /,
    });
    const file = path.join(project({ "r.json": '{"a":\n  oops}' }), "r.json");
    assert.throws(() => readRequest(file), {
      kind: "input",
      message: /r\.json:2:3: the request is no JSON: "oops" cannot stand there/,
    });
    assert.throws(() => readRequest(`${file}x`), { kind: "input", message: /no request file/ });
  });
});

describe("models", () => {
  const request = (name: string, source: ModelRequest["source"], more: Partial<ModelRequest> = {}): ModelRequest => ({
    name,
    type: "custom_model",
    tags: {},
    source,
    ...more,
  });

  it("registers a job's output once, with the job and the run that made it", async () => {
    const workspace = await openLocal({ provenance: { ...provenance, runId: "8" } });
    const { document, folder } = commandJob("mkdir ${{outputs.model}}/sub && echo x > ${{outputs.model}}/sub/m", {
      outputs: { model: { type: "custom_model", mode: "upload" } },
    });
    const job = await submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder });
    await followJob(workspace, job.name);
    const name = `m-${randomUUID().slice(0, 8)}`;
    const from = (output?: string, at?: string) => request(name, { kind: "job", job: job.name, output, path: at });
    const first = await registerModel(workspace, from("model"));
    assert.deepEqual([first.version, first.created, first.jobName], ["1", true, job.name]);
    const again = await registerModel(await openLocal(), from("model"));
    assert.deepEqual([again.version, again.created], ["1", false]);
    assert.equal((await registerModel(await openLocal(), from("model", "sub"))).version, "2");
    const body = await workspace.azure.request<{ properties: { jobName: string; tags: Record<string, string> } }>(
      "GET",
      first.id,
    );
    assert.equal(body.body?.properties.tags["BuildId"], "8");
    await assert.rejects(registerModel(workspace, from("modl")), {
      kind: "notFound",
      message: /has no output "modl"; it has model, beside its own artifacts/,
    });
    await assert.rejects(registerModel(workspace, from("model", "nothing")), {
      kind: "notFound",
      message: /no "nothing" in the output "model" .* there are sub/,
    });
    await assert.rejects(registerModel(workspace, request(name, { kind: "job", job: "no-such-job" })), {
      kind: "notFound",
      message: /no job "no-such-job"/,
    });
    await assert.rejects(registerModel(workspace, { ...from("model", "sub"), version: "1" }), { kind: "conflict" });
  });

  it("registers a folder once for its content", async () => {
    const folder = project({ "model/a": "1", "other/a": "2" });
    const name = `m-${randomUUID().slice(0, 8)}`;
    const of = (at: string) => request(name, { kind: "folder", path: path.join(folder, at) });
    assert.equal((await registerModel(await openLocal(), of("model"), folder)).version, "1");
    assert.equal((await registerModel(await openLocal(), of("other"), folder)).version, "2");
    const again = await registerModel(await openLocal(), of("model"), folder);
    assert.deepEqual([again.version, again.created], ["1", false]);
  });

  it("refuses a name that Azure refuses, quoting the rule", async () => {
    const workspace = await openLocal();
    await assert.rejects(registerModel(workspace, request("my model!", { kind: "folder", path: "." })), {
      kind: "input",
      message: /at most 255 letters, digits/,
    });
  });

  it("refuses the model of a job that failed", async () => {
    const workspace = await openLocal();
    const { document, folder } = commandJob("exit 1");
    const job = await submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder });
    await assert.rejects(followJob(workspace, job.name));
    await assert.rejects(registerModel(workspace, request("m", { kind: "job", job: job.name })), {
      kind: "failed",
      message: /is Failed, not Completed/,
    });
  });
});
