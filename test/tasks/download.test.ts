// Download model: which version is meant, what comes, what does not come twice, and where the model comes from.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import task from "../../tasks/DownloadModel/index.ts";
import { openLocal, theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "download-model-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => path.join(scratch, String(++folders));

const author = { name: "Ada", type: "User" as const };

/** Registers a version whose files are those given, below `m/<name>/<version>`. */
async function register(
  name: string,
  version: string,
  files: Record<string, string>,
  more: Record<string, unknown> = {},
): Promise<void> {
  const { azure } = await theCloud();
  for (const [file, content] of Object.entries(files))
    await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, `m/${name}/${version}${file}`, content);
  azure.assets.models.put(
    name,
    version,
    {
      modelType: "custom_model",
      modelUri: `azureml://datastores/workspaceblobstore/paths/m/${name}/${version}`,
      tags: {},
      properties: {},
      flavors: {},
      jobName: null,
      stage: null,
      ...more,
    },
    author,
  );
}

const filesIn = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) => /\./.test(path.basename(name))).sort();

describe("Download model", () => {
  before(async () => {
    for (const version of ["1", "2", "10"])
      await register("credit", version, {
        "/model.json": `{"version":${version}}`,
        "/weights/a.bin": "aaaa",
        "/weights/b.bin": "bbbb",
      });
    // A neighbour whose name begins like the version's folder.
    await register("credit", "100", { "/model.json": "{}" });
    const { azure } = await theCloud();
    azure.assets.models.delete("credit", "100");
  });

  it("brings the latest version by creation, says where, and brings nothing again", async () => {
    const folder = newFolder();
    const given = { modelName: "credit", downloadPath: folder };
    const first = await runStory(task, given, scratch);
    assert.equal(first.error, undefined);
    assert.equal(first.outputs?.version, "10");
    assert.equal(first.outputs?.path, folder);
    assert.match(first.outputs?.assetId ?? "", /\/workspaces\/ws1\/models\/credit\/versions\/10$/);
    assert.deepEqual(filesIn(folder), ["model.json", "weights/a.bin", "weights/b.bin"]);
    assert.equal(readFileSync(path.join(folder, "model.json"), "utf8"), '{"version":10}');
    assert.match(first.log, /credit:10 is in .*: 3 downloaded \(22 bytes\), 0 there already/);
    const again = await runStory(task, given, scratch);
    assert.match(again.log, /0 downloaded \(0 bytes\), 3 there already/);
    assert.deepEqual(again.record.model, {
      name: "credit",
      version: "10",
      id: first.outputs?.assetId,
      type: "custom_model",
      path: "azureml://datastores/workspaceblobstore/paths/m/credit/10",
    });
  });

  it("is the download task of a release artifact: by the names that Azure DevOps gives its inputs", async () => {
    const given = {
      azureSubscription: "",
      connection: "azure-ml",
      definition: "credit",
      version: "2",
      downloadPath: path.join(newFolder(), "_model"),
    };
    const ran = await runStory(task, given, scratch);
    assert.equal(ran.error, undefined);
    assert.equal(ran.outputs?.version, "2");
    assert.equal(readFileSync(path.join(given.downloadPath, "model.json"), "utf8"), '{"version":2}');
  });

  it("takes a label, a pattern, and a folder relative to where it runs", async () => {
    const ran = await runStory(
      task,
      { modelName: "credit", versionOrLabel: "@latest", downloadPath: "here", itemPattern: "*.bin\n!b.bin" },
      scratch,
    );
    assert.equal(ran.outputs?.path, path.join(scratch, "here"));
    assert.deepEqual(filesIn(path.join(scratch, "here")), ["weights/a.bin"]);
  });

  it("brings a model that is one file, and says its path", async () => {
    await register("single", "1", { "": "just one" });
    const folder = newFolder();
    const ran = await runStory(task, { modelName: "single", downloadPath: folder }, scratch);
    assert.equal(ran.outputs?.path, path.join(folder, "1"));
    assert.equal(readFileSync(path.join(folder, "1"), "utf8"), "just one");
  });

  it("says what the model was trained from, and keeps it as Azure DevOps keeps commits", async () => {
    const properties = {
      "mlflow.source.git.commit": "0123abcd",
      "mlflow.source.git.repoURL": "https://dev.azure.com/contoso/p/_git/app",
      "azureml.git.build_uri": "https://dev.azure.com/contoso/p/_build/results?buildId=7",
    };
    await register("traced", "1", { "/m.json": "{}" }, { properties, jobName: "brave_fox" });
    const given = {
      modelName: "traced",
      downloadPath: newFolder(),
      downloadCommitsAndWorkItems: "true",
      artifactDetailsFileNameSuffix: "_model_1.json",
    };
    const ran = await runStory(task, given, scratch);
    assert.deepEqual(
      [ran.outputs?.commit, ran.outputs?.jobName, ran.outputs?.runUri],
      ["0123abcd", "brave_fox", properties["azureml.git.build_uri"]],
    );
    assert.match(ran.log, /Trained from commit 0123abcd of https:\/\/dev\.azure\.com\/contoso\/p\/_git\/app/);
    assert.deepEqual(JSON.parse(ran.uploaded.get("commits__model_1.json") ?? ""), [
      {
        Id: "0123abcd",
        Message: "Model traced:1",
        Author: { displayName: "" },
        DisplayUri: "https://dev.azure.com/contoso/p/_git/app/commit/0123abcd",
      },
    ]);
    assert.equal(ran.record.model?.jobName, "brave_fox");
  });

  describe("refuses, and writes nothing:", () => {
    const cases: [string, Record<string, string>, RegExp][] = [
      ["a model that is not there", { modelName: "credti" }, /no model "credti".*There are .*credit/],
      ["a version that is not there", { modelName: "credit", versionOrLabel: "3" }, /has no version 3.*10, 2, 1/],
      ["a label that is not there", { modelName: "credit", versionOrLabel: "@prod" }, /has no label "prod"/],
      [
        "a pattern that nothing fits",
        { modelName: "credit", itemPattern: "*.onnx" },
        /None of the files .*model\.json/,
      ],
      ["no name", {}, /Input modelName is empty/],
    ];
    for (const [title, given, expected] of cases)
      it(title, async () => {
        const downloadPath = newFolder();
        const ran = await runStory(task, { ...given, downloadPath }, scratch);
        assert.match(ran.error?.message ?? "", expected);
        assert.ok(!existsSync(downloadPath));
      });

    it("a version whose files are gone", async () => {
      await register("empty", "1", {});
      const ran = await runStory(task, { modelName: "empty", downloadPath: newFolder() }, scratch);
      assert.match(ran.error?.message ?? "", /empty:1 has no files: nothing lies at azureml:/);
    });

    it("files of another workspace's datastore, though something lies at that path of this one", async () => {
      const workspaceOf = (id: string) =>
        id.replace(/^\//, "azureml://").replace(/providers\/Microsoft\.MachineLearningServices\//, "");
      const { id } = await openLocal();
      const place = "datastores/workspaceblobstore/paths/m/abroad";
      await register("abroad", "1", { "/model.json": "{}" }, { modelUri: `${workspaceOf(id)}/${place}/1` });
      const own = await runStory(task, { modelName: "abroad", downloadPath: newFolder() }, scratch);
      assert.equal(own.error, undefined);
      const others = [workspaceOf(id).replace(/[^/]+$/, "dev"), workspaceOf(id).replace(/(groups\/)[^/]+/i, "$1dev")];
      for (const [at, other] of others.entries()) {
        const version = String(at + 2);
        await register("abroad", version, { "/model.json": "{}" }, { modelUri: `${other}/${place}/${version}` });
        const downloadPath = newFolder();
        const ran = await runStory(task, { modelName: "abroad", versionOrLabel: version, downloadPath }, scratch);
        assert.match(ran.error?.message ?? "", /datastores\/workspaceblobstore\/.*which this task cannot download/);
        assert.ok(!existsSync(downloadPath));
      }
    });

    it("an address that it does not understand", async () => {
      await register("odd", "1", {}, { modelUri: "runs:/1/model" });
      const ran = await runStory(task, { modelName: "odd", downloadPath: newFolder() }, scratch);
      assert.match(ran.error?.message ?? "", /at runs:\/1\/model, which this task cannot download/);
    });
  });
});
