// Azure Pipelines' YAML as a JSON schema, written for this project from its documentation: what our own samples are held
// against, and a base where the user has no other. Microsoft's own schema knows more: its tasks, and every rare key.
import { anyMapping, described, list, mapping, oneOf, ref, template, text } from "./pieces.ts";
import { FILTER, RESOURCES, TRIGGER } from "./resources.ts";
import { STEP, STEPS } from "./steps.ts";
import type { Schema } from "./tasks.ts";

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
        properties: { task: { anyOf: [] }, inputs: anyMapping("Inputs of the task"), ...STEP },
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
