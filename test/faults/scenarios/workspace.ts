// Apply, Download model and Watch models: the workspace as the files say, the files as the model has them, each version once.
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { differs, type Scenario } from "../scenario.ts";

const documents = {
  "apply/environment.yml":
    "$schema: https://azuremlschemas.azureedge.net/latest/environment.schema.json\nname: applied\nversion: 1\nimage: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04\n",
  "apply/data.yml":
    "$schema: https://azuremlschemas.azureedge.net/latest/data.schema.json\nname: applied\nversion: 1\ntype: uri_folder\npath: ../data\n",
  "apply/model.yml":
    "$schema: https://azuremlschemas.azureedge.net/latest/model.schema.json\nname: applied\nversion: 1\ntype: custom_model\npath: ../weights\n",
};
const online = {
  "apply/endpoint.yml":
    "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json\nname: greeter\nauth_mode: key\n",
  "apply/deployment.yml":
    "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\nname: blue\nendpoint_name: greeter\nmodel:\n  path: ../weights\n  type: custom_model\ncode_configuration:\n  code: ../scoring\n  scoring_script: score.py\nenvironment:\n  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04\n  conda_file: ../azureml/conda.yml\ninstance_type: Standard_DS2_v2\ninstance_count: 1\n",
};
const modelFiles = {
  "model.txt": "weights\n".repeat(50),
  "sub/large.txt": "0123456789abcdef".repeat(20_000),
  "sub/empty.txt": "",
};
const watched = ["1", "2", "3"];

const sorted = (files: Readonly<Record<string, string>>) => Object.fromEntries(Object.entries(files).toSorted());

/** Path -> content of all files below a folder. */
function filesBelow(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
  const files = names.filter((name) => statSync(path.join(folder, name)).isFile());
  return sorted(Object.fromEntries(files.map((name) => [name, readFileSync(path.join(folder, name), "utf8")])));
}

async function addWatched(place: Parameters<NonNullable<Scenario["prepare"]>>[0]): Promise<void> {
  const { devops } = place.cloud;
  devops.builds.define("release", devops.repositories.add("watched"), "release.yml");
  const reference = { definition: { id: "watched", name: "watched" } };
  devops.releases.define(
    "release",
    ["prod"],
    [{ alias: "_model", type: "TrainJudgeReleaseModel", definitionReference: reference }],
  );
  for (const version of watched) await place.addVersion("models", "watched", version, {});
}

export const workspaceScenarios: readonly Scenario[] = [
  {
    name: "Apply, assets",
    task: "Apply",
    inputs: { file: "apply" },
    files: documents,
    requests: { "login false": 2, "arm false": 7, "arm true": 3, "storage true": 4, "storage false": 2 },
    atOnce: {},
    check: (place, { expect }) => {
      for (const noun of ["environments", "data", "models"] as const)
        expect(
          ...differs(
            `The versions of ${noun}`,
            place.versions(noun, "applied").map(({ version }) => version),
            ["1"],
          ),
        );
    },
  },
  {
    name: "Apply, an endpoint and its deployment",
    task: "Apply",
    inputs: { file: "apply" },
    files: online,
    requests: { "login false": 2, "arm false": 15, "arm true": 6, "storage true": 2, "storage false": 1 },
    afterAttempt: (place, { result }, expect) => {
      if (result !== "Succeeded") return;
      const states = [place.endpoint("greeter"), ...place.deployments("greeter")].map((one) => one?.provisioningState);
      expect(...differs("The states after a run that succeeded", states, ["Succeeded", "Succeeded"]));
    },
    check: (place, { expect }) => {
      const there = place.deployments("greeter").map(({ name, provisioningState }) => [name, provisioningState]);
      expect(...differs("The deployments at the end", there, [["blue", "Succeeded"]]));
    },
  },
  {
    name: "DownloadModel",
    task: "DownloadModel",
    inputs: { modelName: "stored", versionOrLabel: "1", downloadPath: "$(System.ArtifactsDirectory)" },
    requests: { "login false": 2, "arm false": 4, "storage false": 4 },
    prepare: (place) => place.addVersion("models", "stored", "1", modelFiles),
    afterAttempt: (_place, { result, outputs }, expect) => {
      if (result === "Succeeded")
        expect(
          JSON.stringify(filesBelow(outputs["path"] ?? "")) === JSON.stringify(sorted(modelFiles)),
          "The files are not those of the model.",
        );
    },
    check: () => {},
  },
  {
    name: "WatchModels, pipeline",
    task: "WatchModels",
    inputs: { models: "watched", pipelineToStart: "release", beginAt: "2020-01-01T00:00:00Z" },
    requests: { "login false": 2, "arm false": 3, "devops false": 12, "devops true": 13 },
    prepare: addWatched,
    atOnce: {},
    check: ({ cloud }, { expect }) => {
      const runs = cloud.devops.builds.all.filter(({ definition }) => definition.name === "release");
      expect(
        ...differs(
          "What was started",
          runs.map(({ templateParameters }) => templateParameters["modelVersion"]),
          watched,
        ),
      );
    },
  },
  {
    name: "WatchModels, release",
    task: "WatchModels",
    inputs: {
      models: "watched",
      start: "release",
      releaseDefinition: "release",
      artifactAlias: "_model",
      beginAt: "2020-01-01T00:00:00Z",
    },
    requests: { "login false": 2, "arm false": 3, "devops false": 12, "devops true": 13 },
    prepare: addWatched,
    check: ({ cloud }, { expect }) => {
      const versions = cloud.devops.releases.all.map(
        ({ artifacts }) => artifacts[0]?.definitionReference["version"]?.id,
      );
      expect(...differs("What was released", versions, watched));
    },
  },
];
