// Tests: local/devops/world.ts, local/devops/rest/server.ts
// Organizations and projects whose names hold spaces and letters beyond ASCII, as collections of Azure DevOps Server may.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { runPipeline } from "../../../local/pipeline/index.ts";
import { createRepository } from "../../../scripts/demo/repository.ts";
import { packagedTasks } from "../../harness/packages.ts";

describe("an organization with a name beyond ASCII", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "organization-names-"));
  let cloud: LocalCloud;
  before(async () => {
    cloud = await startCloud({ organization: "Bücher & Söhne", project: "Größe 1" });
  });
  after(async () => {
    await cloud?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("has an address in ASCII, at which a task and a page are answered", async () => {
    const { devops } = cloud;
    assert.match(devops.collectionUri, /^https:\/\/localhost:\d+\/B%C3%BCcher%20%26%20S%C3%B6hne\/$/);
    const repository = createRepository(
      path.resolve(import.meta.dirname, "../../../examples/breast-cancer"),
      path.join(folder, "repository"),
      "Größe",
    );
    // Long, as folders of agents are: the whole path of a file goes well beyond 260 characters.
    const workRoot = path.join(folder, ..."abcdef".split("").map((letter) => letter.repeat(40)), "ä ö");
    const tasks = new Map([["AzureMLRegisterData@1", (await packagedTasks()).get("RegisterData")!]]);
    const file = path.join(repository.folder, "register.yml");
    const text = `steps:
- task: AzureMLRegisterData@1
  inputs: { azureSubscription: azure-ml-federated, resourceGroup: rg1, workspace: ws1, dataFile: azureml/data.yml }
`;
    writeFileSync(file, text);
    devops.repositories.add("größe", { path: repository.folder });
    const outcome = await runPipeline({
      ...{ file, devops, tasks, workRoot, connections: cloud.connections },
      repository: {
        ...{ path: repository.folder, branch: "main", commit: repository.commit },
        ...{ name: "größe", uri: devops.repositoryUri("größe") },
      },
      network: { proxyUrl: cloud.urls.proxy, caFile: cloud.caFile },
    });
    const log = outcome.stages.flatMap(({ jobs }) => jobs.flatMap(({ lines }) => lines)).join("\n");
    assert.equal(outcome.result, "succeeded", log);
    assert.deepEqual(devops.notBuilt, []);
    assert.doesNotMatch(log, /##\[warning\]/);
    const page = await new Promise<string>((resolve, reject) => {
      const request = https.get(outcome.url, { ca: readFileSync(cloud.caFile) }, (answer) => {
        let said = `${answer.statusCode} `;
        answer.on("data", (piece) => (said += String(piece)));
        answer.on("end", () => resolve(said));
      });
      request.on("error", reject);
    });
    assert.match(page, /^200 /);
  });
});
