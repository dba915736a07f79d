// Jobs through Azure's own client, and across a restart of the local cloud with the same data folder.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AzureMachineLearningWorkspaces, type CommandJob } from "@azure/arm-machinelearning";
import { startCloud } from "../../../../local/cloud.ts";
import { httpClientOf, tokenOf } from "../client.ts";
import { JobClient } from "../job-client.ts";

describe("local Azure: jobs through the official client", () => {
  const jobs = JobClient.ofSuite();
  let client: AzureMachineLearningWorkspaces;

  before(async () => {
    const { cloud } = jobs;
    const token = await tokenOf(cloud);
    client = new AzureMachineLearningWorkspaces(
      { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) },
      cloud.subscriptionId,
      {
        endpoint: cloud.urls.arm,
        credentialScopes: "https://management.azure.com/.default",
        httpClient: httpClientOf(cloud),
        retryOptions: { maxRetries: 0 },
      },
    );
  });

  it("are created, read, listed, canceled and deleted", async () => {
    const properties: CommandJob = {
      jobType: "Command",
      command: "sleep 300",
      environmentId: jobs.id("environments/plain/versions/1"),
      limits: { jobLimitsType: "Command", timeout: "PT1H" },
      inputs: { x: { jobInputType: "literal", value: "1" } },
    };
    const made = await client.jobs.createOrUpdate("rg1", "ws1", "official", { properties });
    assert.equal(made.properties.status, "Starting");
    await jobs.until("official", "Running");
    const read = (await client.jobs.get("rg1", "ws1", "official")).properties as CommandJob;
    assert.deepEqual([read.status, read.command, read.limits?.timeout], ["Running", "sleep 300", "PT1H"]);
    const listed: string[] = [];
    for await (const job of client.jobs.list("rg1", "ws1", { jobType: "Command" })) listed.push(job.name ?? "");
    assert.deepEqual(listed, ["official"]);
    await client.jobs.beginCancelAndWait("rg1", "ws1", "official", { updateIntervalInMs: 20 });
    assert.equal((await client.jobs.get("rg1", "ws1", "official")).properties.status, "Canceled");
    await client.jobs.beginDeleteAndWait("rg1", "ws1", "official", { updateIntervalInMs: 20 });
    await assert.rejects(client.jobs.get("rg1", "ws1", "official"), { statusCode: 404, code: "UserError" });
  });
});

describe("local Azure: jobs across a restart", () => {
  it("stay what they were; one that was under way has failed, and says why", async () => {
    const folder = mkdtempSync(join(tmpdir(), "jobs-data-"));
    let cloud = await startCloud({ data: folder });
    try {
      const before = new JobClient(cloud);
      await before.prepare();
      const done = await before.run("echo kept", { outputs: { o: { jobOutputType: "uri_folder" } } });
      const record = cloud.azure.store<{ name: string; status: string }>("jobs");
      const shown = (await before.arm("GET", `/jobs/${done}`)).body.properties;
      // As after a crash: a job that was running when the state was last written.
      record.set("halfway", { ...record.get(done)!, name: "halfway", status: "Running" });
      await cloud.close();

      cloud = await startCloud({ data: folder });
      const after = new JobClient(cloud);
      await after.prepare();
      assert.deepEqual((await after.arm("GET", `/jobs/${done}`)).body.properties.outputs, shown.outputs);
      assert.equal(await after.said(done), "kept\n");
      assert.equal((await after.mlflow("GET", `runs/get?run_id=${done}`)).body.run.info.status, "FINISHED");
      assert.equal(await after.status("halfway"), "Failed");
    } finally {
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("does not keep a closing cloud from ending what it runs", async () => {
    const cloud = await startCloud();
    const jobs = new JobClient(cloud);
    await jobs.prepare();
    const name = await jobs.submit("echo pid $$; sleep 300");
    await jobs.until(name, "Running");
    let said = "";
    while (!/pid \d+\n/.test(said)) said = await jobs.said(name);
    await cloud.close();
    assert.throws(() => process.kill(Number(/pid (\d+)/.exec(said)?.[1]), 0), { code: "ESRCH" });
  });
});
