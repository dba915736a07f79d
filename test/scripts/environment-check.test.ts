// Settings of an environment's check are taken by local Azure DevOps, and its success criteria are evaluated there over local Azure's answers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import https from "node:https";
import path from "node:path";
import { checkConfiguration, fieldsOfForm, type Guarded } from "../../scripts/environment-check/check.ts";
import { root } from "../harness/packages.ts";
import { theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";

type Evidence = Readonly<Record<string, string>>;

describe("the check of an environment", () => {
  let count = 0;

  const guarded = async (model: string, more: Partial<Guarded> = {}): Promise<Guarded> => {
    const cloud = await theCloud();
    return {
      ...{ subscription: cloud.subscriptionId, resourceGroup: cloud.resourceGroup, workspace: cloud.workspace, model },
      connection: cloud.devops.connections.get("azure-ml")?.id ?? "",
      environment: { id: "1", name: "production" },
      ...more,
    };
  };

  /** Registers versions with these tags. */
  async function register(model: string, ...versions: readonly Evidence[]): Promise<void> {
    const client = new JobClient(await theCloud());
    for (const [index, tags] of versions.entries()) {
      const modelUri = "azureml://datastores/workspaceblobstore/paths/models/m";
      const body = { properties: { modelType: "custom_model", modelUri, tags } };
      const answer = await client.arm("PUT", `/models/${model}/versions/${index + 1}`, body);
      assert.ok(answer.status < 300, answer.text);
    }
  }

  /** The verdict of Azure DevOps itself, in a run. */
  async function passes(model: string, more: Partial<Guarded> = {}, variables: Evidence = {}): Promise<boolean> {
    const { devops } = await theCloud();
    const build = devops.createBuild("guarded", { branch: "main", commit: "a", requestedFor: "Ada" });
    const { settings } = checkConfiguration(await guarded(model, more));
    const manifest = path.join(root, "local", "pipeline", "server-tasks", settings.definitionRef.name, "task.json");
    const task = JSON.parse(readFileSync(manifest, "utf8"));
    assert.equal(task.id, settings.definitionRef.id);
    const given: Evidence = { "build.buildid": "17", ...variables };
    const outcome = await devops.serverTasks.run({
      task,
      inputs: Object.fromEntries(
        Object.entries(settings.inputs).map(([name, value]) => [
          name,
          value.replace(/\$\(([\w.]+)\)/g, (whole, variable: string) => given[variable.toLowerCase()] ?? whole),
        ]),
      ),
      plan: build.plan,
      jobId: "00000000-0000-4000-8000-0000000000ec",
      taskInstanceId: `00000000-0000-4000-8000-${String(++count).padStart(12, "0")}`,
      token: "",
    });
    return outcome.result === "Succeeded";
  }

  it("lets a version pass that was judged and passed, and no other", async () => {
    await register(
      "guarded-version",
      { evaluation: "passed" },
      { evaluation: "failed" },
      {},
      { evaluation: "passed", approval: "approved" },
    );
    assert.equal(await passes("guarded-version", { version: "1" }), true);
    assert.equal(await passes("guarded-version", { version: "2" }), false);
    assert.equal(await passes("guarded-version", { version: "3" }), false, "unjudged");
    assert.equal(await passes("guarded-version", { version: "9" }), false, "not there");
    assert.equal(await passes("guarded-version", { version: "1", isApproved: true }), false);
    assert.equal(await passes("guarded-version", { version: "4", isApproved: true }), true);
    assert.equal(await passes("guarded-version", { version: "$(modelVersion)" }, { modelversion: "1" }), true);
  });

  it("lets a run pass all of whose versions were judged and passed, and none without a version", async () => {
    await register(
      "guarded-run",
      { BuildId: "17", evaluation: "passed", approval: "approved" },
      { BuildId: "17", evaluation: "passed" },
      { BuildId: "18", evaluation: "failed" },
      { BuildId: "19" },
    );
    assert.equal(await passes("guarded-run"), true);
    assert.equal(await passes("guarded-run", { isApproved: true }), false, "one of the two is not approved");
    for (const run of ["18", "19", "20"])
      assert.equal(await passes("guarded-run", {}, { "build.buildid": run }), false);
  });

  it("is taken by Azure DevOps as it is printed, and has its form's fields", async () => {
    const cloud = await theCloud();
    const { devops } = cloud;
    const { id, name } = devops.environments.add("guarded");
    const given = await guarded("m", { environment: { id: String(id), name }, minutes: 60 });
    const printed = execFileSync(
      process.execPath,
      [
        ...["--import", "tsx", "scripts/environment-check.ts", "--subscription", given.subscription],
        ...["--resource-group", given.resourceGroup, "--workspace", given.workspace, "--model", "m", "--minutes", "60"],
        ...["--connection", given.connection, "--environment-id", String(id), "--environment", name],
      ],
      { cwd: root, encoding: "utf8" },
    );
    const configuration = checkConfiguration(given);
    assert.deepEqual(JSON.parse(printed), configuration);
    const status = await new Promise<number>((resolve, reject) => {
      const request = https.request(
        `${devops.collectionUri}${devops.project.name}/_apis/pipelines/checks/configurations?api-version=7.1-preview.1`,
        {
          method: "POST",
          ca: readFileSync(cloud.caFile),
          headers: { authorization: `Bearer ${devops.issuePersonalToken("Ada")}`, "content-type": "application/json" },
        },
        (response) => resolve(response.resume().statusCode ?? 0),
      );
      request.on("error", reject);
      request.end(printed);
    });
    assert.equal(status, 200);
    const form = fieldsOfForm(configuration).map(([field]) => field);
    assert.ok(form.includes("Success criteria (Advanced)") && form.includes("URL suffix and parameters"));
  });

  it("is refused where a name is no part of an address or an id is none", async () => {
    const wrong: readonly Partial<Guarded>[] = [
      { model: "a/../b" },
      { version: "1?x=$(y)" },
      { connection: "azure-ml" },
      { environment: { id: "production", name: "production" } },
      { minutes: -1 },
    ];
    for (const more of wrong) {
      const given = await guarded("m", more);
      assert.throws(() => checkConfiguration(given), { kind: "input" }, JSON.stringify(more));
    }
  });
});
