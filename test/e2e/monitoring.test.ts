// examples/templates/monitoring.yml as a team uses it: deployed with collection, monitored, and a breach that starts one retraining.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { RunRecord } from "../../lib/record/index.ts";
import { contracts } from "../../local/azure/contract/contracts.ts";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { dataCollector } from "../../local/azure/scoring/data-collector.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { Pipelines, type RunOutcome } from "../../local/pipeline/index.ts";
import { createRepository, type DemoRepository } from "../../scripts/demo/repository.ts";
import { recordsOf } from "../../scripts/demo/stage.ts";
import { readTasks } from "../../scripts/generate/task-json.ts";
import { packagedTasks, root } from "../harness/packages.ts";
import { ask, workspaceAsk } from "../local/azure/client.ts";
import { JobClient } from "../local/azure/job-client.ts";

const NAMES = ["main", "monitoring", "retrain"];
const DRIFT = "breast-cancer-drift";

describe("examples/templates/monitoring.yml", () => {
  const work = mkdtempSync(path.join(tmpdir(), "monitoring-template-"));
  let cloud: LocalCloud;
  let repository: DemoRepository;
  let pipelines: Pipelines<ReturnType<LocalCloud["devops"]["createBuild"]>>;
  let jobs: JobClient;

  before(async () => {
    const project = path.join(work, "project");
    cpSync(path.join(root, "examples", "breast-cancer"), project, { recursive: true });
    cpSync(path.join(root, "examples", "templates"), path.join(project, "templates"), { recursive: true });
    // Few epochs, so that a training takes a moment.
    const job = path.join(project, "azureml/job.yml");
    writeFileSync(job, readFileSync(job, "utf8").replace("epochs: 60", "epochs: 10"));
    const folder = path.join(work, "repository");
    mkdirSync(folder);
    repository = createRepository(project, folder, "Train a first model");
    cloud = await startCloud({ contracts: contracts() });
    const team = cloud.devops.repositories.add("team", { path: folder });
    for (const name of NAMES) cloud.devops.builds.define(name, team, `templates/pipelines/${name}.yml`);
    const folders = await packagedTasks();
    const tasks = new Map(
      readTasks(root).map(
        ({ json, folder: name }) =>
          [`${json.name}@${json.version.Major}`, folders.get(name) ?? path.join(root, "tasks", name)] as const,
      ),
    );
    pipelines = new Pipelines({
      devops: cloud.devops,
      pipelines: NAMES.map((name) => ({ name, file: `templates/pipelines/${name}.yml` })),
      repository: { path: folder, uri: cloud.devops.repositoryUri("team"), name: "team" },
      connections: cloud.connections,
      tasks,
      workRoot: path.join(work, "agent"),
      network: { proxyUrl: cloud.urls.proxy, caFile: cloud.caFile },
      requestedFor: "Ada Example",
      log: () => {},
      environments: {},
    });
    await pipelines.listen(repository.branch);
    jobs = new JobClient(cloud);
    await jobs.prepare();
  });
  after(async () => {
    await cloud?.close();
    rmSync(work, { recursive: true, force: true });
  });

  const commit = () => ({ branch: repository.branch, commit: repository.commit });
  const results = (outcomes: readonly RunOutcome[]) => outcomes.map(({ pipeline, result }) => `${pipeline} ${result}`);
  const log = (outcomes: readonly RunOutcome[]) =>
    outcomes
      .flatMap(({ stages }) => stages.flatMap((stage) => stage.jobs.flatMap(({ lines }) => lines)))
      .join("\n")
      .slice(-5000);
  const found = <T>(outcomes: readonly RunOutcome[], part: (record: RunRecord) => T | undefined): T[] =>
    outcomes.flatMap(recordsOf).flatMap((record) => part(record) ?? []);
  /** Runs the monitor once, over the day that ends in an hour. */
  const measure = async () => {
    const at = new Date(cloud.azure.clock.now() + 3_600_000).toISOString();
    const { status, body, text } = await jobs.arm("POST", `/schedules/${DRIFT}/trigger`, { scheduleTime: at });
    assert.equal(status, 200, text);
    await jobs.until(body.submissionId, "Completed");
    return body.submissionId as string;
  };
  /** Asks the live endpoint for rows of the data, each value made larger. */
  const call = async (factor: number) => {
    const [, ...lines] = readFileSync(path.join(root, "examples/breast-cancer/data/breast-cancer.csv"), "utf8")
      .trim()
      .split("\n");
    const rows = lines.slice(0, 200).map((line) =>
      line
        .split(",")
        .slice(0, -1)
        .map((one) => Number(one) * factor),
    );
    const token = (await workspaceAsk(cloud, "POST", "/onlineEndpoints/breast-cancer/listKeys")).body.primaryKey;
    const { body } = await workspaceAsk(cloud, "GET", "/onlineEndpoints/breast-cancer");
    const answer = await ask(cloud, "POST", body.properties.scoringUri, { body: { rows }, token });
    assert.equal(answer.status, 200, answer.text);
    await dataCollector(cloud.azure).settled();
  };

  it("deploys a version with its requests collected, and makes the monitor and the alert of the files", async () => {
    const [trained] = await pipelines.run("main", commit());
    assert.equal(trained?.result, "succeeded", log([trained!]));
    const outcomes = await pipelines.run("monitoring", { ...commit(), parameters: { modelVersion: "1" } });
    assert.deepEqual(results(outcomes), ["monitoring succeeded"], log(outcomes));
    const [applied] = found(outcomes, ({ applied }) => applied);
    assert.deepEqual(applied?.counts, { created: 2 });
    const [watch] = found(outcomes, (record) => record.watch);
    assert.deepEqual(watch?.monitors, [{ name: DRIFT, breached: [], outcome: "noEvidence" }]);
    assert.deepEqual(endpointsOf(cloud.azure).get("breast-cancer")?.traffic, { "model-1": 100 });
  });

  it("starts nothing while requests look like the training data", async () => {
    await call(1);
    await measure();
    const outcomes = await pipelines.run("monitoring", { ...commit(), reason: "schedule" });
    assert.deepEqual(results(outcomes), ["monitoring succeeded"], log(outcomes));
    const [watch] = found(outcomes, (record) => record.watch);
    assert.deepEqual([watch?.started, watch?.monitors?.[0]?.breached], [[], []], log(outcomes));
    assert.deepEqual(
      found(outcomes, ({ applied }) => applied),
      [],
      "a scheduled look applies nothing",
    );
  });

  it("starts one retraining once the requests have drifted, and none at the looks after it", async () => {
    for (let time = 0; time < 3; time++) await call(3);
    const measured = await measure();
    const outcomes = await pipelines.run("monitoring", { ...commit(), reason: "schedule" });
    const [watch] = found(outcomes, (record) => record.watch);
    assert.deepEqual(watch?.monitors?.[0]?.breached, ["inputs"], log(outcomes));
    assert.deepEqual(
      watch?.started.map(({ version }) => version),
      [`${DRIFT}:${measured}`],
    );
    const retrainings = () => cloud.devops.builds.all.filter(({ definition }) => definition.name === "retrain");
    assert.deepEqual(
      retrainings().map(({ templateParameters }) => templateParameters),
      [{ monitorName: DRIFT, monitorRun: measured }],
    );
    assert.deepEqual(results(await pipelines.settled()), ["retrain succeeded"], log(outcomes));
    await measure();
    const again = await pipelines.run("monitoring", { ...commit(), reason: "schedule" });
    assert.deepEqual(results(again), ["monitoring succeeded"], log(again));
    assert.equal(retrainings().length, 1);
    assert.match(log(again), /starts nothing: run \d+ was started/);
  });
});
