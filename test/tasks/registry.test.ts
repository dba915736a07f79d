// Registries: data and models are registered there, shared from the workspace, found again, and downloaded.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { openRegistry } from "../../lib/ml/assets/registry.ts";
import { newVersions } from "../../lib/ml/index.ts";
import { newStamps } from "../../local/azure/arm/envelope.ts";
import type { JobRecord } from "../../local/azure/records/job.ts";
import { registriesOf, registryAssets } from "../../local/azure/workspace/registries.ts";
import download from "../../tasks/DownloadModel/index.ts";
import registerData from "../../tasks/RegisterData/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import { project } from "../lib/ml/projects.ts";
import { memoryLog, openAzure, provenance, theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";
import { judgedRun } from "./judged.ts";

const author = { name: "ada", type: "User" } as const;
const alone = { registryAlone: true };
const data = (more: Record<string, string>) => ({ registry: "shared", source: "inline", type: "uri_folder", ...more });
const model = (more: Record<string, string>) => ({ registry: "shared", type: "custom_model", ...more });
/** What would change something, of the requests of a step. */
const writes = (requests: readonly string[]) =>
  requests.filter((one) => !/^(GET|HEAD) |\/oauth2\/|listSecrets|\/datarefs\/|\/rundata$/.test(one));

describe("a registry", () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "registry-"));
  after(() => rmSync(scratch, { recursive: true, force: true }));
  const held = async (noun: "data" | "models", name: string, version: string) =>
    registryAssets((await theCloud()).azure, "shared")?.[noun].version(name, version)?.properties;

  before(async () => {
    const { azure } = await theCloud();
    for (const name of ["shared", "other"])
      registriesOf(azure).set(name, { name, id: `id-of-${name}`, location: "eastus2", tags: {}, properties: {} });
  });

  it("takes data of this machine without any workspace, once, and says which version holds it", async () => {
    const folder = project({ "rows/a.csv": "1,2\n", "rows/b.csv": "3\n" });
    const given = data({ name: "rows", path: "rows", tags: "kind=toy" });
    const plan = await runStory(registerData, { ...given, plan: "true" }, folder, alone);
    assert.equal(plan.error, undefined);
    assert.match(plan.log, /"path":"https:\S+\/registries\/shared\/data\/rows\/versions\/1"/);
    assert.equal(await held("data", "rows", "1"), undefined);

    const first = await runStory(registerData, given, folder, alone);
    assert.equal(first.error, undefined);
    assert.deepEqual(first.outputs, {
      name: "rows",
      version: "1",
      assetId: "azureml://registries/shared/data/rows/versions/1",
      created: true,
    });
    const stored = await held("data", "rows", "1");
    assert.match(String(stored?.["dataUri"]), /^https:.*\/LocalUpload\/[0-9a-f]{64}\/rows\/$/);
    const { kind, BuildId } = (stored?.["tags"] ?? {}) as Record<string, string>;
    assert.deepEqual([kind, BuildId], ["toy", provenance.runId]);

    const again = await runStory(registerData, given, folder, alone);
    assert.deepEqual(again.outputs, { ...first.outputs, created: false });
    assert.deepEqual(writes(again.requests), []);
    const other = await runStory(registerData, given, project({ "rows/a.csv": "9\n" }), alone);
    assert.deepEqual([other.outputs?.version, other.outputs?.created], ["2", true]);
    const taken = await runStory(registerData, { ...given, version: "2" }, folder, alone);
    assert.match(taken.error?.message ?? "", /Version 2 .* holds something else/);
  });

  it("gives each of two runs at the same time a version of its own for a content of its own", async () => {
    const run = (rows: string) =>
      runStory(registerData, data({ name: "race", path: "d" }), project({ "d/a.csv": rows }), alone);
    const ran = await Promise.all([run("one"), run("two")]);
    assert.deepEqual(
      ran.map(({ error }) => error?.message),
      [undefined, undefined],
    );
    assert.deepEqual(ran.map(({ outputs }) => outputs?.version).toSorted(), ["1", "2"]);
  });

  it("is given data that lies in a workspace by sharing: no file passes, and the copy is found again", async () => {
    const { azure } = await theCloud();
    await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, "lake/x.csv", "x");
    const given = data({ name: "lake", path: "azureml://datastores/workspaceblobstore/paths/lake", tags: "a=b" });
    const lost = await runStory(registerData, given, scratch, alone);
    assert.match(
      lost.error?.message ?? "",
      /datastores.* is in a workspace, and the task was given only the registry shared/,
    );
    const first = await runStory(registerData, { ...given, version: "2026" }, scratch);
    assert.equal(first.error, undefined);
    assert.equal(first.outputs?.assetId, "azureml://registries/shared/data/lake/versions/2026");
    assert.ok(!first.requests.some((one) => /PUT .*\/lake\/x\.csv/.test(one)));
    const tags = (await held("data", "lake", "2026"))?.["tags"] as Record<string, string>;
    assert.deepEqual([tags["a"], tags["BuildId"]], ["b", provenance.runId]);
    const again = await runStory(registerData, given, scratch);
    assert.deepEqual([again.outputs?.version, again.outputs?.created, writes(again.requests)], ["2026", false, []]);
  });

  it("takes a model's folder, and gives its files back", async () => {
    const folder = project({ "m/model.json": "{}", "m/w/a.bin": "aaaa" });
    const given = model({ name: "credit", source: "folder", modelPath: path.join(folder, "m") });
    const first = await runStory(registerModel, given, folder, alone);
    assert.equal(first.error, undefined);
    assert.deepEqual([first.outputs?.version, first.outputs?.created], ["1", true]);
    const again = await runStory(registerModel, given, folder, alone);
    assert.deepEqual([again.outputs?.version, again.outputs?.created, writes(again.requests)], ["1", false, []]);

    const wanted = { registry: "shared", modelName: "credit", downloadPath: path.join(scratch, "credit") };
    const brought = await runStory(download, wanted, scratch, alone);
    assert.equal(brought.error, undefined);
    assert.equal(brought.outputs?.assetId, "azureml://registries/shared/models/credit/versions/1");
    assert.equal(readFileSync(path.join(wanted.downloadPath, "w/a.bin"), "utf8"), "aaaa");
    assert.match((await runStory(download, wanted, scratch, alone)).log, /0 downloaded \(0 bytes\), 2 there already/);
    const artifact = {
      registry: "shared",
      definition: "credit",
      version: "1",
      downloadPath: path.join(scratch, "_model"),
    };
    const released = await runStory(
      download,
      { ...artifact, azureSubscription: "", connection: "azure-ml" },
      scratch,
      alone,
    );
    assert.equal(released.outputs?.version, "1");
    for (const text of [brought.log, JSON.stringify(brought.record)]) assert.doesNotMatch(text, /sig=/);
  });

  it("is given a job's model by sharing, with its evidence and lineage, and that is brought up to date", async () => {
    const { azure } = await theCloud();
    const stamps = newStamps(azure.clock.now(), author);
    await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, "runs/judged/model.json", "{}");
    const job: JobRecord = {
      name: "judged",
      sequence: 1,
      body: {
        jobType: "Command",
        command: "true",
        environmentId: "e",
        outputs: {
          model: { jobOutputType: "uri_folder", uri: "azureml://datastores/workspaceblobstore/paths/runs/judged" },
        },
      },
      displayName: "judged",
      description: null,
      isArchived: false,
      // What the job says of itself counts nowhere.
      tags: { evaluation: "failed", approval: "approved" },
      properties: { "mlflow.source.git.commit": "c0ffee" },
      experimentName: "e",
      experimentId: "7",
      status: "Completed",
      created: azure.clock.now(),
      stamps,
      ownerId: "o",
      outputUris: { model: "azureml://datastores/workspaceblobstore/paths/runs/judged" },
      registered: {},
      logFiles: [],
    };
    azure.store<JobRecord>("jobs").set(job.name, job);
    const given = model({ name: "judged", jobName: "judged", outputName: "model", tags: "stage=dev" });
    const records = judgedRun(await theCloud(), "judged", "passed");
    const plan = await runStory(registerModel, { ...given, plan: "true" }, scratch, { records });
    assert.equal(plan.error, undefined);
    assert.match(plan.log, /"method":"POST","path":"https:\S+\/registries\/shared\/import"/);
    assert.equal(await held("models", "judged", "1"), undefined);
    const first = await runStory(registerModel, given, scratch, { records });
    assert.equal(first.error, undefined);
    assert.equal(first.outputs?.assetId, "azureml://registries/shared/models/judged/versions/1");
    assert.equal(first.record.model?.jobName, "judged");
    const tags = async () => (await held("models", "judged", "1"))?.["tags"] as Record<string, string>;
    assert.deepEqual(
      [(await tags())["evaluation"], (await tags())["jobName"], (await tags())["stage"], (await tags())["approval"]],
      ["passed", "judged", "dev", undefined],
    );
    const again = await runStory(registerModel, given, scratch, { records });
    assert.deepEqual([again.outputs?.version, again.outputs?.created, writes(again.requests)], ["1", false, []]);

    // What was judged anew, and what somebody approved in the registry meanwhile, both stand.
    Object.assign(await tags(), { approval: "approved" });
    azure.store<JobRecord>("jobs").set(job.name, { ...job, tags: { evaluation: "passed" } });
    const anew = { records: judgedRun(await theCloud(), "judged", "failed") };
    assert.equal((await runStory(registerModel, given, scratch, anew)).outputs?.created, false);
    assert.deepEqual([(await tags())["evaluation"], (await tags())["approval"]], ["failed", "approved"]);

    const brought = await runStory(
      download,
      { registry: "shared", modelName: "judged", versionOrLabel: "@latest", downloadPath: "judged" },
      scratch,
    );
    assert.equal(brought.outputs?.commit, "c0ffee");
    assert.equal(readFileSync(path.join(scratch, "judged/model.json"), "utf8"), "{}");
  });

  it("is watched as a workspace is", async () => {
    const { subscriptionId } = await theCloud();
    const from = { azure: await openAzure(), log: memoryLog(), signal: new AbortController().signal, provenance };
    const registry = await openRegistry({ ...from, subscriptionId }, "shared");
    const begin = "2000-01-01T00:00:00Z";
    const cursor = { schema: 1 as const, start: begin, position: begin, judged: {} };
    const found = await newVersions(registry, { models: ["cred*"], tags: {} }, cursor);
    assert.deepEqual(
      found.map(({ name, version }) => `${name}:${version}`),
      ["credit:1"],
    );
  });

  it("that is not there is said, with those that are; so are models that it lacks", async () => {
    const wanted = { modelName: "nothing", downloadPath: "x" };
    const nowhere = await runStory(download, { ...wanted, registry: "sharde" }, scratch, alone);
    assert.match(
      nowhere.error?.message ?? "",
      /no registry "sharde" in the subscription .* There are .*\bother, .*\bshared\b/,
    );
    const unseen = await runStory(download, { ...wanted, registry: "sharde" }, scratch);
    assert.match(
      unseen.error?.message ?? "",
      /no registry "sharde", or the service connection's identity may not see it/,
    );
    const lacking = await runStory(download, { ...wanted, registry: "shared", versionOrLabel: "1" }, scratch, alone);
    assert.match(lacking.error?.message ?? "", /The registry shared has no model "nothing"\. There are .*credit/);
  });
});
