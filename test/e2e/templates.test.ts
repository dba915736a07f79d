// examples/templates as a team uses them: its pipelines, run by the local pipeline on one local cloud.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { RunRecord } from "../../lib/record/index.ts";
import { contracts } from "../../local/azure/contract/contracts.ts";
import { seedMinutes } from "../../local/azure/monitor/seed.ts";
import { batchEndpointsOf } from "../../local/azure/records/batch-endpoint.ts";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import type { SeededMinutes } from "../../local/azure/scenarios/rules.ts";
import { storagePlace } from "../../local/azure/workspace/locate.ts";
import { registriesOf } from "../../local/azure/workspace/registries.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { type Environments, Pipelines, type RunOutcome } from "../../local/pipeline/index.ts";
import { ownServerTasks } from "../../scripts/acceptance/run.ts";
import { createRepository, type DemoRepository } from "../../scripts/demo/repository.ts";
import { recordsOf } from "../../scripts/demo/stage.ts";
import { readTasks } from "../../scripts/generate/task-json.ts";
import { azureDevOpsTraffic, type Entry } from "../harness/azure-devops-traffic.ts";
import { packagedTasks, root } from "../harness/packages.ts";
import { holdTimer } from "../harness/timers.ts";

/** Registers a model by another road than the templates. */
const UNJUDGED = `trigger: none
steps:
- task: AzureMLRegisterModel@1
  inputs: {azureSubscription: azure-ml, resourceGroup: rg1, workspace: ws1, source: folder, modelPath: scoring, name: breast-cancer}
`;
/** Promotes to a workspace of another tenant, and to a registry. */
const FURTHER = (parameters: string) => `trigger: none
parameters:
  - name: modelVersion
    type: string
extends:
  template: templates/promote.yml
  parameters:
    modelName: breast-cancer
    modelVersion: \${{ parameters.modelVersion }}
    endpointName: further
    requestFile: requests/two-samples.json
    approvedBy: Grace Example
${parameters}
`;
const FAR = FURTHER(`    ownWorkspaces: true
    environments:
      - {name: dev, azureSubscription: azure-ml, resourceGroup: rg1, workspace: ws1, endpointName: further-dev}
      - {name: production, azureSubscription: far, resourceGroup: rg-far, workspace: ws-far, endpointName: far-away}`);
const SHARED = (more: string) =>
  FURTHER(`    registry: shared
${more}
    environments:
      - {name: dev, azureSubscription: azure-ml, resourceGroup: rg1, workspace: ws1, endpointName: from-registry}`);
const NAMES = [
  "canary",
  "pull-request",
  "main",
  "nightly",
  "release",
  "promote",
  "rollback",
  "nightly-clean-up",
  "batch-score",
];

describe("examples/templates", () => {
  const work = mkdtempSync(path.join(tmpdir(), "azure-ml-templates-"));
  let cloud: LocalCloud;
  let repository: DemoRepository;
  let pipelines: (environments?: Environments) => Pipelines<ReturnType<LocalCloud["devops"]["createBuild"]>>;
  const lines: string[] = [];
  /** Called for each line of a log. */
  let seen = (_line: string): void => {};

  before(async () => {
    // The example with the templates beside it, as a team has them that copied the folder.
    const project = path.join(work, "project");
    cpSync(path.join(root, "examples", "breast-cancer"), project, { recursive: true });
    cpSync(path.join(root, "examples", "templates"), path.join(project, "templates"), { recursive: true });
    writeFileSync(path.join(project, "unjudged.yml"), UNJUDGED);
    writeFileSync(path.join(project, "far.yml"), FAR);
    writeFileSync(path.join(project, "to-registry.yml"), SHARED("    promoteToRegistry: true"));
    writeFileSync(path.join(project, "from-registry.yml"), SHARED("    promoteToRegistry: false"));
    const folder = path.join(work, "repository");
    mkdirSync(folder);
    repository = createRepository(project, folder, "Train a first model");
    repository.change(
      "azureml/job.yml",
      [["features: 10\n  epochs: 60", "features: 5\n  epochs: 5"]],
      "Train for a moment",
    );
    const tenantId = "72f98800-0000-4000-8000-00000000beef";
    const subscriptionId = "00000000-0000-0000-0000-000000000003";
    const named = { resourceGroup: "rg-far", workspaceName: "ws-far", storageAccount: "stor3" };
    cloud = await startCloud({
      contracts: contracts(),
      subscriptions: [{ connection: "far", subscriptionId, tenantId, ...named }],
    });
    registriesOf(cloud.azure).set("shared", {
      ...{ name: "shared", id: "id-of-shared", location: "eastus2", tags: {}, properties: {} },
    });
    cloud.devops.repositories.add("team", { path: folder });
    const folders = await packagedTasks();
    // Tasks of the server are nothing but their task.json.
    const tasks = new Map([
      ...ownServerTasks(root),
      ...readTasks(root).map(
        ({ json, folder: name }) =>
          [`${json.name}@${json.version.Major}`, folders.get(name) ?? path.join(root, "tasks", name)] as const,
      ),
    ]);
    pipelines = (environments = {}) =>
      new Pipelines({
        devops: cloud.devops,
        pipelines: [
          ...NAMES.map((name) => ({ name, file: `templates/pipelines/${name}.yml` })),
          ...["unjudged", "far", "to-registry", "from-registry"].map((name) => ({ name, file: `${name}.yml` })),
        ],
        repository: { path: folder, uri: cloud.devops.repositoryUri("team"), name: "team" },
        connections: { ...cloud.connections, far: cloud.subscriptions["far"]!.connection },
        tasks,
        workRoot: path.join(work, "agent"),
        network: { proxyUrl: cloud.urls.proxy, caFile: cloud.caFile },
        requestedFor: "Ada Example",
        log: (line) => {
          lines.push(line);
          seen(line);
        },
        environments,
      });
  });
  after(async () => {
    await cloud?.close();
    rmSync(work, { recursive: true, force: true });
  });

  const commit = () => ({ branch: repository.branch, commit: repository.commit });
  const results = (outcomes: readonly RunOutcome[]) => outcomes.map(({ pipeline, result }) => `${pipeline} ${result}`);
  const stages = (outcome: RunOutcome) => outcome.stages.map(({ name, result }) => `${name} ${result}`);
  const log = (outcome: RunOutcome) =>
    outcome.stages
      .flatMap(({ jobs }) => jobs.flatMap((job) => job.lines))
      .join("\n")
      .slice(-4000);
  const found = <T>(outcome: RunOutcome, part: (record: RunRecord) => T | undefined): T[] =>
    recordsOf(outcome).flatMap((record) => part(record) ?? []);
  const approved: Environments = { production: { approval: { by: "Grace Example", decision: "approved" } } };
  const rejected: Environments = { production: { approval: { by: "Grace Example", decision: "rejected" } } };

  /**
   * Runs it, and lets the second job that it invokes end no earlier than somebody waits for it without an agent. A job that ends between
   * the two requests of such a step tells nobody.
   */
  async function whileJobsHold<T>(work: () => Promise<T>): Promise<T> {
    const { phases } = cloud.azure.settings;
    const { finalizing } = phases;
    const held = holdTimer(7_777);
    let invoked = 0;
    seen = (line) => {
      if (/ Job \S+: https:/.test(` ${line}`) && ++invoked === 2) phases.finalizing = 7_777;
      if (!/Waiting for the service to report/.test(line)) return;
      phases.finalizing = finalizing;
      if (held.begun()) held.end();
    };
    try {
      return await work();
    } finally {
      seen = () => {};
      phases.finalizing = finalizing;
      held.restore();
    }
  }

  it("main trains, judges and registers; its release is rejected, so that nothing is deployed", async () => {
    const outcomes = await pipelines(rejected).run("main", commit());
    assert.deepEqual(results(outcomes), ["main succeeded", "release failed"], log(outcomes[0]!));
    assert.deepEqual(
      found(outcomes[0]!, ({ model }) => model?.version),
      ["1"],
    );
    assert.deepEqual(stages(outcomes[1]!), ["Release Failed"]);
    assert.deepEqual(outcomes[1]!.stages[0]!.jobs, []);
    assert.ok(lines.some((line) => /production asks Grace Example .*simulated, nobody was asked: rejected/.test(line)));
  });

  it("release deploys the version of the run that started it, once it is approved", async () => {
    repository.change("azureml/job.yml", [["epochs: 5", "epochs: 10"]], "Train for longer");
    const outcomes = await pipelines(approved).run("main", commit());
    assert.deepEqual(results(outcomes), ["main succeeded", "release succeeded"], log(outcomes.at(-1)!));
    const [deployment] = found(outcomes[1]!, (record) => record.deployment);
    assert.equal(deployment?.endpoint, "breast-cancer");
    assert.deepEqual(deployment?.traffic, { "model-2": 100 });
  });

  it("pull-request judges against what is live and registers nothing", async () => {
    const [outcome] = await pipelines().run("pull-request", { ...commit(), reason: "pullRequest" });
    assert.equal(outcome!.result, "succeeded", log(outcome!));
    const [gate] = found(outcome!, (record) => record.gate);
    assert.equal(gate?.passed, true);
    assert.equal(gate?.champion, "breast-cancer:2");
    assert.deepEqual(
      found(outcome!, ({ model }) => model),
      [],
    );
  });

  it("nightly stays green where there is nothing better, and registers nothing", async () => {
    const outcomes = await pipelines().run("nightly", { ...commit(), reason: "schedule" });
    assert.deepEqual(results(outcomes), ["nightly succeeded"], log(outcomes[0]!));
    assert.equal(found(outcomes[0]!, (record) => record.gate)[0]?.passed, false);
    assert.deepEqual(
      found(outcomes[0]!, ({ model }) => model),
      [],
    );
  });

  it("promote takes a version from dev over test to production, each with an endpoint of its own", async () => {
    const parameters = { modelVersion: "1" };
    const [outcome] = await pipelines(approved).run("promote", { ...commit(), parameters });
    assert.deepEqual(
      stages(outcome!),
      ["Check Succeeded", "dev Succeeded", "test Succeeded", "production Succeeded"],
      log(outcome!),
    );
    assert.deepEqual(
      found(outcome!, ({ deployment }) => deployment).map(({ endpoint, traffic }) => [endpoint, traffic]),
      ["dev", "test", "production"].map((name) => [`breast-cancer-${name}`, { "model-1": 100 }]),
    );
  });

  it("batch-score lets a deployment score a sample, makes it the default, and scores without an agent", async () => {
    const outcome = await whileJobsHold(async () => {
      const [one] = await pipelines().run("batch-score", { ...commit(), reason: "schedule" });
      return one;
    });
    assert.equal(outcome!.result, "succeeded", log(outcome!));
    const jobs = found(outcome!, ({ job }) => job);
    assert.deepEqual(jobs.map(({ endpoint, deployment, status }) => [endpoint, deployment, status]).slice(0, 1), [
      ["breast-cancer-batch", "first", "Completed"],
    ]);
    assert.equal(batchEndpointsOf(cloud.azure).get("breast-cancer-batch")?.defaultDeployment, "first");
    const [, scored] = jobs;
    const place = storagePlace(cloud.azure, String(scored?.outputs?.["score"]))!;
    const predictions = await cloud.azure.blobs.get(place.container, `${place.path}/predictions.csv`);
    assert.match(String(predictions), /^two-samples\.csv,1,malignant,0\.\d+\ntwo-samples\.csv,2,benign,0\.\d+\n$/);
    assert.deepEqual(
      outcome!.stages[0]!.jobs.map(({ name, result }) => [name, result]),
      [
        ["Score", "Succeeded"],
        ["Wait", "Succeeded"],
      ],
    );
    // The next night the deployment is the default: its sample is not scored again.
    const [next] = await pipelines().run("batch-score", { ...commit(), reason: "schedule" });
    assert.equal(next!.result, "succeeded", log(next!));
    assert.equal(found(next!, ({ job }) => job).length, 1);
  });

  it("promote stops before dev where nobody has judged the version", async () => {
    const [registered] = await pipelines().run("unjudged", commit());
    assert.deepEqual(
      found(registered!, ({ model }) => model?.version),
      ["3"],
      log(registered!),
    );
    const [outcome] = await pipelines(approved).run("promote", { ...commit(), parameters: { modelVersion: "3" } });
    assert.deepEqual(stages(outcome!), ["Check Failed", "dev Skipped", "test Skipped", "production Skipped"]);
  });

  it("promote takes a version to a workspace of another tenant, and deploys it there", async () => {
    const [outcome] = await pipelines(approved).run("far", { ...commit(), parameters: { modelVersion: "1" } });
    assert.deepEqual(stages(outcome!), ["Check Succeeded", "dev Succeeded", "production Succeeded"], log(outcome!));
    const [promotion, ...others] = found(outcome!, (record) => record.promotion);
    assert.deepEqual(others, []);
    assert.equal(promotion?.evidence?.["evaluation"], "passed");
    assert.equal(promotion?.approvedBy, "Grace Example");
    const { azure } = cloud.subscriptions["far"]!;
    assert.equal(promotion?.target, `${azure.workspaceId}/models/breast-cancer/versions/1`);
    assert.deepEqual(endpointsOf(azure).get("far-away")?.traffic, { "model-1": 100 });
    const { traffic } = endpointsOf(cloud.azure).get("further-dev")!;
    assert.deepEqual(traffic, { "model-1": 100 });
    for (const name of ["further-dev"]) endpointsOf(cloud.azure).delete(name);
  });

  it("promote goes through a registry, and checks the evidence there too", async () => {
    const parameters = { modelVersion: "1" };
    const [outcome] = await pipelines(approved).run("to-registry", { ...commit(), parameters });
    assert.deepEqual(stages(outcome!), ["Registry Succeeded", "dev Succeeded"], log(outcome!));
    const model = "azureml://registries/shared/models/breast-cancer/versions/1";
    assert.deepEqual(
      found(outcome!, ({ promotion, deployment }) => promotion?.target ?? deployment?.model),
      [model, model],
    );
    const [again] = await pipelines(approved).run("from-registry", { ...commit(), parameters });
    assert.deepEqual(stages(again!), ["Check Succeeded", "dev Succeeded"], log(again!));
    const unjudged = { modelVersion: "3" };
    const [refused] = await pipelines(approved).run("to-registry", { ...commit(), parameters: unjudged });
    assert.deepEqual(stages(refused!), ["Registry Failed", "dev Skipped"]);
    endpointsOf(cloud.azure).delete("from-registry");
  });

  it("nightly-clean-up deletes an endpoint whose time to live is over, and leaves what is live", async () => {
    const endpoints = endpointsOf(cloud.azure);
    const dev = endpoints.get("breast-cancer-dev");
    assert.ok(dev);
    dev.tags["azureDevOps.expires"] = "2026-01-01T00:00:00Z";
    const [outcome] = await pipelines().run("nightly-clean-up", { ...commit(), reason: "schedule" });
    assert.equal(outcome!.result, "succeeded", log(outcome!));
    const [cleanUp] = found(outcome!, (record) => record.cleanUp);
    assert.deepEqual(
      cleanUp?.changes.map(({ name, outcome }) => [name, outcome]),
      [["breast-cancer-dev", "deleted"]],
      log(outcome!),
    );
    assert.deepEqual([...endpoints.keys()].sort(), ["breast-cancer", "breast-cancer-production", "breast-cancer-test"]);
  });

  it("rollback gives the traffic back to the last known good deployment, and changes nothing a second time", async () => {
    repository.change("azureml/job.yml", [["epochs: 10", "epochs: 20"]], "Train for even longer");
    const outcomes = await pipelines(approved).run("main", commit());
    assert.deepEqual(results(outcomes), ["main succeeded", "release succeeded"], log(outcomes.at(-1)!));
    const [released] = found(outcomes[1]!, (record) => record.deployment);
    assert.notDeepEqual(released?.traffic, { "model-2": 100 });
    for (const changed of [true, false]) {
      const [outcome] = await pipelines().run("rollback", commit());
      assert.equal(outcome!.result, "succeeded", log(outcome!));
      const [rollback] = found(outcome!, (record) => record.rollback);
      assert.deepEqual([rollback?.to, rollback?.changed, rollback?.traffic], ["model-2", changed, { "model-2": 100 }]);
    }
  });

  describe("canary", () => {
    const MINUTE = 60_000;
    /** A Delay takes no time here: it passes at once for the cloud, in which both deployments had requests meanwhile. */
    const serve = (requests: Readonly<Record<string, Partial<SeededMinutes>>>) => {
      const pass = (minutes: number) => {
        cloud.azure.clock.leap(minutes * MINUTE);
        const span = { endpoint: "breast-cancer", ago: minutes * MINUTE, span: minutes * MINUTE, requests: 50 };
        seedMinutes(
          cloud.azure,
          Object.entries(requests).map(([deployment, more]) => ({ ...span, deployment, ...more })),
        );
      };
      seen = (line) => {
        const minutes = Number(/^Waiting for (\d+) minutes\.$/.exec(line)?.[1] ?? 0);
        if (minutes > 0) setImmediate(() => pass(minutes));
      };
      return pass;
    };
    after(() => {
      seen = () => {};
    });
    const run = async (modelVersion: string) => {
      const [outcome] = await pipelines(approved).run("canary", { ...commit(), parameters: { modelVersion } });
      return outcome!;
    };
    const trafficOf = () => endpointsOf(cloud.azure).get("breast-cancer")?.traffic;
    const agentless = (outcome: RunOutcome) =>
      outcome.stages.flatMap(({ jobs }) => jobs.filter(({ name }) => name === "Bake"));

    it("takes a version to all of the traffic, a stage a share, and keeps no agent busy meanwhile", async () => {
      assert.deepEqual(trafficOf(), { "model-2": 100 });
      serve({ "model-1": {}, "model-2": { requests: 400 } });
      const outcome = await run("1");
      assert.deepEqual(
        stages(outcome),
        ["Share10 Succeeded", "Share50 Succeeded", "Share100 Succeeded", "End Succeeded"],
        log(outcome),
      );
      assert.deepEqual(
        found(outcome, ({ deployment }) => deployment?.traffic),
        [{ "model-2": 90, "model-1": 10 }, { "model-2": 50, "model-1": 50 }, { "model-1": 100 }, { "model-1": 100 }],
      );
      assert.deepEqual(
        agentless(outcome).map(({ result, agentMilliseconds }) => [result, agentMilliseconds]),
        [
          ["Succeeded", 0],
          ["Succeeded", 0],
          ["Succeeded", 0],
        ],
      );
    });

    it("takes a version back that fails, at the first look and before its bake is over", async () => {
      serve({ "model-1": { requests: 400 }, "model-2": { answers: { "424/500": 20 } } });
      const outcome = await run("2");
      assert.deepEqual(
        stages(outcome),
        ["Share10 Succeeded", "Share50 Failed", "Share100 Skipped", "End Skipped"],
        log(outcome),
      );
      assert.deepEqual(lines.filter((line) => /^Waiting for \d+ minutes/.test(line)).slice(-1), [
        "Waiting for 10 minutes.",
      ]);
      assert.match(log(outcome), /new\.errorRate = 0\.4 is not at most live\.errorRate \+ 0\.01/);
      assert.deepEqual(trafficOf(), { "model-1": 100 });
    });

    it("stays where it is with too few requests to say anything, and goes on when it runs again", async () => {
      serve({ "model-1": { requests: 400 }, "model-2": { requests: 1 } });
      const outcome = await run("2");
      assert.deepEqual(
        stages(outcome),
        ["Share10 Succeeded", "Share50 Failed", "Share100 Skipped", "End Skipped"],
        log(outcome),
      );
      assert.match(log(outcome), /has 10 % of the traffic and could not be judged yet, so it did not get more/);
      assert.deepEqual(trafficOf(), { "model-1": 90, "model-2": 10 });
      serve({ "model-1": { requests: 400 }, "model-2": {} })(30);
      const again = await run("2");
      assert.deepEqual(
        stages(again),
        ["Share10 Succeeded", "Share50 Succeeded", "Share100 Succeeded", "End Succeeded"],
        log(again),
      );
      assert.deepEqual(trafficOf(), { "model-2": 100 });
    });
  });

  it("all of that reached Azure DevOps through its official client alone", () => {
    const { log } = cloud.har.toHar() as { log: { entries: Entry[] } };
    const { areas, others } = azureDevOpsTraffic(log.entries);
    assert.deepEqual(others, []);
    for (const area of ["node-Task-api", "node-Test-api"]) assert.ok((areas.get(area) ?? 0) > 5, area);
  });
});
