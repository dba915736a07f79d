// Evidence on a model that a classic release registers, as shipped: it comes from the runs that the release has as build artifacts.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readTaskFolder } from "../../local/agent/index.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import { registriesOf, registryAssets } from "../../local/azure/workspace/registries.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import type { ReleaseArtifact } from "../../local/devops/state/releases.ts";
import { ClassicReleases } from "../../local/pipeline/classic/index.ts";
import { assertSucceeded, Bench } from "../harness/bench.ts";
import { packagedTasks } from "../harness/packages.ts";

const EVIDENCE = /^(evaluation|approval)/i;

describe("evidence of a judgement in a classic release, as shipped", () => {
  let bench: Bench;
  let folder: string;
  let tasks: Map<string, string>;
  let jobName: string;
  let count = 0;
  before(async () => {
    bench = await Bench.open();
    folder = mkdtempSync(path.join(tmpdir(), "azure-ml-releases-"));
    const packaged = await packagedTasks();
    tasks = new Map(
      [...packaged.values()].map((at) => {
        const { name, version } = readTaskFolder(at).manifest;
        return [`${name}@${version.Major}`, at];
      }),
    );
    const job = await bench.run("SubmitJob", { jobFile: "azureml/job.yml", overrides: "inputs.auc: 0.9" });
    assertSucceeded(job);
    jobName = job.outputs["jobName"]!;
    const { azure } = bench.cloud;
    registriesOf(azure).set("shared", { name: "shared", id: "r", location: "eastus2", tags: {}, properties: {} });
  });
  after(async () => {
    await bench?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const judge = (build: Build, rules = "metrics.auc >= 0.5") =>
    bench.run("EvaluateMetrics", { jobName, rules, onFail: "continue" }, { build });
  /** What a training script, or anybody else who may write to the workspace, says of its own job. */
  const claim = () =>
    Object.assign(jobService(bench.cloud.azure).get(jobName)!.tags, {
      ...{ evaluation: "passed", evaluationPipeline: "gate", evaluationRun: "https://x/", approval: "approved" },
    });
  const forget = () => {
    const { tags } = jobService(bench.cloud.azure).get(jobName)!;
    for (const tag of Object.keys(tags)) if (EVIDENCE.test(tag)) delete tags[tag];
  };
  const evidenceIn = (tags: unknown) =>
    Object.fromEntries(Object.entries((tags ?? {}) as Record<string, string>).filter(([tag]) => EVIDENCE.test(tag)));
  const ofBuild = (id: number, alias = "_train"): ReleaseArtifact => ({
    alias,
    type: "Build",
    isPrimary: alias === "_train",
    definitionReference: {
      definition: { id: "1", name: "train" },
      project: { id: bench.cloud.devops.project.id, name: bench.cloud.devops.project.name },
      version: { id: String(id), name: String(id) },
    },
  });

  /** Registers the job's model in a stage of a release with these artifacts. */
  async function release(artifacts: readonly ReleaseArtifact[], inputs: Readonly<Record<string, string>> = {}) {
    const { devops, connections, urls, caFile, azure, resourceGroup, workspace } = bench.cloud;
    const name = `released-${++count}`;
    const lines: string[] = [];
    const releases = new ClassicReleases({
      ...{ devops, connections, tasks, artifactTypes: new Map(), workRoot: path.join(folder, name) },
      network: { proxyUrl: urls.proxy, caFile },
      log: (line) => void lines.push(line),
    });
    const stop = releases.listen();
    try {
      const register = {
        taskId: readTaskFolder(tasks.get("AzureMLRegisterModel@1")!).manifest.id,
        ...{ version: "1.*", name: "register", enabled: true },
        inputs: {
          ...{ azureSubscription: connections["azure-ml"].id, resourceGroup, workspace },
          ...{ name, jobName, outputName: "model", ...inputs },
        },
      };
      const definition = devops.releases.import({
        name,
        artifacts: artifacts.map(({ definitionReference, ...rest }) => {
          const { version: _version, ...definition } = definitionReference;
          return { ...rest, definitionReference: definition };
        }),
        environments: [
          {
            ...{ id: 1, name: "Production", rank: 1 },
            conditions: [{ name: "ReleaseStarted", conditionType: "event", value: "" }],
            deployPhases: [
              {
                ...{ name: "Agent job", rank: 1, phaseType: "agentBasedDeployment", workflowTasks: [register] },
                // Only what the release says of its artifacts counts here, and not their files.
                deploymentInput: { skipArtifactsDownload: true },
              },
            ],
          },
        ],
      });
      devops.releases.create(definition, {
        createdBy: devops.person("Ada"),
        artifacts,
      });
      const [outcome] = await releases.settled();
      assert.equal(outcome?.result, "succeeded", lines.join("\n"));
    } finally {
      stop();
    }
    const models = inputs["registry"] === undefined ? azure.assets.models : registryAssets(azure, "shared")!.models;
    return { evidence: evidenceIn(models.version(name, "1")?.properties["tags"]), log: lines.join("\n") };
  }
  const runUri = (build: Build) =>
    `${bench.cloud.devops.collectionUri}${bench.cloud.devops.project.name}/_build/results?buildId=${build.id}`;

  for (const inputs of [{}, { registry: "shared" }]) {
    const where = "registry" in inputs ? "in a registry" : "in a workspace";
    it(`is that of the build that the release has as an artifact, ${where}`, async () => {
      const build = bench.newBuild("gate");
      assertSucceeded(await judge(build));
      forget();
      const { evidence, log } = await release([ofBuild(build.id)], inputs);
      const { evaluationTime: _time, ...rest } = evidence;
      const expected = { evaluation: "passed", evaluationPipeline: "gate", evaluationRun: runUri(build) };
      assert.deepEqual(rest, expected, log);
    });

    it(`is never what the job says of itself, ${where}`, async () => {
      claim();
      const { evidence, log } = await release([ofBuild(bench.newBuild("train").id)], inputs);
      forget();
      assert.deepEqual(evidence, {}, log);
    });
  }

  it("is the last of several builds, and a failed one stays failed", async () => {
    const [first, second] = [bench.newBuild("train"), bench.newBuild("again")];
    assertSucceeded(await judge(first));
    assertSucceeded(await judge(second, "metrics.auc > 2"));
    claim();
    const { evidence, log } = await release([ofBuild(first.id), ofBuild(second.id, "_again")]);
    forget();
    assert.equal(evidence["evaluation"], "failed", log);
  });

  it("is none in a release without a build, or with one that is not there, whatever the job's tags claim", async () => {
    claim();
    const without = await release([]);
    const lost = await release([ofBuild(999_999)]);
    forget();
    assert.deepEqual(without.evidence, {}, without.log);
    assert.deepEqual(lost.evidence, {}, lost.log);
  });
});
