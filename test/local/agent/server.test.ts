// The agent's calls to Azure DevOps, through the real azure-devops-node-api to the local organization over TLS.
import assert from "node:assert/strict";
import { type AgentServer, systemConnection } from "../../../local/agent/index.ts";
import { connectServer } from "../../../local/agent/server.ts";
import type { DevOpsWorld } from "../../../local/devops/world.ts";
import { type Organization, startOrganization } from "../devops/organization.ts";
import { Bench, bundledTaskLib, mainStage } from "./fixture.ts";

const JUNIT = `<?xml version="1.0"?><testsuites><testsuite name="gate" tests="3">
<testcase name="metrics.accuracy &gt;= 0.9" classname="gate" time="0.25"/>
<testcase name="metrics.auc &gt; champion.auc" classname="gate"><failure message="0.8 is not above 0.9">detail</failure></testcase>
<testcase name="later" classname="gate"><skipped/></testcase></testsuite></testsuites>`;

describe("the agent's server", () => {
  let organization: Organization;
  let world: DevOpsWorld;
  let bench: Bench;
  let caFile: string;
  before(async () => {
    bench = new Bench();
    organization = await startOrganization();
    world = organization.world;
    caFile = organization.caFile;
  });
  after(async () => {
    await organization.close();
    bench.close();
  });

  it("brings attachments, tags, numbers, test results and the timeline to the run", async () => {
    const build = world.createBuild("training", { branch: "main", commit: "0".repeat(40), requestedFor: "Ada" });
    const jobId = "0a0a0a0a-0000-4000-8000-000000000001";
    const token = world.issueJobToken({ plan: build.plan, jobId });
    const server: AgentServer = connectServer({
      collectionUri: world.collectionUri,
      token,
      project: world.project.name,
      projectId: world.project.id,
      hub: "build",
      planId: build.plan.planId,
      timelineId: build.plan.timelineId,
      buildId: build.id,
      caFile,
    });
    const script = `const tl = require("./task-lib.js"); const fs = require("node:fs"); const temp = tl.getVariable("Agent.TempDirectory");
      fs.writeFileSync(temp + "/summary.md", "# Done"); tl.uploadSummary(temp + "/summary.md");
      fs.writeFileSync(temp + "/empty.json", ""); tl.addAttachment("aml", "empty.json", temp + "/empty.json");
      fs.writeFileSync(temp + "/gate.xml", ${JSON.stringify(JUNIT)});
      tl.command("results.publish", { type: "JUnit", mergeResults: "true", runTitle: "Gate", publishRunAttachments: "true", resultFiles: temp + "/gate.xml" }, "");
      tl.addBuildTag("registered"); tl.updateBuildNumber("7.1"); tl.setVariable("version", "3", false, true);`;
    const outcome = await bench.run([{ taskFolder: bench.task({}, script, await bundledTaskLib()), name: "judge" }], {
      run: { planId: build.plan.planId, jobId, buildId: build.id, projectId: world.project.id, accessToken: token },
      connections: [systemConnection(world.collectionUri, token)],
      server,
    });
    assert.equal(outcome.result, "Succeeded", outcome.lines.join("\n"));
    const summaries = world.attachmentsOf(build, "Distributedtask.Core.Summary");
    assert.deepEqual(
      summaries.map(({ name, content }) => `${name} ${content}`),
      ["summary.md # Done"],
    );
    assert.equal(world.attachmentsOf(build, "aml")[0]!.content.length, 0);
    assert.deepEqual([...build.tags], ["registered"]);
    assert.equal(build.buildNumber, "7.1");
    const record = build.plan.records.get(mainStage(outcome).recordId)!;
    assert.equal(record.state, "completed");
    assert.equal(record.result, "succeeded");
    assert.equal(record.variables["version"]?.value, "3");
    const [run] = world.testRuns.ofBuild(build.id);
    assert.equal(run!.name, "Gate");
    assert.equal(run!.state, "Completed");
    assert.deepEqual(
      run!.results.map(({ values }) => values["outcome"]),
      ["Passed", "Failed", "NotExecuted"],
    );
    assert.equal(run!.results[1]!.values["errorMessage"], "0.8 is not above 0.9");
    assert.equal(run!.attachments[0]!.content.toString(), JUNIT);
    assert.ok(!outcome.lines.join("\n").includes(token));
    const looked = organization.har.count(
      ({ method, url }) => method === "OPTIONS" && url.endsWith("/_apis/distributedtask"),
    );
    assert.equal(looked, 1, "a job asks once where the resources of an area lie");
  });

  it("fails the step whose command the server refuses, and not its other commands", async () => {
    const build = world.createBuild("training", { branch: "main", commit: "0".repeat(40), requestedFor: "Ada" });
    const server = connectServer({
      collectionUri: world.collectionUri,
      token: world.issueJobToken({ plan: build.plan, jobId: "0a0a0a0a-0000-4000-8000-000000000002" }),
      project: world.project.name,
      projectId: world.project.id,
      hub: "build",
      planId: build.plan.planId,
      timelineId: build.plan.timelineId,
      buildId: 4711,
      caFile,
    });
    const outcome = await bench.run([{ taskFolder: bench.task({}, 'console.log("##vso[build.addbuildtag]x");') }], {
      server,
    });
    assert.equal(mainStage(outcome).result, "Failed");
    assert.match(mainStage(outcome).issues[0]!.message, /4711/);
  });
});
