// A registered model starts a release through Event Grid and the relay, in both forms; and the same over an outage of the
// relay: each version starts exactly one, in the order in which they were registered.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { eventGrid } from "../../local/azure/events/grid.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { ClassicReleases } from "../../local/pipeline/classic/index.ts";
import { Pipelines, type RunOutcome } from "../../local/pipeline/index.ts";
import { DemoRelay, WEBHOOK } from "../../scripts/demo/relay.ts";
import { until } from "../harness/until.ts";
import { workspaceAsk } from "../local/azure/client.ts";

/** Says what it was started for, as `> credit 7`. */
const SAY = { id: "0f3c9e4e-56a2-4b0c-8f0e-0d6a4c1b7e11", name: "Say" };

const RELEASE = `trigger: none
resources:
  webhooks:
  - webhook: amlModel
    connection: ${WEBHOOK.connection}
    filters:
    - {path: model.name, value: credit}
steps:
- checkout: none
- task: Say@1
  inputs:
    text: \${{ parameters.amlModel.model.name }} \${{ parameters.amlModel.model.version }}
`;

const definition = {
  name: "Release credit",
  artifacts: [
    {
      alias: "_credit",
      type: "TrainJudgeReleaseModel",
      isPrimary: true,
      definitionReference: {
        connection: { id: "5e4e6ce0-0000-4000-8000-000000000001", name: "azure-ml" },
        definition: { id: "credit", name: "credit" },
      },
    },
  ],
  environments: [
    {
      name: "Production",
      rank: 1,
      conditions: [{ name: "ReleaseStarted", conditionType: "event", value: "" }],
      deployPhases: [
        {
          name: "Agent job",
          rank: 1,
          phaseType: "agentBasedDeployment",
          workflowTasks: [
            {
              taskId: SAY.id,
              version: "1.*",
              name: "Say",
              inputs: { text: "$(Release.Artifacts._credit.DefinitionName) $(Release.Artifacts._credit.BuildNumber)" },
            },
          ],
        },
      ],
    },
  ],
};

for (const form of ["webhook", "release"] as const) {
  describe(`the relay, starting ${form === "webhook" ? "a YAML pipeline" : "a classic release"}`, () => {
    const folder = mkdtempSync(path.join(tmpdir(), "relay-e2e-"));
    let cloud: LocalCloud;
    let relay: DemoRelay;
    let settled: () => Promise<RunOutcome[]>;

    before(async () => {
      cloud = await startCloud();
      const task = path.join(folder, "say");
      mkdirSync(task);
      writeFileSync(
        path.join(task, "task.json"),
        JSON.stringify({
          ...SAY,
          version: { Major: 1, Minor: 0, Patch: 0 },
          inputs: [{ name: "text", type: "string", label: "Text", required: true }],
          execution: { Node20_1: { target: "say.js" } },
        }),
      );
      writeFileSync(path.join(task, "say.js"), 'console.log("> " + process.env.INPUT_TEXT);');
      const repository = path.join(folder, "repository");
      mkdirSync(repository);
      writeFileSync(path.join(repository, "release.yml"), RELEASE);
      const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"];
      const git = (...words: string[]) => execFileSync("git", ["-C", repository, ...identity, ...words]);
      git("init", "--quiet", "--initial-branch=main");
      git("add", "--all");
      git("commit", "--quiet", "--message", "Release");
      cloud.devops.repositories.add("app", { path: repository });
      const common = {
        devops: cloud.devops,
        connections: cloud.connections,
        tasks: new Map([["Say@1", task]]),
        workRoot: path.join(folder, "agent"),
        network: { caFile: cloud.caFile, proxyUrl: cloud.urls.proxy },
      };
      const pipelines = new Pipelines({
        ...common,
        pipelines: [{ name: "release", file: "release.yml" }],
        repository: { path: repository, uri: cloud.devops.repositoryUri("app"), name: "app" },
      });
      const releases = new ClassicReleases({ ...common, artifactTypes: new Map([["TrainJudgeReleaseModel", {}]]) });
      if (form === "release") cloud.devops.releases.import(definition);
      relay = await DemoRelay.open({
        cloud,
        folder,
        model: "credit",
        start: form === "webhook" ? "webhook" : { definition: "Release credit", alias: "_credit" },
        log: () => {},
      });
      if (form === "webhook") await pipelines.listen("main");
      releases.listen();
      settled = async () => {
        await eventGrid(cloud.azure).idle();
        return [...(await pipelines.settled()), ...(await releases.settled())];
      };
    });
    after(async () => {
      await relay?.stop();
      await cloud?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    async function register(name: string, version: string): Promise<void> {
      const answer = await workspaceAsk(cloud, "PUT", `/models/${name}/versions/${version}`, {
        apiVersion: "2024-04-01",
        body: {
          properties: {
            modelUri: `azureml://datastores/workspaceblobstore/paths/m/${version}`,
            modelType: "custom_model",
          },
        },
      });
      assert.equal(answer.status, 201, answer.text);
    }

    /** What each run said, and that it went well. */
    const said = (outcomes: readonly RunOutcome[]) =>
      outcomes.map(({ result, stages }) => {
        const lines = stages.flatMap(({ jobs }) => jobs.flatMap((job) => job.lines));
        return `${lines.find((line) => line.startsWith("> "))?.slice(2)} ${result}`;
      });

    it("starts one for each registered version, in order, however often the event comes", async () => {
      cloud.azure.settings.events.duplicates = 2;
      for (const version of ["1", "2", "10"]) await register("credit", version);
      await register("fraud", "1");
      assert.deepEqual(said(await settled()), ["credit 1 succeeded", "credit 2 succeeded", "credit 10 succeeded"]);
      assert.deepEqual(await settled(), [], "and nothing more comes of it");
    });

    it("starts what was registered while it was away once it is back, each once and in order", async () => {
      await relay.stop();
      await register("credit", "11");
      await register("credit", "9");
      await until("Event Grid tries to tell of them", () => eventGrid(cloud.azure).pending.length > 0);
      await relay.start();
      assert.deepEqual(said(await settled()), ["credit 11 succeeded", "credit 9 succeeded"]);
      assert.deepEqual(await settled(), []);
    });

    it("starts them in order also when the next one is registered as soon as it is back", async () => {
      await relay.stop();
      cloud.azure.settings.events.duplicates = 0;
      await register("credit", "12");
      await register("credit", "13");
      await relay.start();
      await register("credit", "14");
      assert.deepEqual(said(await settled()), ["credit 12 succeeded", "credit 13 succeeded", "credit 14 succeeded"]);
    });

    it("is let in by its own identity, and leaves nothing undone", async () => {
      const runs = form === "webhook" ? cloud.devops.builds.all.length : cloud.devops.releases.all.length;
      assert.equal(runs, 8);
      assert.deepEqual(cloud.devops.notBuilt, []);
      assert.deepEqual(eventGrid(cloud.azure).pending, []);
      if (form === "webhook") return;
      const [release] = cloud.devops.releases.all;
      assert.equal(release?.reason, "continuousIntegration");
      assert.equal(release?.createdBy.displayName, "managed identity");
      const identity = cloud.azure.directory.find(cloud.credentials.managedIdentity.clientId)!;
      cloud.devops.members.remove(identity);
      await register("credit", "15");
      await eventGrid(cloud.azure).idle();
      assert.deepEqual(said(await settled()), []);
      assert.equal(cloud.devops.releases.all.length, 8, "without membership nothing is created");
    });
  });
}
