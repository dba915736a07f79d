// From where a step may upload: the agent's own folders, and those that its input names.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { stepFolders } from "../../../lib/agent/folders.ts";

describe("the folders of a step", () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "folders-"));
  after(() => rmSync(scratch, { recursive: true, force: true }));
  const variables: Record<string, string> = {
    "System.DefaultWorkingDirectory": path.join(scratch, "1", "s"),
    "Build.SourcesDirectory": path.join(scratch, "1", "s"),
    "Pipeline.Workspace": path.join(scratch, "1"),
    "Build.ArtifactStagingDirectory": path.join(scratch, "1", "a"),
    "Agent.TempDirectory": path.join(scratch, "_temp"),
    "Agent.WorkFolder": scratch,
    "Agent.HomeDirectory": "/agent",
  };
  const variable = (name: string) => variables[name];

  it("are the checkout, the workspace, the staging and the temporary folder, and no others of the agent's", () => {
    assert.deepEqual(stepFolders(variable), {
      root: path.join(scratch, "1", "s"),
      others: [path.join(scratch, "1"), path.join(scratch, "1", "a"), path.join(scratch, "_temp")],
    });
  });

  it("are not what a variable says that this kind of run has not from the agent", () => {
    const build = stepFolders((name) => ({ ...variables, "Agent.ReleaseDirectory": "/" })[name]);
    assert.ok(!build.others.includes("/"), "a build has no folder of a release");
    const ofRelease: Record<string, string> = {
      "System.HostType": "release",
      "System.DefaultWorkingDirectory": path.join(scratch, "r1", "a"),
      "System.ArtifactsDirectory": path.join(scratch, "r1", "a"),
      "Agent.ReleaseDirectory": path.join(scratch, "r1", "a"),
      "Agent.TempDirectory": path.join(scratch, "_temp"),
      "Build.SourcesDirectory": "/",
      "Build.ArtifactStagingDirectory": "/etc",
      "Pipeline.Workspace": "/",
    };
    const release = stepFolders((name) => ofRelease[name]);
    assert.deepEqual(release, { root: path.join(scratch, "r1", "a"), others: [path.join(scratch, "_temp")] });
  });

  it("are those of the input too, by lines or commas, relative ones from the working directory", () => {
    mkdirSync(path.join(scratch, "mnt", "data"), { recursive: true });
    mkdirSync(path.join(scratch, "1", "s", "sub"), { recursive: true });
    const { others } = stepFolders(variable, `${scratch}/mnt\n  ${scratch}/mnt/data , sub\r\n\n`);
    assert.deepEqual(others.slice(3), [
      path.join(scratch, "mnt"),
      path.join(scratch, "mnt", "data"),
      path.join(scratch, "1", "s", "sub"),
    ]);
  });

  it("are said not to be there, where the input names none", () => {
    writeFileSync(path.join(scratch, "file"), "");
    for (const name of ["nowhere", path.join(scratch, "file"), path.join(scratch, "gone")])
      assert.throws(() => stepFolders(variable, name), {
        kind: "input",
        message: /Input allowedFolders names .*there is no folder/,
      });
  });
});
