// Azure Pipelines' YAML as a JSON schema, written for this project from its documentation: what our own samples are held
// against, and a base where the user has no other. Microsoft's own schema knows more: its tasks, and every rare key.
import type { Schema } from "./tasks.ts";

const ref = (name: string): Schema => ({ $ref: `#/definitions/${name}` });
const text = (description: string): Schema => ({ ...ref("string"), description });
const described = (name: string, description: string): Schema => ({ ...ref(name), description });
const list = (items: Schema, description?: string): Schema => ({
  type: "array",
  items,
  ...(description === undefined ? {} : { description }),
});
const oneOf = (description: string, ...values: string[]): Schema => ({
  description,
  anyOf: [{ type: "string", enum: values }, ref("expression")],
});
const mapping = (properties: Record<string, Schema>, first?: string, required?: string[]): Schema => ({
  type: "object",
  properties,
  additionalProperties: false,
  ...(first === undefined ? {} : { firstProperty: [first] }),
  ...(first === undefined && required === undefined ? {} : { required: required ?? [first] }),
});
const anyMapping = (description: string): Schema => ({ type: "object", description });

const template = (what: string): Schema =>
  mapping(
    {
      template: text(`A template with ${what}; its path, or its path and @ and the alias of a repository`),
      parameters: anyMapping("Values of the template's parameters"),
    },
    "template",
  );

const COMMON: Record<string, Schema> = {
  displayName: text("Name that people see"),
  name: { ...ref("string"), description: "Name by which later steps read the step's outputs" },
  condition: text("Whether the step runs; without it: when all before it succeeded"),
  continueOnError: described("boolean", "The job goes on where the step fails"),
  enabled: described("boolean", "Whether the step runs at all"),
  env: anyMapping("Environment variables of the step"),
  timeoutInMinutes: described("number", "Minutes after which the step is ended"),
  retryCountOnTaskFailure: described("number", "How often the step is tried again where it fails"),
  target: { anyOf: [ref("string"), anyMapping("Where the step runs, and which commands it may give")] },
};

const script = (kind: string, what: string, more: Record<string, Schema> = {}): Schema =>
  mapping(
    {
      [kind]: text(what),
      failOnStderr: described("boolean", "The step fails where something is written to standard error"),
      workingDirectory: text("Folder in which the script starts"),
      ...more,
      ...COMMON,
    },
    kind,
  );

const POWERSHELL: Record<string, Schema> = {
  errorActionPreference: text("What an error does: stop, continue, ..."),
  warningPreference: text("What a warning does"),
  informationPreference: text("What an information does"),
  verbosePreference: text("What a verbose message does"),
  debugPreference: text("What a debug message does"),
  progressPreference: text("What progress does"),
  ignoreLASTEXITCODE: described("boolean", "The last exit code does not fail the step"),
};

const STEPS: readonly Schema[] = [
  ref("task"),
  script("script", "Script of the platform's command line"),
  script("bash", "Bash script"),
  script("pwsh", "Script of PowerShell Core", POWERSHELL),
  script("powershell", "Script of PowerShell", POWERSHELL),
  mapping(
    {
      checkout: text("Repository to check out: self, none or the alias of a repository"),
      clean: described("boolean", "Cleans the folder first"),
      fetchDepth: described("number", "How many commits are fetched; 0 for all"),
      fetchTags: described("boolean", "Fetches tags too"),
      fetchFilter: text("What a partial clone leaves out"),
      lfs: described("boolean", "Brings files of Git LFS"),
      submodules: text("Brings submodules: true, or recursive for theirs too"),
      path: text("Folder below the agent's build folder"),
      sparseCheckoutDirectories: text("Folders of a sparse checkout"),
      sparseCheckoutPatterns: text("Patterns of a sparse checkout"),
      persistCredentials: described("boolean", "Leaves the job's token to git"),
      workspaceRepo: described("boolean", "Where the job's working folder is"),
      ...COMMON,
    },
    "checkout",
  ),
  mapping({ publish: text("Path to publish"), artifact: text("Name of the artifact"), ...COMMON }, "publish"),
  mapping(
    {
      download: text("current, none, or the alias of a pipeline resource"),
      artifact: text("Name of the artifact; without it: all"),
      patterns: { anyOf: [ref("string"), list(ref("string"))] },
      path: text("Folder to download to"),
      ...COMMON,
    },
    "download",
  ),
  mapping(
    { downloadBuild: text("Alias of a build resource"), artifact: text("Name of the artifact"), ...COMMON },
    "downloadBuild",
  ),
  mapping({ getPackage: text("Alias of a package resource"), path: text("Folder"), ...COMMON }, "getPackage"),
  mapping({ reviewApp: text("Name of the resource"), ...COMMON }, "reviewApp"),
  template("steps"),
];

const HOOK: Schema = mapping({ pool: ref("pool"), steps: ref("steps") });
const HOOKS: Record<string, Schema> = {
  preDeploy: HOOK,
  deploy: HOOK,
  routeTraffic: HOOK,
  postRouteTraffic: HOOK,
  on: mapping({ failure: HOOK, success: HOOK }),
};

const JOB: Record<string, Schema> = {
  displayName: text("Name that people see"),
  dependsOn: described("names", "Jobs that this one waits for"),
  condition: text("Whether the job runs; without it: when all that it depends on succeeded"),
  continueOnError: described("boolean", "Later jobs run although this one fails"),
  timeoutInMinutes: described("number", "Minutes after which the job is cancelled; 0 for the most that there is"),
  cancelTimeoutInMinutes: described("number", "Minutes that a cancelled job has to end"),
  variables: ref("variables"),
  pool: ref("pool"),
  container: { anyOf: [ref("string"), anyMapping("Container in which the steps run")] },
  services: anyMapping("Containers beside the job"),
  workspace: mapping({ clean: oneOf("What is cleaned before the job", "outputs", "resources", "all") }),
  uses: anyMapping("Repositories and pools that the job uses and does not name elsewhere"),
  templateContext: anyMapping("What a template is told of the job"),
};

const FILTER: Schema = {
  anyOf: [list(ref("string")), mapping({ include: list(ref("string")), exclude: list(ref("string")) })],
};

const TRIGGER: Schema = {
  anyOf: [
    { type: "string", pattern: "^none$" },
    list(ref("string"), "Branches"),
    mapping({
      batch: described("boolean", "Commits during a run wait for its end, and are run together"),
      autoCancel: described("boolean", "A new commit to the pull request cancels its older runs"),
      drafts: described("boolean", "Drafts are run too"),
      branches: FILTER,
      paths: FILTER,
      tags: FILTER,
    }),
  ],
};

const RESOURCES: Schema = mapping({
  pipelines: list(
    mapping(
      {
        pipeline: text("Alias"),
        source: text("Name of the pipeline"),
        project: text("Its project"),
        version: text("Run number that is taken where none triggers"),
        branch: text("Branch of the run that is taken where none triggers"),
        tags: list(ref("string"), "Tags of the run that is taken where none triggers"),
        trigger: {
          anyOf: [
            { type: "string", pattern: "^(none|true)$" },
            { type: "boolean" },
            mapping({
              enabled: ref("boolean"),
              branches: FILTER,
              tags: list(ref("string")),
              stages: list(ref("string")),
            }),
          ],
        },
      },
      "pipeline",
    ),
  ),
  repositories: list(
    mapping(
      {
        repository: text("Alias"),
        type: oneOf("Where it lies", "git", "github", "githubenterprise", "bitbucket"),
        name: text("Its name, with its project or owner"),
        ref: text("Branch or tag"),
        endpoint: text("Service connection"),
        trigger: TRIGGER,
      },
      "repository",
    ),
  ),
  webhooks: list(
    mapping(
      {
        webhook: text("Alias"),
        connection: text("Service connection of type Incoming Webhook"),
        type: text("Kind of the payload"),
        filters: list(mapping({ path: text("Path in the payload"), value: text("What must stand there") })),
      },
      "webhook",
    ),
  ),
  containers: list(anyMapping("A container")),
  packages: list(anyMapping("A package")),
  builds: list(anyMapping("A build of another system")),
});

const VARIABLES: Schema = {
  anyOf: [
    anyMapping("Variables by name"),
    list({
      anyOf: [
        mapping({ name: text("Name"), value: text("Value"), readonly: ref("boolean") }, "name"),
        mapping({ group: text("Variable group") }, "group"),
        template("variables"),
      ],
    }),
  ],
};

const PARAMETERS: Schema = {
  anyOf: [
    list(
      mapping(
        {
          name: text("Name"),
          displayName: text("Name that people see"),
          type: oneOf(
            "Type",
            ...["string", "stringList", "number", "boolean", "object", "step", "stepList", "job", "jobList"],
            ...["deployment", "deploymentList", "stage", "stageList", "container", "containerList"],
            ...["environment", "filePath", "pool", "secureFile", "serviceConnection"],
          ),
          default: {},
          values: list(ref("string"), "Allowed values"),
        },
        "name",
      ),
    ),
    anyMapping("Parameters of a template by name, with their defaults"),
  ],
};

const ROOT: Record<string, Schema> = {
  name: text("Format of run numbers"),
  appendCommitMessageToRunName: ref("boolean"),
  trigger: TRIGGER,
  pr: TRIGGER,
  schedules: list(
    mapping(
      {
        cron: text("When, in UTC"),
        displayName: text("Name that people see"),
        branches: FILTER,
        batch: ref("boolean"),
        always: described("boolean", "Also where nothing has changed"),
      },
      "cron",
    ),
  ),
  parameters: PARAMETERS,
  variables: ref("variables"),
  resources: RESOURCES,
  pool: ref("pool"),
  lockBehavior: oneOf("How runs wait for an exclusive lock", "sequential", "runLatest"),
};

/** The schema without any task: `definitions.task` takes them as the official one does. */
export function pipelineSchema(): Schema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Azure Pipelines",
    description: "YAML of Azure Pipelines with the tasks of this extension",
    anyOf: [ref("pipeline"), { type: "string", pattern: "^$" }],
    definitions: {
      string: { type: "string" },
      expression: { type: "string", pattern: "\\$[({[]" },
      boolean: {
        anyOf: [
          { type: "boolean" },
          { type: "string", ignoreCase: "value", pattern: "^(true|false|yes|no|on|off)$" },
          ref("expression"),
        ],
      },
      number: { anyOf: [{ type: "number" }, ref("expression")] },
      names: { anyOf: [ref("string"), list(ref("string"))] },
      pipeline: {
        anyOf: [
          mapping({ stages: ref("stages"), ...ROOT }, undefined, ["stages"]),
          mapping({ jobs: ref("jobs"), ...ROOT }, undefined, ["jobs"]),
          mapping({ ...jobRoot(), ...ROOT }, undefined, ["steps"]),
          mapping({ extends: ref("extends"), ...ROOT }, undefined, ["extends"]),
          // A template of variables, which is a file of its own.
          mapping({ parameters: PARAMETERS, variables: ref("variables") }, undefined, ["variables"]),
        ],
      },
      extends: mapping({
        template: text("Template that the pipeline extends"),
        parameters: anyMapping("Values of its parameters"),
      }),
      variables: VARIABLES,
      pool: {
        anyOf: [
          ref("string"),
          mapping({
            name: text("Pool"),
            vmImage: text("Image of Microsoft's agents"),
            demands: ref("names"),
            os: text("Operating system"),
          }),
        ],
      },
      stages: list({
        anyOf: [
          mapping(
            {
              stage: text("Name"),
              displayName: text("Name that people see"),
              dependsOn: described("names", "Stages that this one waits for; without it: the one before"),
              condition: text("Whether the stage runs"),
              variables: ref("variables"),
              pool: ref("pool"),
              jobs: ref("jobs"),
              lockBehavior: ROOT["lockBehavior"]!,
              trigger: oneOf("Who starts it", "manual", "automatic"),
              isSkippable: ref("boolean"),
              templateContext: anyMapping("What a template is told of the stage"),
            },
            "stage",
          ),
          template("stages"),
        ],
      }),
      jobs: list({
        anyOf: [
          mapping(
            {
              job: text("Name"),
              ...JOB,
              strategy: mapping({
                matrix: { anyOf: [ref("expression"), anyMapping("Legs by name, each with its variables")] },
                parallel: described("number", "How many legs of the same"),
                maxParallel: described("number", "How many legs at a time"),
              }),
              steps: ref("steps"),
            },
            "job",
          ),
          mapping(
            {
              deployment: text("Name"),
              ...JOB,
              environment: {
                anyOf: [
                  ref("string"),
                  mapping({
                    name: text("Environment"),
                    resourceName: text("Resource of it"),
                    resourceId: text("Resource of it, by its id"),
                    resourceType: text("Kind of the resource"),
                    tags: text("Tags of resources"),
                  }),
                ],
              },
              strategy: mapping({
                runOnce: mapping(HOOKS),
                rolling: mapping({ ...HOOKS, maxParallel: ref("number") }),
                canary: mapping({ ...HOOKS, increments: list(ref("number")) }),
              }),
            },
            "deployment",
          ),
          template("jobs"),
        ],
      }),
      steps: list(ref("step")),
      step: { anyOf: [...STEPS] },
      task: {
        type: "object",
        properties: { task: { anyOf: [] }, inputs: anyMapping("Inputs of the task"), ...COMMON },
        additionalProperties: false,
        firstProperty: ["task"],
        required: ["task"],
        anyOf: [],
      },
    },
  };
}

/** Keys of a file that is one job. */
function jobRoot(): Record<string, Schema> {
  const { container, services, workspace, continueOnError } = JOB;
  return {
    steps: ref("steps"),
    container: container!,
    services: services!,
    workspace: workspace!,
    continueOnError: continueOnError!,
  };
}
