// Classic release definitions: what is refused with its place, and what runs as Azure DevOps runs it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { ReleaseReason } from "azure-devops-node-api/interfaces/ReleaseInterfaces.js";
import { type ArtifactType, ClassicReleases, readReleaseDefinition } from "../../../../local/pipeline/classic/index.ts";
import { AgentQueue, type RunOutcome } from "../../../../local/pipeline/index.ts";
import { type Organization, startOrganization } from "../../devops/organization.ts";
import { Workshop } from "../fixture.ts";

const root = path.resolve(import.meta.dirname, "../../../..");
const CONNECTION = "11111111-2222-3333-4444-555555555555";

const task = (name: string, inputs: object = {}, more: object = {}) => ({
  taskId: IDS.say,
  version: "1.*",
  name,
  enabled: true,
  condition: "succeeded()",
  inputs,
  ...more,
});
const IDS = { say: "6d3c1f64-6f0b-4d0e-9a4f-000000000001", download: "6d3c1f64-6f0b-4d0e-9a4f-000000000002" };
const phase = (tasks: object[], more: object = {}) => ({
  name: "Agent job",
  rank: 1,
  phaseType: "agentBasedDeployment",
  workflowTasks: tasks,
  ...more,
});
const started = { name: "ReleaseStarted", conditionType: "event", value: "" };
const waitsFor = (name: string) => ({ name, conditionType: "environmentState", value: "4" });
const environment = (name: string, rank: number, phases: object[], more: object = {}) => ({
  id: rank,
  name,
  rank,
  conditions: [started],
  deployPhases: phases,
  ...more,
});
const model = {
  alias: "_model",
  type: "TrainJudgeReleaseModel",
  isPrimary: true,
  definitionReference: {
    connection: { id: CONNECTION, name: "azure-ml" },
    definition: { id: "credit", name: "credit" },
    workspace: { id: "ws1", name: "ws1" },
  },
};

function faultsOf(definition: object): string {
  try {
    readReleaseDefinition("d.json", JSON.stringify(definition, null, 1));
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("reading a classic release definition", () => {
  const whole = (more: object = {}, inEnvironment: object = {}, inPhase: object = {}) => ({
    name: "D",
    environments: [environment("Prod", 1, [phase([], inPhase)], inEnvironment)],
    ...more,
  });
  const approvals = (isAutomated: boolean) => ({ approvals: [{ rank: 1, isAutomated }] });

  it("takes the example as Azure DevOps would export it", () => {
    const file = path.join(root, "examples", "breast-cancer", "release-definition.json");
    const read = readReleaseDefinition(file, readFileSync(file, "utf8"));
    assert.equal(read.name, "breast-cancer-release");
    assert.deepEqual(
      read.artifacts.map(({ alias, type, isPrimary }) => [alias, type, isPrimary]),
      [
        ["_model", "TrainJudgeReleaseModel", true],
        ["_source", "Git", false],
      ],
    );
    assert.deepEqual(
      read.environments[0]?.phases[0]?.tasks.map(({ refName }) => refName),
      ["deploy", "call"],
    );
    assert.equal(faultsOf(whole({}, { preDeployApprovals: approvals(true) })), "");
  });

  const refusals: [string, object, RegExp][] = [
    ["no name", { ...whole(), name: "" }, /^d\.json:2:\d+: name of the release definition is missing/m],
    ["no environment", { name: "D", environments: [] }, /needs an environment/],
    ["an unknown key", whole({ enviroments: [] }), /'enviroments' is no known key .*did you mean 'environments'/],
    ["an approval by a person", whole({}, { postDeployApprovals: approvals(false) }), /postDeployApprovals by people/],
    [
      "a gate after a stage",
      whole({}, { postDeploymentGates: { gates: [{ tasks: [] }] } }),
      /Gates( after a stage)? are not built/,
    ],
    ["a variable group", whole({ variableGroups: [7] }), /Variable groups are not built/],
    ["a job on machines", whole({}, {}, { phaseType: "machineGroupBasedDeployment" }), /Jobs of type machineGroup/],
    [
      "parallel jobs",
      whole({}, {}, { deploymentInput: { parallelExecution: { parallelExecutionType: "multiMachine" } } }),
      /Parallel execution \(multiMachine\)/,
    ],
    ["a wait for nobody", whole({}, { conditions: [waitsFor("Test")] }), /'Prod' waits for 'Test', which is not there/],
    [
      "a condition that cannot be read",
      whole({}, {}, { workflowTasks: [task("x", {}, { condition: "suceeded()" })] }),
      /d\.json:\d+:\d+: The condition 'suceeded\(\)' cannot be read: Unrecognized function/,
    ],
    [
      "a task group",
      whole({}, {}, { workflowTasks: [task("x", {}, { definitionType: "metaTask" })] }),
      /metaTask is not built/,
    ],
  ];
  for (const [title, definition, expected] of refusals)
    it(`refuses ${title}`, () => assert.match(faultsOf(definition), expected));

  it("tells all faults at once, and of what is no JSON where it ends", () => {
    assert.equal(faultsOf(whole({ variableGroups: [1], x: 1 }, { y: 1 })).split("\n").length, 3);
    assert.throws(() => readReleaseDefinition("d.json", '{"name": '), /^PipelineError: d\.json:1:/);
    assert.throws(() => readReleaseDefinition("d.json", "[]"), /is a JSON object/);
  });
});

describe("classic releases on the local agent", () => {
  let organization: Organization;
  let workshop: Workshop;
  let releases: ClassicReleases;
  const artifactTypes = new Map<string, ArtifactType>([
    ["TrainJudgeReleaseModel", { downloadTaskId: IDS.download, taskInputMapping: { model: "{{{definition}}}" } }],
  ]);

  before(async () => {
    organization = await startOrganization();
    workshop = new Workshop();
    const commit = workshop.commit({ "notes.txt": "of the repository" });
    assert.ok(commit);
    const { world } = organization;
    world.repositories.add("app", { path: workshop.repository });
    const say = workshop.bench.task(
      {
        id: IDS.say,
        name: "Say",
        inputs: [
          { name: "text", type: "string" },
          { name: "file", type: "filePath" },
        ],
      },
      `const fs = require("fs");
       console.log("> " + process.env.INPUT_TEXT);
       if (process.env.INPUT_TEXT === "fail") console.log("##vso[task.complete result=Failed]told to");
       if (process.env.INPUT_TEXT === "read") console.log("> " + fs.readFileSync(process.env.INPUT_FILE, "utf8"));`,
    );
    const download = workshop.bench.task(
      {
        id: IDS.download,
        name: "Bring",
        // What it does not declare it is not given: neither by the artifact's name for it, nor by an alias.
        inputs: [
          { name: "connection", type: "connectedService:AzureRM" },
          ...["model", "version"].map((name) => ({ name, type: "string", aliases: ["workspace"] })),
        ],
      },
      `const fs = require("fs"), path = require("path"), e = process.env;
       fs.mkdirSync(e.INPUT_DOWNLOADPATH, { recursive: true });
       const url = e["ENDPOINT_URL_" + e.INPUT_CONNECTION];
       fs.writeFileSync(path.join(e.INPUT_DOWNLOADPATH, "model.txt"), [e.INPUT_MODEL, e.INPUT_VERSION, e.INPUT_WORKSPACE ?? e.INPUT_DEFINITION ?? "nothing else", url].join(" "));`,
    );
    releases = new ClassicReleases({
      devops: world,
      tasks: new Map([
        ["Say@1", say],
        ["Bring@1", download],
      ]),
      connections: {
        "azure-ml": {
          ...{ id: CONNECTION, name: "azure-ml", type: "azurerm", url: "https://arm.example/" },
          ...{ scheme: "ServicePrincipal", parameters: {}, data: {} },
        },
      },
      artifactTypes,
      workRoot: path.join(workshop.bench.root, "work"),
      network: { caFile: organization.caFile },
      secrets: { token: "hush-hush-token" },
      queue: new AgentQueue(),
    });
    releases.listen();
  });
  after(async () => {
    await organization.close();
    workshop.close();
  });

  async function run(definition: object, metadata: object = {}): Promise<RunOutcome> {
    const { world } = organization;
    const { id } = world.releases.import(definition as Record<string, unknown>);
    const api = await organization.client(world.issuePersonalToken("Ada Example")).getReleaseApi();
    await api.createRelease({ definitionId: id, ...metadata }, world.project.name);
    const [outcome] = await releases.settled();
    return outcome!;
  }
  const said = (outcome: RunOutcome) =>
    outcome.stages.flatMap(({ jobs }) =>
      jobs.flatMap(({ lines }) => lines.filter((line) => line.startsWith("> ")).map((line) => line.slice(2))),
    );

  it("brings artifacts into the folders of their aliases, and says of them what Azure DevOps says", async () => {
    const variables = ["DefinitionId", "DefinitionName", "BuildNumber", "BuildId", "Type"];
    const outcome = await run(
      {
        name: "Artifacts",
        releaseNameFormat: "Credit $(rev:r)",
        artifacts: [
          model,
          {
            alias: "_source",
            type: "Git",
            definitionReference: { definition: { id: "app", name: "app" }, branches: { id: "main", name: "main" } },
          },
        ],
        environments: [
          environment("Prod", 1, [
            phase([
              task("one", { text: variables.map((name) => `$(Release.Artifacts._model.${name})`).join(" ") }),
              task("two", { text: "read", file: "_model/model.txt" }),
              task("three", { text: "read", file: "$(System.DefaultWorkingDirectory)/_source/notes.txt" }),
              task("four", {
                text: "$(Release.ReleaseName)|$(Release.EnvironmentName)|$(Release.Reason)|$(Release.PrimaryArtifactSourceAlias)|$(System.HostType)",
              }),
            ]),
          ]),
        ],
      },
      {
        artifacts: [{ alias: "_model", instanceReference: { id: "7", name: "seven" } }],
        reason: ReleaseReason.ContinuousIntegration,
      },
    );
    assert.equal(outcome.result, "succeeded", said(outcome).join("\n"));
    assert.deepEqual(said(outcome), [
      "credit credit seven 7 TrainJudgeReleaseModel",
      "read",
      "credit 7 nothing else https://arm.example/",
      "read",
      "of the repository",
      "Credit 1|Prod|ContinuousIntegration|_model|release",
    ]);
    const release = organization.world.releases.all.at(-1)!;
    assert.deepEqual([release.name, release.environments[0]?.status], ["Credit 1", "succeeded"]);
    const records = [...release.environments[0]!.plan.records.values()];
    assert.deepEqual(
      records.map(({ type, result }) => `${type} ${result}`),
      ["Stage succeeded", "Job succeeded", ...Array(6).fill("Task succeeded")],
    );
  });

  it("runs stages after those that they wait for, steps by their conditions, and stops at a failure", async () => {
    const outcome = await run({
      name: "Stages",
      environments: [
        environment("Prod", 3, [phase([task("x", { text: "prod" })])], { conditions: [waitsFor("Test")] }),
        environment("Dev", 1, [
          phase([task("a", { text: "dev" }), task("off", { text: "disabled" }, { enabled: false })]),
        ]),
        environment(
          "Test",
          2,
          [
            phase([
              task("b", { text: "fail" }),
              task("c", { text: "not reached" }),
              task("d", { text: "always" }, { condition: "always()" }),
              task("e", { text: "failed in $(where)" }, { condition: "and(failed(), eq(variables['where'], 'test'))" }),
            ]),
            phase([task("f", { text: "next job" })], { rank: 2, name: "Second" }),
          ],
          { conditions: [waitsFor("Dev")], variables: { where: { value: "test" } } },
        ),
        environment("By hand", 4, [phase([task("z", { text: "by hand" })])], { conditions: [] }),
      ],
    });
    assert.equal(outcome.result, "failed");
    assert.deepEqual(said(outcome), ["dev", "fail", "always", "failed in test"]);
    const { environments } = organization.world.releases.all.at(-1)!;
    assert.deepEqual(
      environments.map(({ name, status }) => `${name} ${status}`),
      ["Dev succeeded", "Test rejected", "Prod notStarted", "By hand notStarted"],
    );
  });

  it("gives variables by stage and by release, and secret ones masked", async () => {
    const outcome = await run(
      {
        name: "Variables",
        variables: {
          a: { value: "definition" },
          b: { value: "definition" },
          c: { value: "definition", allowOverride: true },
          token: { value: null, isSecret: true },
        },
        environments: [
          environment("Prod", 1, [phase([task("x", { text: "$(a) $(b) $(c) $(token)" })])], {
            variables: { b: { value: "stage" } },
          }),
        ],
      },
      { variables: { c: { value: "release" } } },
    );
    assert.deepEqual(said(outcome), ["definition stage release ***"]);
    assert.doesNotMatch(JSON.stringify(outcome), /hush-hush-token/);
  });

  it("brings no artifact where the job says so", async () => {
    const skipped = [
      { deploymentInput: { skipArtifactsDownload: true } },
      {
        deploymentInput: {
          artifactsDownloadInput: { downloadInputs: [{ alias: "_model", artifactDownloadMode: "Skip" }] },
        },
      },
    ];
    for (const [index, input] of skipped.entries()) {
      const outcome = await run(
        {
          name: `Skip ${index}`,
          artifacts: [model],
          environments: [environment("Prod", 1, [phase([task("x", { text: "x" })], input)])],
        },
        { artifacts: [{ alias: "_model", instanceReference: { id: "7" } }] },
      );
      assert.deepEqual(
        outcome.stages[0]?.jobs[0]?.steps.map(({ displayName }) => displayName),
        ["x"],
      );
    }
  });

  const unbound: [string, object, RegExp][] = [
    [
      "a task that is not there",
      { taskId: "00000000-0000-0000-0000-000000000000" },
      /A task is missing: .*Say@1 \(6d3c/,
    ],
    ["a task of another version", { version: "2.*" }, /in version 2\.\*/],
    ["an input that the task does not have", { inputs: { txt: "x" } }, /has no input 'txt'; did you mean 'text'/],
  ];
  for (const [title, more, expected] of unbound)
    it(`refuses ${title}, and the release is rejected`, async () => {
      const definition = { name: title, environments: [environment("Prod", 1, [phase([task("x", {}, more)])])] };
      await assert.rejects(run(definition), expected);
      assert.equal(organization.world.releases.all.at(-1)?.environments[0]?.status, "rejected");
    });

  it("refuses artifacts of a type, or with a connection, that is not there; and a release without a version", async () => {
    const environments = [environment("Prod", 1, [phase([])])];
    const metadata = { artifacts: [{ alias: "_model", instanceReference: { id: "7" } }] };
    const jenkins = { ...model, type: "Jenkins" };
    await assert.rejects(
      run({ name: "J", artifacts: [jenkins], environments }, metadata),
      /no artifact type 'Jenkins'/,
    );
    const lost = {
      ...model,
      definitionReference: { ...model.definitionReference, connection: { id: "x", name: "gone" } },
    };
    await assert.rejects(
      run({ name: "L", artifacts: [lost], environments }, metadata),
      /service connection gone does not/,
    );
    await assert.rejects(
      run({ name: "V", artifacts: [model], environments }),
      /No version is given for the artifact _model/,
    );
  });
});
