// Tests: lib/task/views.ts, lib/ml/proof/prove-registered.ts. Sequential round trips, a step's real cost: what people look at takes at most one more of them in
// each task; a proof of a model, which is work of its own, takes as many as are said here.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Task } from "../../lib/task/task.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import deployEndpoint from "../../tasks/DeployEndpoint/index.ts";
import evaluateMetrics from "../../tasks/EvaluateMetrics/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import rollback from "../../tasks/Rollback/index.ts";
import submitJob from "../../tasks/SubmitJob/index.ts";
import { until } from "../harness/until.ts";
import { newKey } from "../lib/ml/proof/vault.ts";
import { freshEndpoint, liveEndpoint, release, scoringProject } from "../lib/ml/rollouts.ts";
import { Rounds } from "../lib/ml/rounds.ts";
import { theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { runStory } from "./context.ts";
import { standBetween } from "./devops-between.ts";
import { newBuild, newPullRequest, stepOf } from "./run-of-steps.ts";

const LINK = { traceability: "link" };
const PULL_REQUEST = { pullRequest: "comment, status" };

describe("sequential round trips", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "rounds-"));
  const jobFile = path.join(folder, "job.yml");
  let cloud: LocalCloud;
  let jobName: string;
  let models = 0;
  before(async () => {
    cloud = await theCloud();
    cloud.devops.permissions.clear();
    const jobs = new JobClient(cloud);
    await jobs.prepare();
    jobName = jobs.name();
    await jobs.arm("PUT", `/jobs/${jobName}`, jobs.properties("true"));
    await until("the job has ended", async () =>
      /^(Completed|Failed)$/.test((await jobs.arm("GET", `/jobs/${jobName}`)).body.properties.status),
    );
    const environment = "azureml://registries/azureml/environments/sklearn-1.5/versions/1";
    writeFileSync(jobFile, `command: "true"\nenvironment: ${environment}\ncompute: azureml:cpu-cluster\n`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** The rounds of a step in a run with a work item and a pull request that has no comment yet. */
  async function roundsOf<Inputs, Outputs>(
    task: Task<Inputs, Outputs>,
    given: Readonly<Record<string, string>>,
    root = folder,
  ): Promise<string[][]> {
    const build = newBuild(cloud);
    build.workItems.add(cloud.devops.workItems.create("User Story", "A better model").id);
    const rounds = new Rounds();
    const between = await standBetween(cloud);
    between.hold = (request) => rounds.hold(request, async () => {});
    try {
      const step = stepOf(cloud, build, newPullRequest(cloud, build), between.collectionUri);
      const ran = await runStory(task, given, root, {
        ...step,
        between: rounds.between,
        stepIdentity: String(build.id),
      });
      assert.equal(ran.error, undefined, ran.error?.stack);
      assert.doesNotMatch(ran.log, /\[warning\]/);
      return rounds.rounds;
    } finally {
      between.close();
    }
  }
  const isView = (request: string) => /^[A-Z]+ \/contoso\//.test(request) && !/\/_apis\/Test\b/i.test(request);
  const shown = (rounds: readonly (readonly string[])[]) => JSON.stringify(rounds, undefined, 1);
  /** Rounds in which nothing of the step's own work was on its way. */
  const ofViewsAlone = (rounds: readonly (readonly string[])[]) => rounds.filter((round) => round.every(isView)).length;
  const most = (rounds: readonly (readonly string[])[], limit = 1) => {
    assert.ok(rounds.flat().some(isView), "there was something to show");
    assert.ok(ofViewsAlone(rounds) <= limit, shown(rounds));
  };

  const register = (more: Record<string, string>) => {
    const name = `rounds-${++models}`;
    const modelPath = path.join(folder, name);
    writeFileSync(modelPath, name);
    return roundsOf(registerModel, { name, source: "folder", modelPath, type: "custom_model", ...more });
  };

  it("of a judgement: links cost at most one", async () => {
    most(await roundsOf(evaluateMetrics, { jobName, rules: "1 == 1", ...LINK, ...PULL_REQUEST }));
  });

  it("of a job that is not waited for: links, the first comment and the status cost at most one", async () => {
    most(await roundsOf(submitJob, { jobFile, wait: "false", ...LINK, ...PULL_REQUEST }));
  });

  it("of a job that is waited for: once it has ended, both cost at most one", async () => {
    const rounds = await roundsOf(submitJob, { jobFile, ...LINK, ...PULL_REQUEST });
    const end = rounds.findLastIndex((round) => !round.every(isView));
    most(rounds);
    assert.ok(rounds.length - 1 - end <= 1, shown(rounds.slice(end)));
  });

  it("of a registration: links cost at most one", async () => {
    most(await register(LINK));
  });

  it("of a registration with a bill of materials and a signature", async () => {
    const [none, bom, signed] = [
      await register({}),
      await register({ bom: "true" }),
      await register({ signWith: (await newKey(cloud, "rounds")).id }),
    ];
    // The version, its files and their bytes; the proof's place, files and version; the model's tag. A signer's key and its signature are two more.
    assert.ok(bom.length - none.length <= 8, shown(bom));
    assert.ok(signed.length - none.length <= 10, shown(signed));
  });

  it("of a deployment: links cost at most one", async () => {
    const root = scoringProject(freshEndpoint());
    const [endpointFile, deploymentFile] = [path.join(root, "endpoint.yml"), path.join(root, "deployment.yml")];
    const requestFile = path.join(root, "request.json");
    most(await roundsOf(deployEndpoint, { endpointFile, deploymentFile, requestFile, ...LINK }, root));
  });

  it("of a rollback: links cost at most one", async () => {
    const endpointName = await liveEndpoint();
    await release(endpointName, { deployment: "green", how: "a" });
    most(await roundsOf(rollback, { endpointName, ...LINK }));
  });
});
