// Data and models that are registered: one version for each content, with the right bytes, and the outputs name it.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { PROJECT } from "../../harness/bench.ts";
import type { Place } from "../place.ts";
import type { Ran } from "../run-task.ts";
import { differs, type Scenario, type Story } from "../scenario.ts";

type Files = Readonly<Record<string, string>>;

/** The files of a folder of the test project. */
function projectFiles(folder: string): Files {
  const names = readdirSync(path.join(PROJECT, folder)).toSorted();
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(PROJECT, folder, name), "utf8")]));
}

const sorted = (files: Files) => Object.entries(files).toSorted(([one], [other]) => (one < other ? -1 : 1));

const uriOf = (properties: Readonly<Record<string, unknown>>) =>
  String(properties["dataUri"] ?? properties["modelUri"]);

/** What a version holds is what was to be registered, once for each content, and no run says otherwise. */
async function checkVersions(
  place: Place,
  { runs, expect }: Story,
  asset: {
    noun: "data" | "models";
    name: string;
    contents: readonly Files[];
    registry?: string;
    before?: Readonly<Record<string, Files>>;
  },
): Promise<void> {
  const { noun, name, contents, registry, before = {} } = asset;
  const versions = place.versions(noun, name, registry);
  const held = new Map<string, string>();
  for (const { version, properties } of versions)
    held.set(version, JSON.stringify(sorted(await place.filesAt(uriOf(properties)))));
  const wanted = [...Object.values(before), ...contents].map((files) => JSON.stringify(sorted(files))).toSorted();
  expect(...differs(`What the versions of ${name} hold`, [...held.values()].toSorted(), wanted));
  for (const [version, files] of Object.entries(before))
    expect(
      held.get(version) === JSON.stringify(sorted(files)),
      `Version ${version}, which was there before, has changed.`,
    );
  for (const run of runs) {
    if (run.result !== "Succeeded") continue;
    const { version, created } = run.outputs;
    expect(
      versions.some((one) => one.version === version),
      `A run succeeded with version ${version}, which is not there.`,
    );
    expect(created === "true" || created === "false", `The output created is ${created}.`);
  }
  // A registry's PUT begins an operation and does not tell a new version from one that is there.
  if (registry !== undefined) return;
  const made = runs.filter(({ outputs }) => outputs["created"] === "true").map(({ outputs }) => outputs["version"]);
  expect(new Set(made).size === made.length, `Two runs say that they made version ${made.join(" and ")}.`);
}

/** A step that made a version and then failed says that the version is there. */
const namesWhatItMade =
  (noun: "data" | "models", name: string) =>
  (place: Place, ran: Ran, expect: Story["expect"]): void => {
    // What was killed says nothing.
    if (ran.result !== "Failed" || ran.attempt.stop !== undefined) return;
    const said = ran.errors.join("\n");
    const made = place.versions(noun, name).filter(({ stamps }) => stamps.createdBy.name !== "Ada");
    for (const { version } of made)
      expect(said.includes(name), `Version ${version} of ${name} is there, and the error does not name it: ${said}`);
  };

const data = projectFiles("data");
const changedData = { ...data, "readings.csv": "a,b\n9,9\n" };
const earlier = { "old.csv": "x\n1\n" };
const weights = projectFiles("weights");
const changedWeights = { "greeting.txt": "hello" };
const dataRequests = { "login false": 2, "arm false": 5, "arm true": 1, "storage true": 3, "storage false": 1 };
const registerData = { source: "inline", name: "readings", type: "uri_folder", path: "data" };
const registerModel = { source: "folder", name: "greeting", modelPath: "weights" };

export const assetScenarios: readonly Scenario[] = [
  {
    name: "RegisterData, new name",
    task: "RegisterData",
    inputs: registerData,
    requests: dataRequests,
    atOnce: {},
    afterAttempt: namesWhatItMade("data", "readings"),
    check: (place, story) => checkVersions(place, story, { noun: "data", name: "readings", contents: [data] }),
  },
  {
    name: "RegisterData, beside another version",
    task: "RegisterData",
    inputs: registerData,
    requests: dataRequests,
    prepare: (place) => place.addVersion("data", "readings", "1", earlier),
    atOnce: { files: { "data/readings.csv": changedData["readings.csv"] } },
    afterAttempt: namesWhatItMade("data", "readings"),
    check: (place, story) =>
      checkVersions(place, story, {
        ...{ noun: "data", name: "readings", before: { "1": earlier } },
        contents: story.twoAtOnce ? [data, changedData] : [data],
      }),
  },
  {
    name: "RegisterData, one file from YAML",
    task: "RegisterData",
    inputs: { source: "file", dataFile: "azureml/one.yml", tags: "made=here" },
    connection: "azure-ml-federated",
    files: { "azureml/one.yml": "name: one\ntype: uri_file\npath: ../data/readings.csv\n" },
    requests: dataRequests,
    afterAttempt: namesWhatItMade("data", "one"),
    check: (place, story) =>
      checkVersions(place, story, { noun: "data", name: "one", contents: [{ "": String(data["readings.csv"]) }] }),
  },
  {
    name: "RegisterModel, a folder",
    task: "RegisterModel",
    inputs: registerModel,
    requests: { "login false": 2, "arm false": 5, "arm true": 1, "storage true": 1, "storage false": 1 },
    atOnce: {},
    afterAttempt: namesWhatItMade("models", "greeting"),
    check: (place, story) => checkVersions(place, story, { noun: "models", name: "greeting", contents: [weights] }),
  },
  {
    name: "RegisterModel, two contents",
    task: "RegisterModel",
    inputs: registerModel,
    requests: { "login false": 2, "arm false": 5, "arm true": 1, "storage true": 1, "storage false": 1 },
    prepare: (place) => place.addVersion("models", "greeting", "1", earlier),
    atOnce: { files: { "weights/greeting.txt": changedWeights["greeting.txt"] } },
    afterAttempt: namesWhatItMade("models", "greeting"),
    check: (place, story) =>
      checkVersions(place, story, {
        ...{ noun: "models", name: "greeting", before: { "1": earlier } },
        contents: story.twoAtOnce ? [weights, changedWeights] : [weights],
      }),
  },
  {
    name: "RegisterModel, in a registry",
    task: "RegisterModel",
    inputs: { ...registerModel, registry: "shared" },
    requests: { "login false": 2, "arm false": 1, "api false": 7, "api true": 2, "storage true": 1 },
    prepare: async (place) => place.addRegistry("shared"),
    atOnce: {},
    check: (place, story) =>
      checkVersions(place, story, { noun: "models", name: "greeting", registry: "shared", contents: [weights] }),
  },
  {
    name: "RegisterData, in a registry",
    task: "RegisterData",
    inputs: { ...registerData, registry: "shared" },
    requests: { "login false": 2, "arm false": 1, "api false": 7, "api true": 2, "storage true": 3 },
    prepare: async (place) => place.addRegistry("shared"),
    check: (place, story) =>
      checkVersions(place, story, { noun: "data", name: "readings", registry: "shared", contents: [data] }),
  },
  {
    name: "RegisterModel, from a job",
    task: "RegisterModel",
    inputs: { name: "learned", jobName: "earlier-job", outputName: "model" },
    requests: { "login false": 2, "arm false": 6, "arm true": 1, "api false": 3, "storage false": 1 },
    prepare: (place) => place.addCompletedJob("earlier-job", { auc: 0.9 }),
    atOnce: {},
    afterAttempt: namesWhatItMade("models", "learned"),
    check: (place, story) =>
      checkVersions(place, story, { noun: "models", name: "learned", contents: [{ "greeting.txt": "learned" }] }),
  },
];
