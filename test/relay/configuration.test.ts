// The setting: what it means, and what it says when it is wrong.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { ConfigurationError, parseConfiguration } from "../../relay/core/configuration.ts";
import { matchesModel, matchesRun } from "../../relay/core/filter.ts";
import { targetKey } from "../../relay/core/routes.ts";
import { WORKSPACE } from "./harness.ts";

const webhook = { kind: "webhook", name: "amlModel" };
const setting = (when: object, start: object = webhook, more: object = {}) =>
  JSON.stringify({
    schema: 1,
    organization: "https://dev.azure.com/contoso",
    sources: [WORKSPACE],
    routes: [{ name: "one", when, start }],
    ...more,
  });

function faultsOf(text: string): string[] {
  try {
    parseConfiguration(text);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return [...error.faults];
  }
  return [];
}

describe("relay: setting", () => {
  it("reads the example of the README", () => {
    const readme = fs.readFileSync(new URL("../../relay/README.md", import.meta.url), "utf8");
    const example = /```json\n(\{[\s\S]*?"schema": 1[\s\S]*?\n\})\n```/.exec(readme)?.[1];
    assert.ok(example !== undefined, "relay/README.md has a JSON example of the setting");
    assert.equal(parseConfiguration(example).routes.length, 3);
    const shipped = fs.readFileSync(new URL("../../relay/bicep/routes.json", import.meta.url), "utf8");
    assert.deepEqual(JSON.parse(example), JSON.parse(shipped));
  });

  it("fills in what is left out", () => {
    const read = parseConfiguration(setting({}));
    assert.deepEqual(read.routes[0]?.start, {
      kind: "webhook",
      organization: "https://dev.azure.com/contoso",
      name: "amlModel",
      secretSetting: undefined,
      header: "X-Aml-Signature",
      signaturePrefix: "",
    });
    assert.equal(read.resourceManager, "https://management.azure.com");
    assert.equal(read.resourceManagerScope, "https://management.azure.com/.default");
    assert.deepEqual(read.handshake, { origins: ["eventgrid.azure.net"], callbackHosts: ["*.eventgrid.azure.net"] });
  });

  it("knows a target again whatever its route is called", () => {
    const [a] = parseConfiguration(setting({})).routes;
    const [b] = parseConfiguration(
      setting({ model: "x" }, { ...webhook, organization: "https://DEV.azure.com/Contoso/", name: "AMLMODEL" }),
    ).routes;
    assert.ok(a !== undefined && b !== undefined);
    assert.equal(targetKey(a.start), targetKey(b.start));
  });

  for (const [what, text, says] of [
    ["no JSON", "{", [/^The setting is not JSON/]],
    ["a list", "[]", [/must be one JSON object/]],
    ["no schema", setting({}, webhook, { schema: 2 }), [/^schema must be 1/]],
    ["no route", setting({}, webhook, { routes: [] }), [/^routes must name at least one route/]],
    [
      "a misspelt filter",
      setting({ modle: "x" }),
      [/^routes\[0\]\.when\.modle is not known here: model was meant, perhaps/],
    ],
    [
      "an unknown key",
      setting({}, webhook, { colour: 1 }),
      [/^colour is not known here; known are schema, organization/],
    ],
    [
      "an unknown event",
      setting({ events: ["ModelDeployed"] }),
      [/routes\[0\]\.when\.events knows ModelRegistered, RunCompleted/],
    ],
    ["models and runs at once", setting({ events: ["ModelRegistered", "RunCompleted"] }), [/make two routes of it/]],
    [
      "a model filter on runs",
      setting({ events: ["RunCompleted"], model: "x" }),
      [/when\.model does not go with RunCompleted/],
    ],
    ["an empty list", setting({ model: [] }), [/when\.model is an empty list/]],
    ["no kind", setting({}, { name: "x" }), [/start\.kind must be webhook or release\.$/]],
    ["another kind", setting({}, { kind: "build" }), [/must be webhook or release; it is "build"/]],
    ["a webhook without a name", setting({}, { kind: "webhook" }), [/start\.name is missing/]],
    [
      "a header with a space",
      setting({}, { ...webhook, header: "a b" }),
      [/start\.header must be the name of an HTTP header/],
    ],
    [
      "another prefix",
      setting({}, { ...webhook, signaturePrefix: "sha256=" }),
      [/signaturePrefix must be "" or "sha1="/],
    ],
    [
      "plain http",
      setting({}, webhook, { organization: "http://dev.azure.com/x" }),
      [/^organization must be an https address/, /start\.organization is missing/],
    ],
    [
      "a source that is no ARM id",
      setting({}, webhook, { sources: ["ws1"] }),
      [/^sources\[0\] must be the ARM id of a workspace or a registry/],
    ],
    [
      "a release of runs",
      setting({ events: ["RunCompleted"] }, { kind: "release", project: "p", definition: 1, alias: "a" }),
      [/only ModelRegistered can start it/],
    ],
    [
      "a release without all it needs",
      setting({}, { kind: "release" }),
      [/project is missing/, /alias is missing/, /definition is missing/],
    ],
    [
      "too many tries",
      setting({}, webhook, { retry: { attempts: 99 } }),
      [/^retry\.attempts must be a whole number from 1 to 10; it is 99/],
    ],
    ["no date", setting({}, webhook, { replay: { from: "monday" } }), [/^replay\.from must be a date and time/]],
  ] as const) {
    it(`says what is wrong with ${what}`, () => {
      const faults = faultsOf(text);
      assert.equal(faults.length, says.length, faults.join("\n"));
      for (const [index, pattern] of says.entries()) assert.match(faults[index] ?? "", pattern);
    });
  }

  it("names every fault at once", () => {
    const faults = faultsOf(setting({ modle: "x" }, { kind: "webhook", nme: "y" }, { schema: 0 }));
    assert.equal(faults.length, 4, faults.join("\n"));
  });
});

describe("relay: filters of models", () => {
  const version = {
    source: WORKSPACE,
    name: "credit-eu",
    tags: { stage: "prod", judged: "passed" },
    properties: { owner: "a" },
    stage: undefined,
  };
  for (const [when, wanted, more] of [
    [{}, true],
    [{ model: "credit-*" }, true],
    [{ model: "Credit-*" }, false],
    [{ model: ["fraud", "credit-??"] }, true],
    [{ workspace: "WS1" }, true],
    [{ workspace: "ws2" }, false],
    [{ tags: { judged: "passed" } }, true],
    [{ tags: { judged: ["failed", "pass*"] } }, true],
    [{ tags: { judged: "failed" } }, false],
    [{ tags: { Judged: "passed" } }, false],
    [{ tags: { judged: null } }, false],
    [{ tags: { rejected: null } }, true],
    [{ tags: { judged: "*", rejected: "*" } }, false],
    [{ properties: { owner: "a" } }, true],
    [{ properties: { owner: "b" } }, false],
    [{ tags: { constructor: "*" } }, false],
    // The version's own stage, and only without one its tag.
    [{ stage: "PROD" }, true],
    [{ stage: "Production" }, false],
    [{ stage: "production" }, true, { stage: "Production" }],
    [{ stage: "prod" }, false, { stage: "Archived" }],
    [{ stage: "*" }, false, { tags: {} }],
  ] as [object, boolean, object?][]) {
    it(`${JSON.stringify(when)} ${wanted ? "wants" : "does not want"} it${more === undefined ? "" : ` with ${JSON.stringify(more)}`}`, () => {
      const filter = parseConfiguration(setting(when)).routes[0]?.when;
      assert.ok(filter?.kind === "model");
      assert.equal(matchesModel(filter, { ...version, ...more }), wanted);
    });
  }
});

describe("relay: filters of runs", () => {
  const run = {
    kind: "run" as const,
    type: "RunStatusChanged" as const,
    id: "1",
    time: "",
    source: WORKSPACE,
    runId: "r",
    experiment: { id: "x", name: "train-credit" },
    status: "failed",
    runType: undefined,
    tags: { team: "risk" },
    properties: {},
  };
  for (const [when, wanted] of [
    [{ events: "RunStatusChanged" }, true],
    [{ events: ["RunStatusChanged", "RunCompleted"] }, true],
    [{ events: "RunCompleted" }, false],
    [{ events: "RunStatusChanged", runStatus: "Failed" }, true],
    [{ events: "RunStatusChanged", runStatus: ["Completed", "Canceled"] }, false],
    [{ events: "RunStatusChanged", experiment: "train-*" }, true],
    [{ events: "RunStatusChanged", experiment: "nightly" }, false],
    [{ events: "RunStatusChanged", tags: { team: "risk" } }, true],
    [{ events: "RunStatusChanged", workspace: "other" }, false],
  ] as [object, boolean][]) {
    it(`${JSON.stringify(when)} ${wanted ? "wants" : "does not want"} it`, () => {
      const filter = parseConfiguration(setting(when)).routes[0]?.when;
      assert.ok(filter?.kind === "run");
      assert.equal(matchesRun(filter, run), wanted);
    });
  }
});
