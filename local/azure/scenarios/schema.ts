// JSON schemas of scenario files: one for the file, and one for what each kind of rule lets happen. A `description` completes the sentence
// "… must be …" where a value is wrong.
import { deploymentCauses, jobCauses, jobPhases, planes } from "./rules.ts";

const durationPattern =
  "^(?=.)(\\d+(\\.\\d+)?d)?(\\d+(\\.\\d+)?h)?(\\d+(\\.\\d+)?m(?!s))?(\\d+(\\.\\d+)?s)?(\\d+ms)?$|^P(?=.)(\\d+D)?(T(?=.)(\\d+H)?(\\d+M)?(\\d+(\\.\\d+)?S)?)?$";

const duration = { type: "string", pattern: durationPattern, description: "a duration such as 90s, 15m, 6h or PT6H" };
const text = { type: "string", minLength: 1, description: "a text" };
const pattern = { type: "string", minLength: 1, description: "a text, in which * stands for any characters" };
const count = (least: number) => ({
  type: "integer",
  minimum: least,
  description: `a whole number of ${least} or more`,
});
const oneOf = (values: readonly string[]) => ({ enum: values, description: `one of ${values.join(", ")}` });
const number = (least: number, most: number) => ({
  ...{ type: "number", minimum: least, maximum: most },
  description: `a number between ${least} and ${most}`,
});
const status = { type: "integer", minimum: 400, maximum: 599, description: "a status between 400 and 599" };
const object = (properties: object, more: object = {}) => ({
  type: "object",
  additionalProperties: false,
  properties,
  description: `a mapping of ${Object.keys(properties).join(", ")}`,
  ...more,
});

/** A failure is its cause alone, or a mapping that says more. */
const fault = (causes: readonly string[], more: object) => ({
  // The file's reader has made a mapping of a text before this is asked.
  ...object({ cause: oneOf(causes), ...more }, { required: ["cause"] }),
});

export const subjects = {
  request: object({
    plane: oneOf(planes),
    method: oneOf(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]),
    path: pattern,
    operation: pattern,
  }),
  job: object({
    name: pattern,
    displayName: pattern,
    experiment: pattern,
    type: pattern,
    step: pattern,
    parent: pattern,
  }),
  endpoint: object({ name: pattern }),
  deployment: object({ endpoint: pattern, name: pattern }),
  scoring: object({ endpoint: pattern, deployment: pattern }),
};
export type Subject = keyof typeof subjects;

const operation = {
  takes: duration,
  fail: fault(deploymentCauses, { code: text, message: text, log: text }),
};

export const effects: Readonly<Record<Subject, object>> = {
  request: object(
    {
      status,
      retryAfter: count(0),
      code: text,
      message: text,
      headers: { type: "object", additionalProperties: text, description: "a mapping of names to texts" },
      drop: oneOf(["request", "answer", "midway"]),
      expireToken: { const: true, description: "true" },
      delay: duration,
    },
    { minProperties: 1 },
  ),
  job: object(
    {
      ...Object.fromEntries(jobPhases.map((phase) => [phase, duration])),
      metricsLate: duration,
      trials: {
        type: "array",
        minItems: 1,
        maxItems: 100,
        items: {
          type: "object",
          additionalProperties: { type: "number", description: "a number" },
          description: "a mapping of metrics to numbers",
        },
        description: "a list with the metrics of each trial",
      },
      fail: fault(jobCauses, { message: text, exitCode: count(1), log: text }),
    },
    { minProperties: 1 },
  ),
  endpoint: object({ takes: duration }, { required: ["takes"] }),
  deployment: object(operation, { minProperties: 1 }),
  scoring: object(
    {
      share: { type: "number", exclusiveMinimum: 0, maximum: 1, description: "a number above 0 and at most 1" },
      status,
      modelStatus: status,
      delay: duration,
      memory: number(0, 100),
      outOfMemory: { const: true, description: "true" },
    },
    { minProperties: 1 },
  ),
};

const percentiles = ["average", "p50", "p90", "p95", "p99"];
const milliseconds = number(0, 3_600_000);

/** Minutes of the past that a deployment is to have had. */
const minutes = object(
  {
    endpoint: text,
    deployment: text,
    ago: duration,
    for: duration,
    requests: count(0),
    answers: {
      ...{ type: "object", additionalProperties: count(0), propertyNames: { pattern: "^[1-5]\\d\\d(/[1-5]\\d\\d)?$" } },
      description: "a mapping of statuses such as 503 or 424/500 to numbers of requests",
    },
    latency: {
      ...{ type: ["number", "object"], minimum: 0, additionalProperties: false },
      properties: Object.fromEntries(percentiles.map((name) => [name, milliseconds])),
      description: `milliseconds, or a mapping of ${percentiles.join(", ")}`,
    },
    cpu: number(0, 100),
    memory: number(0, 100),
    instances: count(1),
    restarts: count(0),
  },
  { required: ["endpoint", "deployment", "ago", "for", "requests"] },
);

export const file = object({
  clock: object({
    speed: { type: "number", exclusiveMinimum: 0, maximum: 1_000_000, description: "a number above 0" },
    start: {
      type: "string",
      pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?(Z|[+-]\\d{2}:\\d{2})$",
      description: "a time such as 2026-01-31T08:00:00Z",
    },
  }),
  minutes: { type: "array", items: minutes, description: "a list of minutes" },
  rules: {
    type: "array",
    description: "a list of rules",
    items: object(
      // biome-ignore lint/suspicious/noThenProperty: a field of the file, and nothing that anybody awaits
      { name: text, ...subjects, skip: count(0), times: count(1), then: { description: "a mapping" } },
      { required: ["then"] },
    ),
  },
});
