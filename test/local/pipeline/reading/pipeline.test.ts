// Refusals of the local pipeline: by name, line and column, before anything runs.
import assert from "node:assert/strict";
import { PipelineError, readPipeline } from "../../../../local/pipeline/index.ts";
import type { ParameterValue } from "../../../../local/pipeline/language/document.ts";

function faultsOf(yaml: string, parameters: Record<string, ParameterValue> = {}): string[] {
  try {
    readPipeline("p.yml", yaml, parameters);
  } catch (error) {
    assert.ok(error instanceof PipelineError, String(error));
    return error.message.split("\n");
  }
  return [];
}

const table: readonly (readonly [string, string, RegExp])[] = [
  ["YAML that is no YAML", "steps:\n- bash: a\n  b: [", /^p\.yml:3:\d+: /],
  ["a list at the top", "- bash: a", /^p\.yml:1:1: A pipeline is a mapping/],
  ["nothing to do", "trigger: none", /^p\.yml:1:1: A pipeline needs stages, jobs or steps/],
  ["steps and jobs", "steps: [{bash: a}]\njobs: []", /^p\.yml:\d:1: A pipeline has either jobs or steps/],
  [
    "an unknown root key",
    "step:\n- bash: a\nsteps: [{bash: b}]",
    /^p\.yml:1:1: 'step' is no key of a pipeline; did you mean 'steps'\?/,
  ],
  [
    "a root key that is not built",
    "container: ubuntu\nsteps: [{bash: b}]",
    /^p\.yml:1:1: 'container' of a pipeline is not built in the local pipeline/,
  ],
  [
    "a lockBehavior that there is none of",
    "lockBehavior: one\nsteps: [{bash: b}]",
    /^p\.yml:1:15: lockBehavior must be sequential or runLatest, not 'one'/,
  ],
  [
    "a stage's lockBehavior that there is none of",
    "stages:\n- stage: A\n  lockBehavior: last\n  jobs: [{job: B, steps: [{bash: b}]}]",
    /^p\.yml:3:17: lockBehavior must be sequential or runLatest, not 'last'/,
  ],
  ["an unknown kind of step", "steps:\n- bsh: echo", /^p\.yml:2:3: 'bsh' is no kind of step; did you mean 'bash'\?/],
  [
    "a kind of step that is not built",
    "steps:\n- pwsh: echo",
    /^p\.yml:2:3: A step 'pwsh' is not built in the local pipeline: use bash or script\./,
  ],
  [
    "an unknown key of a step",
    "steps:\n- bash: echo\n  displayname: x",
    /^p\.yml:3:3: 'displayname' is no key of a step; did you mean 'displayName'\?/,
  ],
  [
    "a wrong boolean",
    "steps:\n- bash: echo\n  continueOnError: maybe",
    /^p\.yml:3:20: continueOnError must be true or false, not 'maybe'/,
  ],
  [
    "a wrong number",
    "steps:\n- bash: echo\n  timeoutInMinutes: long",
    /^p\.yml:3:21: timeoutInMinutes must be a number/,
  ],
  [
    "a condition that cannot be read",
    "steps:\n- bash: echo\n  condition: eq(variables.a",
    /^p\.yml:3:14: The condition 'eq\(variables\.a' cannot be read/,
  ],
  [
    "dependencies in a step's condition",
    "steps:\n- bash: echo\n  condition: eq(dependencies.A.result, 'x')",
    /^p\.yml:3:14: .*Unrecognized value: 'dependencies'/,
  ],
  ["a step name that is no name", "steps:\n- bash: echo\n  name: a-b", /^p\.yml:3:3: The step name 'a-b' must/],
  [
    "a step name used twice",
    "steps:\n- {bash: a, name: x}\n- {bash: b, name: X}",
    /^p\.yml:3:3: The step name 'X' is used twice/,
  ],
  [
    "a job that depends on an unknown one",
    "jobs:\n- job: A\n  dependsOn: Bb\n  steps: [{bash: x}]\n- job: B\n  steps: [{bash: x}]",
    /^p\.yml:3:14: The job 'A' depends on an unknown job 'Bb'; there is B/,
  ],
  [
    "jobs in a circle",
    "jobs:\n- {job: A, dependsOn: B, steps: [{bash: x}]}\n- {job: B, dependsOn: A, steps: [{bash: x}]}",
    /^p\.yml:2:3: The job 'A' depends on itself/,
  ],
  [
    "outputs of a job that it does not depend on",
    "jobs:\n- job: A\n  steps: [{bash: x}]\n- job: B\n  variables:\n    v: $[ dependencies.A.outputs['s.x'] ]\n  steps: [{bash: x}]",
    /^p\.yml:6:8: dependencies\.A is never filled: the job 'B' does not depend on 'A'/,
  ],
  [
    "a matrix that the run itself makes",
    "jobs:\n- job: A\n  strategy: {matrix: '$[ variables.legs ]'}\n  steps: [{bash: x}]",
    /^p\.yml:3:22: A matrix that is made while the run goes on/,
  ],
  [
    "a script in an agentless job",
    "jobs:\n- job: A\n  pool: server\n  steps: [{bash: x}]",
    /^p\.yml:4:11: A bash step needs an agent, and the job 'A' has none \(pool: server\)/,
  ],
  [
    "a canary",
    "jobs:\n- deployment: A\n  environment: e\n  strategy: {canary: {}}",
    /^p\.yml:4:14: 'canary' of strategy is not built in the local pipeline: only runOnce runs/,
  ],
  [
    "a variable group",
    "variables:\n- group: secrets\nsteps: [{bash: x}]",
    /^p\.yml:2:3: 'group' of a variable is not built/,
  ],
  [
    "text after a runtime expression",
    "variables:\n  a: $[ variables.b ]x\nsteps: [{bash: x}]",
    /^p\.yml:2:6: A runtime expression is the whole value/,
  ],
  [
    "an alias",
    "variables: &v {a: b}\nsteps:\n- bash: x\n  env: *v",
    /^p\.yml:4:8: Azure Pipelines has no YAML anchors/,
  ],
  ["an unknown trigger", "trigger: always\nsteps: [{bash: x}]", /^p\.yml:1:10: trigger must be none/],
  [
    "a webhook without its connection",
    "resources:\n  webhooks: [{webhook: amlModel}]\nsteps: [{bash: x}]",
    /^p\.yml:2:14: A webhook resource needs webhook \(its alias\) and connection/,
  ],
  [
    "an unknown key of a webhook",
    "resources:\n  webhooks: [{webhook: a, connection: b, filter: []}]\nsteps: [{bash: x}]",
    /^p\.yml:2:42: 'filter' is no key of a webhook resource; did you mean 'filters'\?/,
  ],
  [
    "a webhook that is a parameter too",
    "parameters: [{name: model, default: x}]\nresources:\n  webhooks: [{webhook: Model, connection: b}]\nsteps: [{bash: x}]",
    /^p\.yml:3:14: 'Model' is a webhook and a parameter at once/,
  ],
  [
    "the payload of a webhook that there is not",
    "resources:\n  webhooks: [{webhook: amlModel, connection: b}]\nsteps:\n- bash: echo ${{ parameters.amlModle.model.name }}",
    /^p\.yml:4:9: .*There is no parameter 'amlModle'; did you mean 'amlModel'\?/,
  ],
  [
    "a download from nowhere",
    "resources:\n  pipelines: [{pipeline: training, source: t}]\nsteps:\n- download: trainin",
    /^p\.yml:4:13: There is no pipeline resource 'trainin' to download from; did you mean 'training'\?/,
  ],
  ["an unnamed artifact", "steps:\n- publish: a", /^p\.yml:2:3: publish needs the name of the artifact/],
  ["another repository", "steps:\n- checkout: tools", /^p\.yml:2:13: checkout knows self and none here, not 'tools'/],
  [
    "two parameters of one name",
    "parameters: [{name: a, default: x}, {name: A, default: y}]\nsteps: [{bash: x}]",
    /:1:37: The parameter 'A' is declared twice/,
  ],
  [
    "two resources of one alias",
    "resources:\n  pipelines:\n  - {pipeline: t, source: x}\n  - {pipeline: T, source: y}\nsteps: [{bash: x}]",
    /:4:5: The resource 'T' is declared twice/,
  ],
  [
    "a schedule that is none",
    "schedules:\n- cron: every day\nsteps: [{bash: x}]",
    /:2:\d+: Improperly formed cron syntax: 'every day'/,
  ],
  [
    "a deployment to nowhere",
    "jobs:\n- deployment: A\n  strategy: {runOnce: {deploy: {steps: [{bash: x}]}}}",
    /:2:3: A deployment job needs an environment/,
  ],
  [
    "an unknown parameter in an expression",
    "parameters:\n- name: region\n  default: eu\nsteps:\n- bash: echo ${{ parameters.regoin }}",
    /^p\.yml:5:9: .*There is no parameter 'regoin'; did you mean 'region'\?/,
  ],
  [
    "a parameter without a value",
    "parameters:\n- name: region\nsteps: [{bash: x}]",
    /^p\.yml:2:3: A value for the 'region' parameter must be provided/,
  ],
  [
    "a value that a parameter does not allow",
    "parameters:\n- name: region\n  default: us\n  values: [eu, uk]\nsteps: [{bash: x}]",
    /^p\.yml:2:3: The 'region' parameter value 'us' is not a valid value; there is eu, uk/,
  ],
];

describe("reading a pipeline", () => {
  for (const [title, yaml, expected] of table) {
    it(`refuses ${title}`, () => {
      const faults = faultsOf(yaml);
      assert.ok(
        faults.some((fault) => expected.test(fault)),
        `expected ${expected}, found:\n${faults.join("\n") || "no fault"}`,
      );
    });
  }

  it("reports all faults at once", () => {
    assert.equal(faultsOf("pol: x\nsteps:\n- bsh: a\n- bash: b\n  enabld: true").length, 3);
  });

  it("refuses a parameter of the run that the pipeline does not have", () => {
    const yaml = "parameters:\n- name: region\n  default: eu\nsteps: [{bash: x}]";
    assert.match(faultsOf(yaml, { regionn: "x" })[0]!, /did you mean 'region'\?/);
  });

  it("keeps numbers as they are written, and reads parameters, triggers and resources", () => {
    const document = readPipeline(
      "p.yml",
      `name: Release $(Rev:r)
trigger: [main, release/*]
pr: {branches: {include: [main], exclude: [x]}, paths: {exclude: ["*.md"]}}
schedules: [{cron: "0 0 * * *", branches: {include: [main]}}]
parameters:
- {name: count, type: number, default: 3}
- {name: fast, type: boolean, default: false}
variables:
- {name: version, value: 1.10, readonly: true}
resources:
  pipelines:
  - {pipeline: training, source: train, trigger: {branches: [main], tags: [good]}}
stages:
- stage: A
  jobs:
  - job: J
    steps:
    - bash: echo \${{ parameters.count }} \${{ parameters.fast }} \${{ variables.version }}
- stage: B
  dependsOn: []
  jobs:
  - deployment: D
    environment: prod
    strategy: {runOnce: {deploy: {steps: [{bash: x}]}}}
`,
      { count: 4 },
    );
    assert.deepEqual(
      document.variables.map(({ name, value, readOnly }) => [name, value, readOnly]),
      [["version", "1.10", true]],
    );
    const [step] = document.stages[0]!.jobs[0]!.steps;
    assert.equal(step?.kind === "bash" && step.script, "echo 4 False 1.10");
    assert.deepEqual(
      document.stages.map(({ dependsOn }) => dependsOn.length),
      [0, 0],
    );
    assert.deepEqual(document.trigger !== "none" && document.trigger?.branches.include, ["main", "release/*"]);
    assert.deepEqual(document.resources[0]!.trigger, {
      branches: { include: ["main"], exclude: [] },
      tags: ["good"],
      stages: [],
    });
    assert.equal(document.stages[1]!.jobs[0]!.environment, "prod");
  });
});
