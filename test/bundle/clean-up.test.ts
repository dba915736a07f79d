// Clean up workspace, as shipped: a workspace of 200 things of which the rules take exactly 37, planned, done, and nothing twice.
import assert from "node:assert/strict";
import { deploymentsOf, endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { asked, assertSucceeded, Bench, type TaskRun } from "../harness/bench.ts";
import { SEEDED_CHANGES, SEEDED_INPUTS, seededClock, seedWorkspace } from "../lib/ml/cleanup/seeded-workspace.ts";

describe("AzureMLCleanUp as shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open(undefined, [], seededClock());
    await seedWorkspace(bench.cloud);
  });
  after(() => bench?.close());

  const archived = (noun: "models" | "data") =>
    bench.cloud.azure.assets[noun]
      .versions()
      .filter(({ properties }) => properties["isArchived"] === true)
      .map(({ name, version }) => `${noun === "data" ? "data" : "model"} ${name}:${version}`);
  /** What is no more, by the cloud itself. */
  const before37 = () => {
    const { azure } = bench.cloud;
    return {
      endpoints: new Set([...endpointsOf(azure).values()].map(({ name }) => name)),
      deployments: new Map(
        [...deploymentsOf(azure).values()].map(({ name, endpoint }) => [`${name} of ${endpoint}`, endpoint]),
      ),
    };
  };
  const changesOf = ({ record }: TaskRun) =>
    (record?.cleanUp?.changes ?? []).map(({ kind, name }) => `${kind} ${name}`).sort();
  const writes = (run: TaskRun) => ["PUT", "PATCH", "POST", "DELETE"].flatMap((method) => asked(run, "arm", method));

  it("plans where nothing else is said: names the 37, and writes nothing", async () => {
    const run = await bench.run("CleanUp", SEEDED_INPUTS);
    assertSucceeded(run);
    assert.deepEqual(changesOf(run), SEEDED_CHANGES);
    assert.equal(run.record?.cleanUp?.isPlan, true);
    assert.deepEqual(
      writes(run).filter((url) => !/listSecrets/.test(url)),
      [],
    );
    assert.match(run.log, /^ {2}delete the endpoint idle-1: no request came in 72 hours$/m);
    assert.match(
      run.log,
      /^ {2}the endpoint pr-8: its time to live ended at .*, but a rollout of green is under way$/m,
    );
    assert.match(
      run.log,
      /^ {2}the endpoint silent-1: whether requests came in 72 hours is not known: Azure Monitor has a number of requests of the endpoint silent-1 for no minute/m,
    );
    assert.match(run.log, /^ {2}the model churn:13: .*, but the alias live names it$/m);
    assert.match(run.log, /^ {2}the data asset clicks:3: .*, but the model churn:3, which stays, was made of it$/m);
    assert.match(run.log, /^ {2}the data asset clicks:4: .*, but the deployment blue of serve-1 uses it$/m);
    assert.match(run.log, /^ {2}the data asset clicks:5: .*, but the schedule nightly uses it$/m);
    assert.match(run.log, /^Plan: 37 writes, one a line, in order:$/m);
    assert.match(
      run.summaries.join(),
      /\*\*Plan, nothing was changed\*\*: 7 endpoints and 8 deployments would be deleted, 13 versions/,
    );
    assert.equal(run.outputs["changed"], "true");
    assert.equal(run.outputs["counts.planned"], "37");
    assert.deepEqual([archived("models"), archived("data")], [[], []]);
  });

  it("does exactly these 37, and then has nothing to do", async () => {
    const then = before37();
    const run = await bench.run("CleanUp", { ...SEEDED_INPUTS, plan: "false" });
    assertSucceeded(run);
    const now = before37();
    const endpoints = [...then.endpoints].filter((name) => !now.endpoints.has(name));
    const deployments = [...then.deployments]
      .filter(([name, endpoint]) => !now.deployments.has(name) && !endpoints.includes(endpoint))
      .map(([name]) => `deployment ${name}`);
    assert.deepEqual(
      [
        ...endpoints.map((name) => `endpoint ${name}`),
        ...deployments,
        ...archived("models"),
        ...archived("data"),
      ].sort(),
      SEEDED_CHANGES,
    );
    assert.deepEqual(changesOf(run), SEEDED_CHANGES);
    for (const [name, count] of Object.entries({
      endpoints: 7,
      deployments: 8,
      models: 13,
      data: 9,
      failed: 0,
      left: 0,
    }))
      assert.equal(run.outputs[`counts.${name}`], String(count), name);
    assert.equal(JSON.parse(run.outputs["changes"]!).length, 37);
    assert.match(run.summaries.join(), /\*\*Cleaned up\*\*: 7 endpoints and 8 deployments deleted/);

    const again = await bench.run("CleanUp", { ...SEEDED_INPUTS, plan: "false" });
    assertSucceeded(again);
    assert.deepEqual(
      writes(again).filter((url) => !/listSecrets/.test(url)),
      [],
      "nothing twice",
    );
    assert.equal(again.outputs["changed"], "false");
    assert.match(again.log, /^Nothing is to be cleaned up\.$/m);
  });

  it("goes by the time to live that AzureMLDeployEndpoint gives to an endpoint that it makes", async () => {
    const deployed = await bench.run("DeployEndpoint", {
      ...{ endpointFile: "azureml/endpoint.yml", deploymentFile: "azureml/deployment.yml", endpointName: "mortal" },
      ...{ requestFile: "requests/ada.json", endpointTimeToLive: "1h" },
    });
    assertSucceeded(deployed);
    const { azure } = bench.cloud;
    const tags = endpointsOf(azure).get("mortal")?.tags ?? {};
    const end = Date.parse(tags["azureDevOps.expires"] ?? "");
    assert.ok(end > Date.now() && end <= Date.now() + 3_600_000, JSON.stringify(tags));
    const young = await bench.run("CleanUp", { endpointPatterns: "mortal", plan: "false" });
    assertSucceeded(young);
    assert.ok(endpointsOf(azure).has("mortal"));
    // As it is an hour later.
    tags["azureDevOps.expires"] = new Date(end - 3_600_000).toISOString();
    const over = await bench.run("CleanUp", { endpointPatterns: "mortal", plan: "false" });
    assertSucceeded(over);
    assert.match(over.log, /^Deleted the endpoint mortal\.$/m);
    assert.equal(endpointsOf(azure).has("mortal"), false);
    assert.deepEqual(
      [...deploymentsOf(azure).values()].filter((one) => one.endpoint === "mortal"),
      [],
    );
  });

  it("refuses rules that it cannot keep before it asks anything", async () => {
    const nothing = await bench.run("CleanUp", { idleHours: "1" });
    assert.equal(nothing.result, "Failed");
    assert.match(nothing.errors[0]!, /endpointPatterns, modelPatterns and dataPatterns are empty/);
    assert.deepEqual(asked(nothing, "arm", "GET"), []);
    const slash = await bench.run("CleanUp", { endpointPatterns: "pr-*\nteam/*" });
    assert.match(slash.errors[0]!, /Input endpointPatterns has the pattern "team\/\*", which no name can match/);
  });
});
