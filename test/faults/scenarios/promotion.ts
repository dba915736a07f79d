// Models that are promoted: one version in the target, with the bytes of the source and the evidence of its judgement, however often it was tried.
import { registryAssets } from "../../../local/azure/workspace/registries.ts";
import { judgedRun } from "../../tasks/judged.ts";
import type { Place } from "../place.ts";
import type { Ran } from "../run-task.ts";
import { differs, type Scenario, type Story } from "../scenario.ts";

const FILES = { "greeting.txt": "learned" };
const JOB = "earlier-job";

/** A model whose job was judged by an earlier run, as RegisterModel leaves it. */
async function addJudged(place: Place): Promise<void> {
  const { cloud } = place;
  const { azure, devops } = cloud;
  await place.addCompletedJob(JOB, { auc: 0.9 });
  const { runId } = judgedRun(cloud, JOB, "passed")();
  const run = `${devops.collectionUri}${devops.project.name}/_build/results?buildId=${runId}`;
  azure.assets.models.put(
    "learned",
    "4",
    {
      modelUri: `azureml://datastores/workspaceblobstore/paths/azureml/${JOB}/model`,
      ...{ modelType: "custom_model", jobName: JOB, properties: {}, isArchived: false },
      tags: { evaluation: "passed", evaluationRun: run },
    },
    { name: "Ada", type: "User" },
  );
}

interface Target {
  readonly name: string;
  readonly registry?: string;
  readonly isJudged?: boolean;
}

/** One version, of the source's number, with its content; no run says otherwise, and only one made it. */
async function check(place: Place, { runs, last, expect }: Story, { name, registry, isJudged = true }: Target) {
  const versions = place.versions("models", name, registry);
  expect(
    ...differs(
      `The versions of ${name}`,
      versions.map(({ version }) => version),
      ["4"],
    ),
  );
  for (const { properties } of versions) {
    expect(...differs("The content of the copy", await place.filesAt(String(properties["modelUri"])), FILES));
    const tags = (properties["tags"] ?? {}) as Record<string, string>;
    if (isJudged) expect(...differs("The evaluation of the copy", tags["evaluation"], "passed"));
    expect(tags["azureDevOps.promotedFrom"] !== undefined, "The copy does not say what it was promoted from.");
  }
  expect(...differs("The output version", last.outputs["version"], "4"));
  const made = runs.filter(({ outputs }) => outputs["created"] === "true");
  if (registry === undefined) expect(made.length <= 1, `${made.length} runs say that they made the version.`);
}

/** A step that made a version and then failed says that it may be there. */
const namesWhatItMade =
  (name: string, registry?: string) =>
  (place: Place, ran: Ran, expect: Story["expect"]): void => {
    // What was killed says nothing.
    if (ran.result !== "Failed" || ran.attempt.stop !== undefined) return;
    const said = ran.errors.join("\n");
    for (const { version } of place.versions("models", name, registry))
      expect(said.includes(name), `Version ${version} of ${name} is there, and the error does not name it: ${said}`);
  };

const inputs = { modelName: "learned", modelVersion: "4" };

export const promotionScenarios: readonly Scenario[] = [
  {
    name: "PromoteModel, published to a registry",
    task: "PromoteModel",
    inputs: { ...inputs, targetRegistry: "shared" },
    requests: { "login false": 2, "arm false": 8, "arm true": 1, "api false": 9, "api true": 1, "storage false": 2 },
    prepare: async (place) => {
      place.addRegistry("shared");
      await addJudged(place);
    },
    atOnce: {},
    check: (place, story) => check(place, story, { name: "learned", registry: "shared" }),
  },
  {
    name: "PromoteModel, copied within a workspace",
    task: "PromoteModel",
    inputs: { ...inputs, targetWorkspace: "ws1", targetName: "released" },
    requests: {
      "login false": 2,
      "arm false": 10,
      "arm true": 1,
      "api false": 3,
      "storage true": 1,
      "storage false": 4,
    },
    prepare: addJudged,
    atOnce: {},
    afterAttempt: namesWhatItMade("released"),
    check: (place, story) => check(place, story, { name: "released" }),
  },
  {
    name: "PromoteModel, unjudged, from a registry",
    task: "PromoteModel",
    inputs: { ...inputs, registry: "shared", targetWorkspace: "ws1", targetName: "released", requireEvidence: "false" },
    requests: {
      "login false": 2,
      "arm false": 8,
      "arm true": 1,
      "api false": 4,
      "storage true": 1,
      "storage false": 4,
    },
    prepare: async (place) => {
      const { azure } = place.cloud;
      place.addRegistry("shared");
      await azure.blobs.put("reg-shared", "model/greeting.txt", FILES["greeting.txt"]);
      const { models } = registryAssets(azure, "shared")!;
      const modelUri = `${azure.blobs.url("reg-shared", "model")}/`;
      models.put(
        "learned",
        "4",
        { modelUri, modelType: "custom_model", tags: {}, properties: {} },
        { name: "Ada", type: "User" },
      );
    },
    afterAttempt: namesWhatItMade("released"),
    check: (place, story) => check(place, story, { name: "released", isJudged: false }),
  },
];
