// Downloads write only below the folder that they were given, by its real path, and never through a link.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import task from "../../tasks/DownloadModel/index.ts";
import { theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "download-target-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

describe("the target of a download", () => {
  let folder: string;
  let outside: string;
  before(async () => {
    const { azure } = await theCloud();
    await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, "targets/deep/model.json", "{}");
    azure.assets.models.put(
      "targets",
      "1",
      {
        modelType: "custom_model",
        modelUri: "azureml://datastores/workspaceblobstore/paths/targets",
        tags: {},
        properties: {},
        flavors: {},
        jobName: null,
        stage: null,
      },
      { name: "Ada", type: "User" },
    );
  });
  beforeEach(() => {
    folder = mkdtempSync(path.join(scratch, "work-"));
    outside = mkdtempSync(path.join(scratch, "outside-"));
  });
  const run = (downloadPath: string) => runStory(task, { modelName: "targets", downloadPath }, folder);

  const links: [string, (folder: string, outside: string) => string][] = [
    [
      "the folder itself is a link out of the working directory",
      (work, away) => {
        symlinkSync(away, path.join(work, "model"));
        return "model";
      },
    ],
    [
      "a parent of the folder is a link",
      (work, away) => {
        symlinkSync(away, path.join(work, "out"));
        return "out/model";
      },
    ],
    [
      "a parent is a link, and the path is absolute",
      (work, away) => {
        symlinkSync(away, path.join(work, "out"));
        return path.join(work, "out", "model");
      },
    ],
    [
      "a folder of the model is a link",
      (work, away) => {
        mkdirSync(path.join(work, "model"));
        symlinkSync(away, path.join(work, "model", "deep"));
        return "model";
      },
    ],
    [
      "the folder is a link to another folder of the working directory",
      (work) => {
        mkdirSync(path.join(work, "src"));
        symlinkSync("src", path.join(work, "model"));
        return "model";
      },
    ],
    ["the path climbs out of the working directory", (_work, away) => `../${path.basename(away)}/model`],
    ["the folder is the repository's .git", () => ".git/hooks"],
  ];
  for (const [title, prepare] of links)
    it(`is refused where ${title}`, async () => {
      const downloadPath = prepare(folder, outside);
      const ran = await run(downloadPath);
      assert.equal((ran.error as { kind?: string } | undefined)?.kind, "input", ran.error?.message ?? ran.log);
      assert.deepEqual(readdirSync(outside), []);
      assert.ok(!existsSync(path.join(folder, "src", "deep")));
    });

  it("is no .git, at whatever depth a blob's name or the path has one", async () => {
    const { azure } = await theCloud();
    const blobs = [
      ".git/hooks/post-checkout",
      "sub/.git/config",
      "sub/.GIT/config",
      "a/git~1/config",
      "a/.git /config",
    ];
    for (const [number, blob] of blobs.entries()) {
      const name = `hooks-${number}`;
      await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, `${name}/${blob}`, "evil");
      const modelUri = `azureml://datastores/workspaceblobstore/paths/${name}`;
      const properties = { modelType: "custom_model", modelUri, tags: {}, properties: {}, flavors: {} };
      azure.assets.models.put(name, "1", { ...properties, jobName: null, stage: null }, { name: "Eve", type: "User" });
      // A second repository that is checked out beside the first one.
      mkdirSync(path.join(folder, "other", ".git", "hooks"), { recursive: true });
      mkdirSync(path.join(folder, "other", "sub", ".git"), { recursive: true });
      const ran = await runStory(task, { modelName: name, downloadPath: "other" }, folder);
      assert.match(ran.error?.message ?? "", /\.git/, `${blob}: ${ran.log}`);
      const written = readdirSync(path.join(folder, "other"), { recursive: true, withFileTypes: true });
      assert.deepEqual(
        written.filter((entry) => entry.isFile()).map(({ name: file }) => file),
        [],
        blob,
      );
    }
  });

  it("is a folder that does not exist yet, or an empty one, or an absolute path in the working directory", async () => {
    mkdirSync(path.join(folder, "empty"));
    for (const downloadPath of ["new/er", "empty", path.join(folder, "absolute")]) {
      const ran = await run(downloadPath);
      assert.equal(ran.error, undefined);
      assert.equal(readFileSync(path.resolve(folder, downloadPath, "deep/model.json"), "utf8"), "{}");
    }
  });
});
