// Scenario files: what they may say, and how a fault in one is told. No cloud runs here.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseScenarios, readScenarios, ScenarioError } from "../../../../local/azure/scenarios/document.ts";
import { meets, operationOf } from "../../../../local/azure/scenarios/patterns.ts";
import { Scenarios } from "../../../../local/azure/scenarios/scenarios.ts";
import { effects, subjects } from "../../../../local/azure/scenarios/schema.ts";

const faults = (text: string): string[] => {
  try {
    parseScenarios(text, "s.yml");
  } catch (error) {
    assert.ok(error instanceof ScenarioError, String(error));
    return error.message.split("\n");
  }
  return [];
};

/** Names of fields, and of what a field may be. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly enum?: readonly string[];
}
const wordsOf = ({ properties = {}, enum: values = [] }: Schema): string[] => [
  ...values.filter((value) => !/^[A-Z]+$/.test(value)),
  ...Object.entries(properties).flatMap(([name, schema]) => [name, ...wordsOf(schema)]),
];

const WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws";

describe("a scenario file", () => {
  it("says how fast the clock runs, and what happens to what", () => {
    const { clock, rules } = parseScenarios(
      `clock: { speed: 3600, start: 2026-01-31T08:00:00Z }
rules:
  - name: throttled
    request: { plane: arm, method: PUT, operation: jobs/write }
    skip: 1
    times: 2
    then: { status: 429, retryAfter: 3, delay: 1m30s }
  - job: { name: "train-*" }
    then: { queued: 6h, metricsLate: PT10M, fail: imageBuild }
  - deployment: {}
    then: { takes: 2d, fail: { cause: unhealthy, log: x } }
`,
      "s.yml",
    );
    assert.deepEqual(clock, { speed: 3600, start: Date.parse("2026-01-31T08:00:00Z") });
    assert.deepEqual(rules, [
      {
        kind: "request",
        name: "throttled",
        where: "s.yml:3:5",
        match: { plane: "arm", method: "PUT", operation: "jobs/write" },
        skip: 1,
        times: 2,
        effect: { status: 429, retryAfter: 3, delay: 90_000 },
      },
      {
        kind: "job",
        name: "rules[1]",
        where: "s.yml:8:5",
        match: { name: "train-*" },
        skip: 0,
        effect: { queued: 21_600_000, metricsLate: 600_000, fail: { cause: "imageBuild" } },
      },
      {
        kind: "deployment",
        name: "rules[2]",
        where: "s.yml:10:5",
        match: {},
        skip: 0,
        effect: { takes: 172_800_000, fail: { cause: "unhealthy", log: "x" } },
      },
    ]);
  });

  it("tells minutes of the past", () => {
    const { minutes } = parseScenarios(
      "minutes: [{ endpoint: e, deployment: d, ago: 2h, for: 100m, requests: 5, answers: { 424/500: 1 }, latency: 30 }]",
    );
    assert.deepEqual(minutes, [
      {
        ...{ endpoint: "e", deployment: "d", ago: 7_200_000, span: 6_000_000, requests: 5 },
        ...{ answers: { "424/500": 1 }, latency: 30 },
      },
    ]);
  });

  it("may be JSON, and may be empty", () => {
    assert.equal(parseScenarios('{"rules":[{"request":{},"then":{"status":503}}]}').rules.length, 1);
    assert.deepEqual(parseScenarios(""), { clock: {}, rules: [] });
  });

  it("is told all of its faults at once, each with its place", () => {
    assert.deepEqual(
      faults(`clock: { speed: fast }
rulez: []
rules:
  - nam: throttled
    request: { plane: armm }
    times: 0
    then: { status: 200, retryAfter: soon }
  - job: {}
    then: { queued: 5, fail: image }
  - deployment: {}
  - 5
`),
      [
        's.yml:1:17: "speed" must be a number above 0, and is "fast".',
        's.yml:2:1: unknown field "rulez" in the file: did you mean "rules"?',
        's.yml:4:5: unknown field "nam" in rules[0]: did you mean "name"?',
        's.yml:5:23: "plane" must be one of arm, login, api, storage, scoring, batch, logs, identity, devops, and is "armm".',
        's.yml:6:12: "times" must be a whole number of 1 or more, and is 0.',
        's.yml:7:21: "status" must be a status between 400 and 599, and is 200.',
        's.yml:7:38: "retryAfter" must be a whole number of 0 or more, and is "soon".',
        's.yml:9:21: "queued" must be a duration such as 90s, 15m, 6h or PT6H, and is 5.',
        's.yml:9:30: "cause" must be one of imageBuild, quota, command, service, and is "image".',
        's.yml:10:5: rules[2] lacks "then".',
        "s.yml:11:5: rules[3] must be a mapping of name, request, job, endpoint, deployment, scoring, skip, times, then, and is 5.",
      ],
    );
  });

  for (const [what, text, expected] of [
    ["meets two things", "rules: [{job: {}, request: {}, then: {queued: 1s}}]", /"job" cannot stand beside "request"/],
    [
      "meets nothing",
      "rules: [{then: {queued: 1s}}]",
      /does not say what it meets: one of request, job, endpoint, deployment, scoring/,
    ],
    ["lets nothing happen", "rules: [{job: {}, then: {}}]", /"then" must say what happens: a mapping of starting/],
    ["gives a request two ends", "rules: [{request: {}, then: {status: 503, drop: answer}}]", /a request has one end/],
    ["gives an answer no status", "rules: [{request: {}, then: {retryAfter: 3}}]", /"retryAfter" needs "status"/],
    [
      "names an operation elsewhere",
      "rules: [{request: {plane: api, operation: x}, then: {status: 503}}]",
      /plane arm/,
    ],
    ["gives a build an exit code", "rules: [{job: {}, then: {fail: {cause: quota, exitCode: 3}}}]", /is for the cause/],
    ["gives scoring two ends", "rules: [{scoring: {}, then: {status: 503, outOfMemory: true}}]", /one end/],
    ["lets nothing happen to a share", "rules: [{scoring: {}, then: {share: 0.5}}]", /say what happens/],
    ["has a share of nothing", "rules: [{scoring: {}, then: {share: 0, status: 503}}]", /number above 0 and at most 1/],
    [
      "tells minutes by what is no status",
      "minutes: [{endpoint: e, deployment: d, ago: 1h, for: 1h, requests: 1, answers: {bad: 1}}]",
      /mapping of statuses such as 503/,
    ],
    ["tells minutes of nothing", "minutes: [{endpoint: e}]", /lacks "deployment"/],
    ["has no value for its kind", "rules: [{request: , then: {status: 503}}]", /"request" must be a mapping/],
    ["is no YAML", "rules: [", /^s\.yml:1:9: /],
    ["is a list", "- 1", /^s\.yml:1:1: the file must be a mapping of clock, minutes, rules/],
  ] as const) {
    it(`is refused where it ${what}`, () => assert.match(faults(text).join("\n"), expected));
  }

  it("of the documentation is one, and the documentation has every word of it", () => {
    const text = readFileSync(new URL("../../../../docs/local-azure.md", import.meta.url), "utf8");
    const [, example = ""] = /^```yaml\n(# scenario\.yml\n[\s\S]*?)^```/m.exec(text) ?? [];
    const { clock, rules } = parseScenarios(example, "docs");
    assert.equal(clock.speed, 3600);
    assert.deepEqual([...new Set(rules.map(({ kind }) => kind))].sort(), Object.keys(subjects).sort());
    const words = [...Object.values(subjects), ...Object.values(effects)].flatMap((schema) =>
      wordsOf(schema as Parameters<typeof wordsOf>[0]),
    );
    assert.deepEqual(
      words.filter((word) => !text.includes(`\`${word}\``)),
      [],
    );
  });

  it("that is not there says so", () => {
    assert.throws(() => readScenarios("/nowhere/s.yml"), /scenario file \/nowhere\/s\.yml cannot be read: ENOENT/);
  });
});

describe("a rule", () => {
  it("has patterns that end at a slash, or do not", () => {
    assert.ok(meets("**/jobs/train-*", `${WORKSPACE}/jobs/Train-7`));
    assert.ok(!meets("**/jobs/*", `${WORKSPACE}/jobs/train/cancel`));
    assert.ok(!meets("jobs/*", `${WORKSPACE}/jobs/train`));
    assert.ok(meets("a.b(c)", "a.b(c)") && !meets("a.b", "axb"));
    assert.ok(meets(undefined, undefined) && !meets("*", undefined));
  });

  it("knows operations as role definitions name them", () => {
    const of = (method: string, path: string) =>
      operationOf(method, `${WORKSPACE}${path}`)?.replace("Microsoft.MachineLearningServices/workspaces/", "");
    assert.equal(of("PUT", "/jobs/x"), "jobs/write");
    assert.equal(of("GET", "/jobs"), "jobs/read");
    assert.equal(of("POST", "/jobs/x/cancel"), "jobs/cancel/action");
    assert.equal(of("DELETE", "/onlineEndpoints/e/deployments/d"), "onlineEndpoints/deployments/delete");
    assert.equal(operationOf("GET", "/metadata/endpoints"), undefined);
  });

  it("lets some pass, touches as many as it says, and then the next one's turn comes", () => {
    const scenarios = new Scenarios(
      parseScenarios(`rules:
  - { name: first, request: { operation: jobs/write }, skip: 1, times: 2, then: { status: 429 } }
  - { name: second, request: { plane: arm, method: PUT }, times: 1, then: { status: 503 } }
  - { name: never, request: { plane: devops }, then: { status: 503 } }
`).rules,
    );
    const put = () => scenarios.request({ plane: "arm", method: "PUT", path: `${WORKSPACE}/jobs/x` })?.effect.status;
    assert.deepEqual([put(), put(), put(), put()], [503, 429, 429, undefined]);
    assert.equal(scenarios.request({ plane: "arm", method: "GET", path: `${WORKSPACE}/jobs/x` }), undefined);
    assert.deepEqual(
      scenarios.met("first").map(({ what, count }) => [what, count]),
      [
        [`PUT arm ${WORKSPACE}/jobs/x`, 1],
        [`PUT arm ${WORKSPACE}/jobs/x`, 2],
      ],
    );
    assert.deepEqual(
      scenarios.unmet().map(({ name }) => name),
      ["never"],
    );
  });

  it("meets an exact share of scoring requests, told once, after those that it lets pass", () => {
    const { rules } = parseScenarios(
      "rules: [{ scoring: { deployment: green }, skip: 10, then: { share: 0.3, status: 503 } }]",
    );
    const told: string[] = [];
    const scenarios = new Scenarios(rules);
    scenarios.onMeeting = ({ what }) => told.push(what);
    const met = (deployment: string, times: number) =>
      Array.from({ length: times }, () => scenarios.scoring("e", deployment)).filter(({ status }) => status === 503)
        .length;
    assert.equal(met("blue", 20), 0);
    assert.equal(met("green", 10), 0);
    assert.equal(met("green", 10), 3);
    assert.equal(met("green", 1_000), 300);
    assert.deepEqual(told, ["scoring e/green"]);
  });

  it("of a job has a say in what an earlier one has left open", () => {
    const scenarios = new Scenarios(
      parseScenarios(`rules:
  - { job: { step: train }, times: 1, then: { queued: 1s, fail: quota } }
  - { job: { parent: nightly }, then: { queued: 2s, starting: 3s } }
`).rules,
    );
    const parent = { name: "p", displayName: "Nightly" };
    const step = { name: "x", displayName: "x", experiment: "e", type: "command", step: "train", parent };
    assert.deepEqual(scenarios.job(step), { queued: 1_000, starting: 3_000, fail: { cause: "quota" } });
    assert.deepEqual(scenarios.job(step), { queued: 2_000, starting: 3_000 });
    assert.deepEqual(scenarios.job({ ...step, parent: undefined, step: undefined }), {});
  });
});
