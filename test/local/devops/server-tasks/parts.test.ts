// The parts of the server-task engine by themselves: time spans, task.json, substitution, templates, expressions.
import assert from "node:assert/strict";
import fc from "fast-check";
import { TemplateError } from "../../../../local/devops/outbound/templates.ts";
import { timeSpan } from "../../../../local/devops/server-tasks/clock.ts";
import { sayDuration } from "../../../../local/devops/server-tasks/events.ts";
import { checkServerExpression, holds, textOf } from "../../../../local/devops/server-tasks/expressions.ts";
import { readHandler } from "../../../../local/devops/server-tasks/manifest.ts";
import { endpointId, fillIn, TaskValues } from "../../../../local/devops/server-tasks/substitution.ts";
import type { Connection } from "../../../../local/devops/state/connections.ts";

const connection: Connection = {
  id: "5e4e6ce0-0000-4000-8000-000000000001",
  name: "azure-ml",
  type: "azurerm",
  url: "https://management.azure.com/",
  authorization: {
    scheme: "ServicePrincipal",
    parameters: { serviceprincipalid: "client", serviceprincipalkey: "hush", tenantid: "tenant" },
  },
  data: { subscriptionId: "sub", mlWorkspaceName: "ws1" },
};
const inputs = ["azureSubscription", "resourceGroup", "selector", "second"].map((name) => ({ name, type: "string" }));
const valuesOf = (given: Record<string, string>, variables: Record<string, string> = {}) =>
  new TaskValues({ name: "Task", inputs }, given, (name) => variables[name.toLowerCase()]);
const response = (body: unknown, status = 200, headers: Record<string, string> = {}) => ({
  status,
  headers,
  text: typeof body === "string" ? body : JSON.stringify(body),
});

describe("a time span", () => {
  it("is read as .NET reads it", () => {
    assert.equal(timeSpan("00:02:00"), 120_000);
    assert.equal(timeSpan("2.00:00:00"), 2 * 86_400_000);
    assert.equal(timeSpan("1:2:3.5"), 3_723_500);
    for (const text of ["48:00:00", "00:60:00", "2", "", "00:00"]) assert.throws(() => timeSpan(text), /no time span/);
  });
  it("is said in its largest whole unit", () => {
    assert.equal(sayDuration(20_000), "20 seconds");
    assert.equal(sayDuration(48 * 3_600_000), "2 days");
    assert.equal(sayDuration(1500), "1500 milliseconds");
  });
});

describe("the server's part of task.json", () => {
  const read = (execution: Record<string, unknown>) => readHandler({ name: "Task", execution });
  it("is read with its names in any case", () => {
    const handler = read({
      httprequest: {
        execute: { endpointurl: "u", METHOD: "put", waitforcompletion: "true" },
        events: { taskcompleted: { timeout: "00:07:00" }, TaskStarted: { Timeout: "4.00:00:00" } },
      },
    });
    assert.equal(handler.kind, "HttpRequest");
    assert.equal(handler.sections[0]?.request.method, "put");
    assert.deepEqual(handler.timeouts, { TaskCompleted: 420_000, TaskStarted: 72 * 3_600_000 }, "72 hours at most");
    assert.equal(handler.cancel, undefined);
  });
  it("takes output variables as an object and as the text of one", () => {
    for (const variables of [{ a: "root['b']" }, '{"a": "root[\'b\']"}']) {
      const handler = read({
        HttpRequestChain: {
          Execute: [{ RequestInputs: { EndpointUrl: "u" }, ExecutionOptions: { OutputVariables: variables } }],
        },
      });
      assert.deepEqual(handler.sections[0]?.outputVariables, { a: "root['b']" });
    }
  });
  it("is refused with what nobody would find", () => {
    const cases: [Record<string, unknown>, RegExp][] = [
      [{}, /has no handler/],
      [{ Node24: {} }, /has not built the server handler Node24/],
      [{ HttpRequest: { Execute: {} }, HttpRequestChain: {} }, /has 2 handlers/],
      [{ HttpRequest: { Execute: {} } }, /has no EndpointUrl/],
      [{ HttpRequest: { Execute: { EndpointUrl: "u", Metod: "GET" } } }, /no key Metod/],
      [
        { HttpRequest: { Execute: { EndpointUrl: "u" }, Cancel: { EndpointUrl: "u", Expression: "x" } } },
        /no key Expression/,
      ],
      [{ HttpRequest: { Execute: { EndpointUrl: "u" }, Events: { TaskEnded: {} } } }, /no key TaskEnded/],
      [
        { HttpRequest: { Execute: { EndpointUrl: "u" }, Events: { TaskStarted: { Timeout: "x" } } } },
        /'x' is no time span/,
      ],
      [{ HttpRequestChain: { Execute: [] } }, /is no list/],
    ];
    for (const [execution, sentence] of cases) assert.throws(() => read(execution), sentence);
  });
});

describe("substitution", () => {
  it("takes inputs, variables, the system's and the endpoint's values", () => {
    const values = valuesOf({ resourceGroup: "rg-$(stage)" }, { stage: "dev", "system.planid": "plan" });
    assert.equal(
      fillIn(
        "$(endpoint.url)s/$(endpoint.subscriptionId)/$(RESOURCEGROUP)/$(system.PlanId)/$(nobody)",
        values,
        connection,
      ),
      "https://management.azure.com/s/sub/rg-dev/plan/$(nobody)",
    );
    assert.equal(
      fillIn("{{subscriptionId}} {{{endpoint.url}}}", values, connection),
      "sub https://management.azure.com/",
    );
  });
  it("never shows a connection's key", () => {
    const text = "{{serviceprincipalkey}} {{endpoint.serviceprincipalkey}} $(endpoint.serviceprincipalid)";
    assert.throws(() => fillIn("$(endpoint.serviceprincipalkey)", valuesOf({}), connection), TemplateError);
    assert.ok(!fillIn(text, valuesOf({}), connection).includes("hush"));
    assert.ok(fillIn(text, valuesOf({}), connection).endsWith(" client"));
  });
  it("finds the endpoint by the input that another input names", () => {
    const values = valuesOf({ selector: "second", second: "the-id" });
    assert.equal(endpointId("TaskInputs[TaskInputs['selector']]", values), "the-id");
    assert.equal(endpointId("$(second)", values), "the-id");
    assert.equal(endpointId("", values), "");
  });
  it("takes the value of the workspace's scope where the input is empty", () => {
    const text = "{{#if resourceGroup}}$(resourceGroup){{else}}{{{mlWorkspaceName}}}{{/if}}";
    assert.equal(fillIn(text, valuesOf({}), connection), "ws1");
    assert.equal(fillIn(text, valuesOf({ resourceGroup: "rg1" }), connection), "rg1");
  });
  it("refuses what the connection does not have, in a branch that is left out too", () => {
    for (const text of ["$(endpoint.nothing)", "{{#if resourceGroup}}a{{else}}$(endpoint.nothing){{/if}}"])
      assert.throws(
        () => fillIn(text, valuesOf({ resourceGroup: "rg1" }), connection),
        /^Error: Variable with name nothing could not be found for the given endpoint\.$/,
      );
    assert.equal(fillIn("[{{{nothing}}}]", valuesOf({}), connection), "[]");
  });
});

describe("a template over inputs", () => {
  const fill = (template: string, given: Record<string, string> = {}) => fillIn(template, valuesOf(given), connection);
  it("compares what $( ) brought, negates and nests", () => {
    const text = "{{#equals '$(selector)' 'A' 1}}same{{else}}other{{/equals}}";
    assert.equal(fill(text, { selector: "a" }), "same");
    assert.equal(fill(text, { selector: "b" }), "other");
    assert.equal(fill("{{#unless second}}none{{/unless}}"), "none");
    assert.equal(fill("{{#if selector}}[{{#if second}}both{{else}}one{{/if}}]{{/if}}", { selector: "1" }), "[one]");
  });
  it("escapes in two braces and not in three", () => {
    assert.equal(fill("{{selector}} {{{selector}}}", { selector: "a/b" }), "a&#x2F;b a/b");
  });
  it("knows the helpers that server tasks use", () => {
    assert.match(fill("{{#newGuid}}{{/newGuid}}"), /^[0-9a-f-]{36}$/);
    assert.equal(fill("{{{ #stringReplace 'a' 'b' selector }}}!", { selector: "aa" }), "bb!");
  });
  it("is refused where it does not end, or asks for what is not built", () => {
    for (const text of ["{{#toDateTimeFormat selector}}{{/toDateTimeFormat}}", "{{#if selector}}a", "a{{/if}}"])
      assert.throws(() => fill(text), TemplateError);
  });
  it("leaves the JSON around it as it is, however deep it ends", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!/\{\{|\$\(|\\/.test(text));
        assert.equal(fill(`${text} {{subscriptionId}} ${text}`), `${text} sub ${text}`);
      }),
    );
  });
});

describe("an expression over an answer", () => {
  const values = valuesOf({ resourceGroup: "a,b" }, { seen: "https://x/y" });
  const true_ = (text: string, body: unknown, status = 200, headers: Record<string, string> = {}) =>
    assert.equal(holds(text, values, response(body, status, headers)), true, text);
  const false_ = (text: string, body: unknown, status = 200) =>
    assert.equal(holds(text, values, response(body, status)), false, text);

  it("is what the documentation of server tasks shows", () => {
    true_("eq(root['status'], 'successful')", { status: "successful" });
    true_("ge(count(root['ActiveReleaseNames']), 3)", { ActiveReleaseNames: ["1", "2", "3"] });
    const items = { Items: [{ price: 100 }, { price: 40 }, { price: 70 }] };
    true_("and(eq(count(jsonpath('Items[?(@.price<50)]')), 1), eq(count(jsonpath('Items[?(@.price>60)]')), 2))", items);
  });
  it("is what Microsoft's own tasks use", () => {
    true_("eq(count(jsonpath('$.value[*]')), 0)", { value: [] });
    true_("and(eq(response['statuscode'], 'OK'), eq(response['content']['status'], 'Succeeded'))", {
      status: "Succeeded",
    });
    true_("eq(response['statuscode'], 'Accepted')", "", 202);
    true_("eq(jsonpath('$.result[0].status')[0], 'inserted')", { result: [{ status: "inserted" }] });
    true_("eq(count(intersect(split(taskInputs['resourcegroup'], ','), jsonpath('value[*].id'))), 1)", {
      value: [{ id: "b" }, { id: "c" }],
    });
    true_("isUrl(variables['seen'])", {});
    false_("isUrl(variables['other'])", {});
    true_("eq(isNullOrEmpty(taskInputs['nothing']), true)", {});
    true_("xor(true, not(true))", {});
    assert.equal(
      textOf("response['headers']['location']", values, response("", 202, { location: "https://x" })),
      "https://x",
    );
  });
  it("doubles quotes inside a literal", () => true_("eq(root['a'], 'it''s')", { a: "it's" }));
  it("fails for an element that is not there, and counts none", () => {
    assert.throws(() => holds("ne(jsonpath('$.a')[0], 'x')", values, response({})), /has no element 0/);
    false_("ge(count(jsonpath('$.a')), 1)", {});
  });
  it("is refused where it is none, or speaks of what is not there", () => {
    for (const text of ["eq(root['a']", "same(1, 1)", "eq(answer, 1)", "eq(1)"])
      assert.throws(() => checkServerExpression(text), Error, text);
    assert.throws(() => holds("eq(count(jsonpath('$.[[')), 1)", values, response({})), /cannot be read/);
  });
  it("sees null where the answer is no JSON", () => true_("eq(count(jsonpath('$.a')), 0)", "<html>"));
});
