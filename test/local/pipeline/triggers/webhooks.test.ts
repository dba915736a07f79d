// Posts to incoming webhooks, and runs queued over REST, that start pipelines of the local runner; over TLS and the real client.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import https from "node:https";
import { incomingWebhook } from "../../../../local/devops/state/webhooks.ts";
import type { DevOpsWorld } from "../../../../local/devops/world.ts";
import { type Pipelines, type RunOutcome, readPipeline } from "../../../../local/pipeline/index.ts";
import { webhookTriggeredBy } from "../../../../local/pipeline/triggers/webhooks.ts";
import { type Organization, startOrganization } from "../../devops/organization.ts";
import { linesOf, Workshop } from "../fixture.ts";

const SECRET = "not-so-secret-42";

const RELEASE = `name: Release of \${{ parameters.amlModel.model.version }}
trigger: none
resources:
  webhooks:
  - webhook: amlModel
    connection: aml-models
    filters:
    - {path: model.name, value: credit}
    - {path: model.tags.stage, value: prod}
steps:
- checkout: none
- bash: echo "> $MODEL $VERSION $(Build.Reason) $(resources.triggeringAlias)"
  name: look
  env:
    MODEL: \${{ parameters.amlModel.model.name }}
    VERSION: \${{ parameters.AMLModel.Model.version }}
`;
const MANUAL = `trigger: none
parameters:
- {name: modelVersion, default: none}
steps:
- checkout: none
- bash: echo "> \${{ parameters.modelVersion }} $(Build.Reason) $(Build.BuildId)"
  name: look
`;

describe("pipelines started from outside", () => {
  let organization: Organization;
  let world: DevOpsWorld;
  let workshop: Workshop;
  let pipelines: Pipelines<ReturnType<DevOpsWorld["createBuild"]>>;
  let stop: () => void;

  before(async () => {
    organization = await startOrganization();
    world = organization.world;
    workshop = new Workshop();
    workshop.commit({ "release.yml": RELEASE, "manual.yml": MANUAL });
    pipelines = workshop.pipelines(organization, [
      { name: "release", file: "release.yml" },
      { name: "manual", file: "manual.yml" },
    ]);
  });
  after(async () => {
    stop();
    await organization.close();
    workshop.close();
  });

  function post(
    name: string,
    payload: unknown,
    o: { signature?: (body: string) => Record<string, string>; query?: string } = {},
  ): Promise<{ status: number; text: string }> {
    const body = typeof payload === "string" ? payload : JSON.stringify(payload);
    const signed = (text: string) => ({ "X-Aml-Signature": createHmac("sha1", SECRET).update(text).digest("hex") });
    return new Promise((resolve, reject) => {
      const request = https.request(
        `${world.url}/contoso/_apis/public/distributedtask/webhooks/${name}?${o.query ?? "api-version=6.0-preview"}`,
        {
          method: "POST",
          ca: readFileSync(organization.caFile),
          headers: { "Content-Type": "application/json", ...(o.signature ?? signed)(body) },
        },
        async (answer) => {
          let text = "";
          for await (const piece of answer) text += String(piece);
          resolve({ status: answer.statusCode ?? 0, text });
        },
      );
      request.on("error", reject);
      request.end(body);
    });
  }
  const model = (version: string, more: object = {}) => ({
    schema: 1,
    model: { name: "credit", version, tags: { stage: "prod" }, ...more },
  });
  const said = (outcome: RunOutcome | undefined) =>
    linesOf(outcome!, "look")
      .find((line) => line.startsWith("> "))
      ?.slice(2);

  it("knows no webhook before a saved pipeline names it, and no pipeline without its connection", async () => {
    await assert.rejects(
      pipelines.listen("main"),
      /release\.yml:5:5: .*The webhook's service connection aml-models could not be found/,
    );
    world.connections.add(
      incomingWebhook({ name: "aml-models", webhookName: "amlModel", secret: SECRET, header: "X-Aml-Signature" }),
    );
    const answer = await post("amlModel", model("1"));
    assert.equal(answer.status, 500);
    assert.match(answer.text, /does not exist/);
    stop = await pipelines.listen("main");
  });

  it("runs the pipeline with the payload, each post once and in order", async () => {
    for (const version of ["3", "4", "5"]) assert.equal((await post("amlmodel", model(version))).status, 200);
    const outcomes = await pipelines.settled();
    assert.deepEqual(
      outcomes.map(({ runNumber, result }) => `${runNumber} ${result}`),
      ["Release of 3 succeeded", "Release of 4 succeeded", "Release of 5 succeeded"],
    );
    assert.equal(said(outcomes[1]), "credit 4 ResourceTrigger amlModel");
    assert.deepEqual(
      world.builds.all.map(({ reason }) => reason),
      ["resourceTrigger", "resourceTrigger", "resourceTrigger"],
    );
    assert.deepEqual(await pipelines.settled(), [], "and tells of each once");
  });

  it("starts nothing where a filter does not fit", async () => {
    assert.equal((await post("amlModel", model("6", { name: "Credit" }))).status, 200);
    assert.equal((await post("amlModel", model("6", { tags: {} }))).status, 200);
    assert.deepEqual(await pipelines.settled(), []);
  });

  it("refuses a missing and a wrong signature, with and without its prefix, and what is no object", async () => {
    const missing = await post("amlModel", model("7"), { signature: () => ({}) });
    assert.deepEqual([missing.status, /RequiredHeaderSignatureNotFound/.test(missing.text)], [500, true]);
    const hmac = (secret: string, text: string) => createHmac("sha1", secret).update(text).digest("hex");
    const wrong = await post("amlModel", model("7"), {
      signature: (body) => ({ "X-Aml-Signature": hmac("other", body) }),
    });
    assert.equal(wrong.status, 500);
    assert.equal((await post("amlModel", [model("7")])).status, 400);
    assert.equal((await post("amlModel", "{")).status, 400);
    assert.equal((await post("amlModel", model("7"), { query: "" })).status, 400);
    assert.deepEqual(await pipelines.settled(), []);
    const prefixed = await post("amlModel", model("8"), {
      signature: (body) => ({ "x-aml-signature": `sha1=${hmac(SECRET, body)}` }),
    });
    assert.equal(prefixed.status, 200);
    assert.equal((await pipelines.settled()).length, 1);
  });

  it("runs what the official client queues, with its parameters, as the run that was answered", async () => {
    const definition = world.builds.define("manual", world.repositories.get("app")!, "manual.yml");
    const api = await organization.client(world.issuePersonalToken("Ada Example")).getPipelinesApi();
    const run = await api.runPipeline(
      {
        templateParameters: { modelVersion: "9" },
        resources: { repositories: { self: { refName: "refs/heads/main" } } },
      },
      world.project.name,
      definition.id,
    );
    const [outcome] = await pipelines.settled();
    assert.equal(outcome?.buildId, run.id);
    assert.equal(said(outcome), `9 Manual ${run.id}`);
    const after = await api.getRun(world.project.name, definition.id, run.id!);
    assert.deepEqual([after.result, after.templateParameters], [1, { modelVersion: "9" }]);
    await api.runPipeline({ templateParameters: { nothing: "x" } }, world.project.name, definition.id);
    await assert.rejects(pipelines.settled(), /the run was given a parameter 'nothing'/i);
    assert.equal(world.builds.all.at(-1)?.result, "failed");
    assert.deepEqual(world.notBuilt, []);
  });

  it("finds values in a payload by path", () => {
    const webhook = (filterPath: string, value: string) =>
      readPipeline(
        "p.yml",
        `resources: {webhooks: [{webhook: a, connection: c, filters: [{path: "${filterPath}", value: "${value}"}]}]}\nsteps: [{bash: x}]`,
      );
    const payload = { list: [{ id: 7 }], flag: true, nothing: null, deep: { "a-b": "x" } };
    const fits = (filterPath: string, value: string) =>
      webhookTriggeredBy(webhook(filterPath, value), "C", payload) !== undefined;
    assert.ok(fits("list[0].id", "7"));
    assert.ok(fits("$.deep.a-b", "x"));
    assert.ok(fits("flag", "True"));
    assert.ok(!fits("list[1].id", "7"));
    assert.ok(!fits("deep.a-b", "X"), "values are compared exactly");
    assert.ok(!fits("gone", ""));
    assert.equal(webhookTriggeredBy(webhook("flag", "True"), "other", payload), undefined);
  });
});
