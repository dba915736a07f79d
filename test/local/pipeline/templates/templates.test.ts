// Templates: what they become, and what is refused with the file, line and column where it stands.
import assert from "node:assert/strict";
import { PipelineError, readPipeline } from "../../../../local/pipeline/index.ts";
import type { ParameterValue, StepDocument } from "../../../../local/pipeline/language/document.ts";

type Files = Readonly<Record<string, string>>;

const read = (yaml: string, files: Files = {}, parameters: Record<string, ParameterValue> = {}) =>
  readPipeline("p.yml", yaml, parameters, {
    files: (path) => files[path],
    predefined: { "Build.Reason": "PullRequest", "Build.SourceBranchName": "main" },
  });

function faultsOf(yaml: string, files: Files = {}, parameters: Record<string, ParameterValue> = {}): string[] {
  try {
    read(yaml, files, parameters);
  } catch (error) {
    assert.ok(error instanceof PipelineError, String(error));
    return error.message.split("\n");
  }
  return [];
}

/** The steps of a pipeline in one line each. */
function stepsOf(yaml: string, files: Files = {}, parameters: Record<string, ParameterValue> = {}): string[] {
  const steps = read(yaml, files, parameters).stages.flatMap(({ jobs }) => jobs.flatMap((job) => job.steps));
  return steps.map(line);
}

function line(step: StepDocument): string {
  const named = step.displayName === undefined ? "" : ` # ${step.displayName}`;
  if (step.kind === "script" || step.kind === "bash") return `${step.script}${named}`;
  if (step.kind !== "task") return step.kind + named;
  return `${step.task.value}(${step.inputs.map(({ name, value }) => `${name.value}=${value.value}`).join(", ")})${named}`;
}

describe("template expressions", () => {
  it("take the first branch that holds, in lists and in mappings", () => {
    const yaml = `parameters: [{name: where, default: test}]
steps:
- \${{ if eq(parameters.where, 'dev') }}:
  - bash: dev
- \${{ elseif eq(parameters.where, 'test') }}:
  - bash: test
  - bash: again
- \${{ else }}:
  - bash: other
- bash: last
  \${{ if eq(parameters.where, 'dev') }}:
    displayName: on dev
  \${{ elseif eq(parameters.where, 'test') }}:
    displayName: on test
  \${{ else }}:
    displayName: elsewhere
  env:
    \${{ if eq(parameters.where, 'dev') }}:
      A: dev
    \${{ else }}:
      A: not dev
    \${{ if ne(parameters.where, 'dev') }}:
      B: b
    \${{ else }}:
      B: c
`;
    assert.deepEqual(stepsOf(yaml), ["test", "again", "last # on test"]);
    assert.deepEqual(stepsOf(yaml, {}, { where: "dev" }), ["dev", "last # on dev"]);
    assert.deepEqual(stepsOf(yaml, {}, { where: "prod" }), ["other", "last # elsewhere"]);
    const [, , last] = read(yaml).stages[0]!.jobs[0]!.steps;
    assert.deepEqual(last!.env, { A: "not dev", B: "b" });
  });

  it("repeat for each item of a list and each member of a mapping", () => {
    const yaml = `parameters:
- name: places
  type: object
  default:
  - {name: dev, regions: [eu, us], live: false}
  - {name: prod, regions: [eu], live: true}
stages:
- \${{ each place in parameters.places }}:
  - stage: \${{ place.name }}
    jobs:
    - \${{ each region in place.regions }}:
      - job: \${{ upper(region) }}
        steps:
        - bash: deploy to \${{ place.name }} in \${{ region }}
          enabled: \${{ place.live }}
        - \${{ each member in place }}:
          - bash: \${{ member.key }} is \${{ join('+', member.value) }}
`;
    const document = read(yaml);
    assert.deepEqual(
      document.stages.map(({ name, jobs }) => [name, jobs.map((job) => job.name)]),
      [
        ["dev", ["EU", "US"]],
        ["prod", ["EU"]],
      ],
    );
    assert.deepEqual(document.stages[1]!.jobs[0]!.steps.map(line), [
      "deploy to prod in eu",
      "name is prod",
      "regions is eu",
      "live is True",
    ]);
    assert.deepEqual(
      document.stages.map(({ jobs }) => jobs[0]!.steps[0]!.enabled),
      [false, true],
    );
  });

  it("insert members, keep a whole list, and rebuild a step from its own members", () => {
    const yaml = `parameters:
- name: env
  type: object
  default: {A: 1, B: two}
- name: before
  type: stepList
  default: [{bash: one}, {task: T@1, inputs: {a: b, version: 1.10}}]
steps:
- \${{ parameters.before }}
- bash: two
  env:
    C: three
    \${{ insert }}: \${{ parameters.env }}
- \${{ each step in parameters.before }}:
  - \${{ each pair in step }}:
      \${{ pair.key }}: \${{ pair.value }}
    displayName: wrapped
`;
    assert.deepEqual(stepsOf(yaml), [
      "one",
      "T@1(a=b, version=1.10)",
      "two",
      "one # wrapped",
      "T@1(a=b, version=1.10) # wrapped",
    ]);
    assert.deepEqual(read(yaml).stages[0]!.jobs[0]!.steps[2]!.env, { C: "three", A: "1", B: "two" });
  });

  it("know variables that stand before them, in their own stage and job only, and what is predefined", () => {
    const yaml = `variables:
  a: root
  b: \${{ variables.a }}+
stages:
- stage: One
  variables:
  - name: a
    value: one of \${{ variables.b }}
  jobs:
  - job: J
    steps: [{bash: "\${{ variables.a }} \${{ variables['build.reason'] }}"}]
- stage: Two
  jobs:
  - job: J
    steps: [{bash: "\${{ variables.a }} [\${{ variables.none }}]"}]
`;
    assert.deepEqual(stepsOf(yaml), ["one of root+ PullRequest", "root []"]);
  });

  it("write braces inside strings, and leave macros and runtime expressions alone", () => {
    const yaml = `variables: {v: "$[ counter('x') ]"}
steps: [{bash: "\${{ format('{{0}} }} {0} ', 'a''b') }}\${{ '}}' }} $(v)"}]
`;
    assert.deepEqual(
      faultsOf(yaml).map((fault) => fault.replace(/^.*?: /, "")),
      ["'$[ counter('x') ]' cannot be read: Unrecognized function: 'counter'."],
    );
    assert.deepEqual(stepsOf(yaml.replace(/^.*\n/, "")), ["{0} } a'b }} $(v)"]);
  });
});

const STEPS = `parameters:
- name: greeting
  type: string
- name: times
  type: number
  default: 1
- name: loud
  type: boolean
  default: false
- name: where
  default: dev
  values: [dev, prod]
- name: after
  type: stepList
  default: []
steps:
- bash: \${{ parameters.greeting }} \${{ parameters.times }} \${{ parameters.where }} \${{ parameters.loud }}
- \${{ parameters.after }}
`;

describe("templates", () => {
  it("bring steps, jobs, stages and variables, beside the file that names them or from the root", () => {
    const files = {
      "ci/steps/hello.yml": STEPS,
      "ci/jobs.yml": `parameters: {name: World}
jobs:
- job: \${{ parameters.name }}
  variables:
  - template: /ci/values.yml
    parameters: {who: "\${{ parameters.name }}"}
  steps:
  - template: steps/hello.yml
    parameters:
      greeting: Hello \${{ variables.who }}
      times: 2
      after:
      - template: steps/bye.yml
`,
      "ci/steps/bye.yml": "steps: [{bash: bye}]",
      "ci/values.yml": "parameters: [{name: who}]\nvariables: {who: '${{ parameters.who }}!', fixed: x}",
      "ci/stages.yml": "stages:\n- stage: S\n  jobs:\n  - template: jobs.yml@self\n    parameters: {name: Moon}\n",
    };
    const yaml = "stages:\n- template: ci/stages.yml\n- stage: Last\n  jobs:\n  - template: /ci/jobs.yml\n";
    assert.deepEqual(stepsOf(yaml, files), ["Hello Moon! 2 dev False", "bye", "Hello World! 2 dev False", "bye"]);
    const [job] = read(yaml, files).stages[0]!.jobs;
    assert.deepEqual(
      job!.variables.map(({ name, value }) => [name, value]),
      [
        ["who", "Moon!"],
        ["fixed", "x"],
      ],
    );
  });

  it("are extended, with resources and variables of both", () => {
    const files = {
      "t/base.yml": `parameters:
- {name: build, type: stepList}
- {name: production, type: boolean, default: false}
resources:
  pipelines: [{pipeline: other, source: other}]
variables: {shared: from the template}
stages:
- stage: Build
  jobs:
  - job: J
    steps:
    - \${{ each step in parameters.build }}:
      - \${{ if not(step.pwsh) }}:
        - \${{ step }}
- \${{ if parameters.production }}:
  - stage: Production
    jobs: [{job: P, steps: [{bash: "\${{ variables.own }} \${{ variables.shared }}"}]}]
`,
      "t/again.yml":
        "parameters: [{name: more, type: boolean}]\nextends:\n  template: base.yml\n  parameters:\n    build: [{bash: x}]\n    production: ${{ parameters.more }}\n",
    };
    const yaml = `trigger: none
resources:
  pipelines: [{pipeline: training, source: training}]
variables:
- name: own
  value: from the pipeline
extends:
  template: t/base.yml
  parameters:
    build: [{bash: one}, {pwsh: two}]
    production: true
`;
    const document = read(yaml, files);
    assert.deepEqual(
      document.stages.flatMap(({ jobs }) => jobs.flatMap((job) => job.steps.map(line))),
      ["one", "from the pipeline from the template"],
    );
    assert.deepEqual(
      document.resources.map(({ alias }) => alias),
      ["training", "other"],
    );
    assert.deepEqual(
      document.variables.map(({ name }) => name),
      ["own", "shared"],
    );
    assert.equal(document.trigger, "none");
    assert.deepEqual(stepsOf("extends: {template: t/again.yml, parameters: {more: true}}", files), [
      "x",
      " from the template",
    ]);
  });

  it("hand deployments their steps, and jobs their lists", () => {
    const files = {
      "deploy.yml": `parameters:
- {name: environment, type: string}
- {name: steps, type: stepList}
jobs:
- deployment: Deploy
  environment: \${{ parameters.environment }}
  strategy:
    runOnce:
      deploy:
        steps:
        - template: before.yml
        - \${{ parameters.steps }}
`,
      "before.yml": "steps: [{bash: before}]",
    };
    const yaml = "jobs:\n- template: deploy.yml\n  parameters:\n    environment: prod\n    steps: [{bash: it}]\n";
    assert.deepEqual(stepsOf(yaml, files), ["before", "it"]);
    assert.equal(read(yaml, files).stages[0]!.jobs[0]!.environment, "prod");
  });
});

const hello = (parameters: string) => `steps:\n- template: t/hello.yml\n  parameters: ${parameters}\n`;
const HELLO = { "t/hello.yml": STEPS };

const refused: readonly (readonly [string, string, Files, RegExp])[] = [
  ["a template that is not there", "steps:\n- template: x.yml", {}, /^p\.yml:2:13: File \/x\.yml was not found/],
  [
    "a template of another repository",
    "steps:\n- template: x.yml@tools",
    {},
    /^p\.yml:2:13: The template 'x\.yml' lies in the repository 'tools': other repositories are not built/,
  ],
  ["a template outside", "steps:\n- template: ../x.yml", {}, /^p\.yml:2:13: The template '\.\.\/x\.yml' lies outside/],
  [
    "an unknown parameter",
    hello("{greeting: a, tims: 1}"),
    HELLO,
    /^p\.yml:3:35: The template t\/hello\.yml has no parameter 'tims'; did you mean 'times'\?/,
  ],
  [
    "a missing parameter",
    hello("{times: 1}"),
    HELLO,
    /^p\.yml:2:3: A value for the 'greeting' parameter must be provided\.$/,
  ],
  [
    "a wrong number",
    hello("{greeting: a, times: two}"),
    HELLO,
    /^p\.yml:3:36: .*'times' parameter must be provided: 'two' is no number\./,
  ],
  ["a wrong boolean", hello("{greeting: a, loud: maybe}"), HELLO, /^p\.yml:3:35: .*'loud'.*'maybe' is no boolean\./],
  ["a list for a text", hello("{greeting: [a]}"), HELLO, /^p\.yml:3:26: .*'greeting'.*'\["a"\]' is no string\./],
  [
    "a text for a list of steps",
    hello("{greeting: a, after: x}"),
    HELLO,
    /^p\.yml:3:36: .*'after'.*'x' is no stepList\./,
  ],
  [
    "a value that is not allowed",
    hello("{greeting: a, where: qa}"),
    HELLO,
    /^p\.yml:3:36: The 'where' parameter value 'qa' is not a valid value; there is dev, prod/,
  ],
  [
    "a fault inside a template",
    hello("{greeting: a}"),
    { "t/hello.yml": "parameters: [{name: greeting}]\nsteps:\n- bash: x\n  enabld: true\n" },
    /^t\/hello\.yml:4:3: 'enabld' is no key of a step; did you mean 'enabled'\?/,
  ],
  [
    "a fault inside an argument, where it was written",
    hello("{greeting: a, after: [{bsh: x}]}"),
    HELLO,
    /^p\.yml:3:37: 'bsh' is no kind of step; did you mean 'bash'\?/,
  ],
  ["YAML in a template that is no YAML", hello("{}"), { "t/hello.yml": "steps: [" }, /^t\/hello\.yml:\d:\d+: /],
  [
    "a template of another kind",
    "steps:\n- template: j.yml",
    { "j.yml": "jobs: []" },
    /^j\.yml:1:1: 'jobs' is no key of this template, which is to hold steps/,
  ],
  [
    "a template that includes itself",
    "steps:\n- template: s.yml",
    { "s.yml": "steps:\n- template: s.yml" },
    /^s\.yml:2:3: Templates are nested more than 20 deep/,
  ],
  [
    "other keys of a reference",
    "steps:\n- template: s.yml\n  displayName: x",
    { "s.yml": "steps: []" },
    /^p\.yml:3:3: 'displayName' is no key of a template reference/,
  ],
  ["an else without its if", "steps:\n- ${{ else }}:\n  - bash: x", {}, /^p\.yml:2:3: \$\{\{ else \}\} needs an/],
  [
    "an elseif after something else",
    "steps:\n- ${{ if true }}:\n  - bash: x\n- bash: y\n- ${{ elseif true }}:\n  - bash: z",
    {},
    /^p\.yml:5:3: \$\{\{ elseif \}\} needs an/,
  ],
  [
    "a condition that cannot be read",
    "steps:\n- ${{ if eq(1 }}:\n  - bash: x",
    {},
    /^p\.yml:2:3: .*cannot be evaluated/,
  ],
  ["an unknown name", "steps:\n- bash: ${{ inputs.data }}", {}, /^p\.yml:2:9: .*Unrecognized value: 'inputs'/],
  [
    "an expression that does not end",
    "steps:\n- bash: ${{ parameters.x",
    {},
    /^p\.yml:2:9: A template expression begins with \$\{\{ and does not end/,
  ],
  [
    "a list in a text",
    "parameters: [{name: l, type: object, default: [a]}]\nsteps:\n- bash: x ${{ parameters.l }}",
    {},
    /^p\.yml:3:9: .*is a list or a mapping, and stands inside a text/,
  ],
  [
    "each over a text",
    "steps:\n- ${{ each x in 'abc' }}:\n  - bash: y",
    {},
    /^p\.yml:2:3: \$\{\{ each \}\} needs a list or a mapping, not 'abc'/,
  ],
  [
    "a list inserted into a mapping",
    "steps:\n- bash: x\n  env:\n    ${{ if true }}: [a]",
    {},
    /^p\.yml:4:21: .*must hold a mapping/,
  ],
  [
    "a member that is there twice",
    "steps:\n- bash: x\n  env:\n    A: 1\n    ${{ if true }}:\n      A: 2",
    {},
    /^p\.yml:6:7: 'A' is already defined/,
  ],
  [
    "an expression in a trigger",
    "trigger: ['${{ variables.x }}']\nsteps: [{bash: x}]",
    {},
    /^p\.yml:1:11: Azure Pipelines replaces no template expressions in trigger/,
  ],
  [
    "a default that is no literal",
    "parameters: [{name: a, default: '${{ 1 }}'}]\nsteps: [{bash: x}]",
    {},
    /^p\.yml:1:33: The default of a parameter is a literal/,
  ],
  [
    "a default of another type",
    "parameters: [{name: a, type: boolean, default: 3}]\nsteps: [{bash: x}]",
    {},
    /^p\.yml:1:48: The default of 'a' must be true or false/,
  ],
  [
    "an unknown type",
    "parameters: [{name: a, type: text}]\nsteps: [{bash: x}]",
    {},
    /^p\.yml:1:24: A parameter of type 'text' is not built/,
  ],
  [
    "an extending pipeline with steps",
    "extends: {template: e.yml}\nsteps: [{bash: x}]",
    { "e.yml": "steps: [{bash: y}]" },
    /^p\.yml:2:8: What extends a template has no steps of its own/,
  ],
  [
    "a trigger in a template",
    "extends: {template: e.yml}",
    { "e.yml": "trigger: none\nsteps: [{bash: y}]" },
    /^e\.yml:1:1: A trigger in a template is not built/,
  ],
  [
    "a template without a body",
    "extends: {template: e.yml}",
    { "e.yml": "variables: {a: b}" },
    /^e\.yml:1:1: A template that a pipeline extends needs stages, jobs or steps/,
  ],
];

describe("templates that are refused", () => {
  for (const [title, yaml, files, expected] of refused) {
    it(title, () => {
      const faults = faultsOf(yaml, files);
      assert.ok(
        faults.some((fault) => expected.test(fault)),
        `expected ${expected}, found:\n${faults.join("\n") || "no fault"}`,
      );
    });
  }

  it("says each fault once, and only those that were made", () => {
    assert.equal(faultsOf(hello("{after: [{bsh: x}], tims: 1}"), HELLO).length, 3);
    assert.equal(faultsOf("steps:\n- ${{ if parameters.x }}:\n  - bsh: x\n- ${{ else }}:\n  - bash: y").length, 1);
  });
});
