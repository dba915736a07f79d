// The service-endpoint proxy's parts: templates with their helpers, selectors, limits, hosts, the form of a type, Verify.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { fillPickList } from "../../../../local/devops/endpoint-proxy/editor.ts";
import type { ProxyRequest } from "../../../../local/devops/endpoint-proxy/proxy.ts";
import { SelectorError, select, write } from "../../../../local/devops/endpoint-proxy/results.ts";
import type { EndpointType } from "../../../../local/devops/endpoint-proxy/types.ts";
import { render, TemplateError } from "../../../../local/devops/outbound/templates.ts";
import { DevOpsWorld } from "../../../../local/devops/world.ts";

const contributed = (): EndpointType => {
  const file = path.resolve(import.meta.dirname, "../../../../contributions/azureml-workspace.json");
  return JSON.parse(readFileSync(file, "utf8")).contribution.properties as EndpointType;
};

describe("templates of data sources", () => {
  const id = "/subscriptions/s/resourceGroups/rg1/providers/p/workspaces/ws1";
  const link = "https://a.b/list?api-version=1&%24skip=abc%3D&x=1";
  const cases: [template: string, context: object, text: string][] = [
    [
      "{{{endpoint.url}}}subscriptions/{{{endpoint.id}}}",
      { endpoint: { url: "https://a/", id: "s" } },
      "https://a/subscriptions/s",
    ],
    ["{{name}}|{{{name}}}", { name: "a/b&c" }, "a&#x2F;b&amp;c|a/b&c"],
    ["{{#if a}}{{{a}}}{{else}}none{{/if}}", { a: "" }, "none"],
    ["{{#equals kind 'Blob' 1}}yes{{else}}no{{/equals}}", { kind: "BLOB" }, "yes"],
    ["{{#equals kind 'Blob'}}yes{{else}}no{{/equals}}", { kind: "BLOB" }, "no"],
    ["{{#notEquals kind 'x'}}yes{{/notEquals}}", { kind: "y" }, "yes"],
    ["{{{ #extractResource id resourcegroups}}}", { id }, "rg1"],
    ['Basic {{ #base64 user ":" key }}', { user: "u", key: "k" }, `Basic ${Buffer.from("u:k").toString("base64")}`],
    ["{{isTokenPresent response.nextLink}}", { response: { nextLink: link } }, "true"],
    ["{{isTokenPresent response.nextLink}}", { response: {} }, "false"],
    [
      '{"skip":"{{#getTokenValue response.nextLink}}{{extractUrlQueryParameter %24skip}}{{/getTokenValue}}"}',
      { response: { nextLink: link } },
      '{"skip":"abc%3D"}',
    ],
    ["{{#getTokenValue l}}{{extractUrlQueryParameter $skip}}{{/getTokenValue}}", { l: link }, "abc%3D"],
    ['{"skip":"{{add skip 1000}}"}', { skip: "1000" }, '{"skip":"2000"}'],
    ["{{isEqualNumber result.count 1000}}", { result: { count: 1000 } }, "true"],
    [
      "{{{#headers.x-ms-continuationtoken}}}true{{{/headers.x-ms-continuationtoken}}}",
      { headers: { "x-ms-continuationtoken": "t" } },
      "true",
    ],
    ["{{#splitAndIterate ',' list}}<{{this}}>{{/splitAndIterate}}", { list: "a,b" }, "<a><b>"],
    ["{{{ #stringReplace 'a' 'b' x }}}{{{ #subString 0 2 x }}}", { x: "aac" }, "bbcaa"],
    ['{"name":"{{{ #jsonEscape x }}}"}', { x: 'say "a"' }, '{"name":"say \\"a\\""}'],
    ['{"a":{{{{x}}}}}', { x: 1 }, '{"a":{1}}'],
  ];
  for (const [template, context, text] of cases) {
    it(`render ${template}`, () => assert.equal(render(template, context), text));
  }

  it("are refused where they do not parse, and where a helper is unknown", () => {
    assert.throws(() => render("{{#if a}}x", {}), TemplateError);
    assert.throws(() => render("{{#whatever a 'b'}}x{{/whatever}}", {}), TemplateError);
  });
});

describe("results of data sources", () => {
  it("are taken by a JSONPath, and written by a template each", () => {
    const elements = select("jsonpath:$.value[*]", '{"value":[{"name":"a"},{"name":"b"}]}');
    assert.deepEqual(write('{"Value":"{{{name}}}"}', elements), ['{"Value":"a"}', '{"Value":"b"}']);
    assert.deepEqual(write("{{{defaultResultKey}}}!", select("jsonpath:$[*]", '["x"]')), ["x!"]);
    assert.deepEqual(write(undefined, select("plaintext", "text")), ["text"]);
  });

  it("are refused where the answer or the selector is none", () => {
    assert.throws(() => select("jsonpath:$.a", "<html>"), SelectorError);
    assert.throws(() => select("jsonpath:$[", "{}"), SelectorError);
    assert.throws(() => select("xpath:/a", "<a/>"), /has not built/);
  });
});

describe("the service-endpoint proxy", () => {
  let server: Server;
  let url: string;
  let asked: { method: string; url: string; authorization: string | undefined }[];
  let answer: { status: number; text: string };
  let world: DevOpsWorld;

  before(async () => {
    server = createServer((request, response) => {
      asked.push({
        method: request.method ?? "",
        url: request.url ?? "",
        authorization: request.headers.authorization,
      });
      response.writeHead(answer.status, { "Content-Type": "application/json" }).end(answer.text);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://localhost:${(server.address() as AddressInfo).port}/`;
  });
  beforeEach(() => {
    asked = [];
    answer = { status: 200, text: '{"issuer":"i","value":[]}' };
    world = new DevOpsWorld();
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  const plainConnection = (data: Record<string, string> = {}) =>
    world.connections.add({
      name: "plain",
      type: "generic",
      url,
      authorization: { scheme: "None", parameters: {} },
      data,
    });
  const ask = (id: string, dataSourceUrl: string, more: ProxyRequest["dataSourceDetails"] = {}) =>
    world.endpointProxy.execute(id, {
      dataSourceDetails: { dataSourceUrl, resultSelector: "jsonpath:$.value", ...more },
    });

  it("takes no answer above 2 MB", async () => {
    const { id } = plainConnection();
    const of = (size: number) => `{"value":"${"x".repeat(size - '{"value":""}'.length)}"}`;
    answer.text = of(2 * 1024 * 1024);
    assert.equal((await ask(id, "{{{endpoint.url}}}a")).errorMessage, null);
    answer.text = of(2 * 1024 * 1024 + 1);
    assert.match((await ask(id, "{{{endpoint.url}}}a")).errorMessage ?? "", /larger than 2 MB/);
  });

  it("goes to the connection's own host and to those that its type trusts, and to no other", async () => {
    const { id } = plainConnection();
    const answered = await ask(id, "https://example.org/steal");
    assert.match(answered.errorMessage ?? "", /example\.org is neither the connection's own nor trusted/);
    assert.deepEqual(asked, []);
  });

  it("knows GET and POST", async () => {
    const { id } = plainConnection();
    assert.equal((await ask(id, "{{{endpoint.url}}}a", { requestVerb: "Post" })).errorMessage, null);
    assert.equal(asked[0]?.method, "POST");
    assert.match((await ask(id, "{{{endpoint.url}}}a", { requestVerb: "DELETE" })).errorMessage ?? "", /DELETE/);
  });

  it("says what the service answered", async () => {
    const { id } = plainConnection();
    answer = { status: 403, text: "no role" };
    const { statusCode, errorMessage } = await ask(id, "{{{endpoint.url}}}a");
    assert.equal(statusCode, "Forbidden");
    assert.match(errorMessage ?? "", /no role/);
  });

  it("is asked for at most five further pages", async () => {
    const { id } = plainConnection();
    answer.text = JSON.stringify({ value: ["a"], nextLink: `${url}a?$skip=more` });
    const binding = {
      target: "x",
      endpointId: "$(connection)",
      endpointUrl: "{{{endpoint.url}}}a{{#if skip}}?$skip={{{skip}}}{{/if}}",
      resultSelector: "jsonpath:$.value[*]",
      initialContextTemplate: '{"skip":""}',
      callbackRequiredTemplate: "{{isTokenPresent response.nextLink}}",
      callbackContextTemplate:
        '{"skip":"{{#getTokenValue response.nextLink}}{{extractUrlQueryParameter %24skip}}{{/getTokenValue}}"}',
    };
    const filled = await fillPickList(binding, { connection: id }, (request, of) =>
      world.endpointProxy.execute(of, request),
    );
    assert.deepEqual([filled.pages, filled.isCut, asked.length], [6, true, 6]);
    assert.deepEqual(asked.map((one) => one.url).slice(0, 2), ["/a", "/a?$skip=more"]);
  });

  it("has nothing to verify of a connection of type azureml-workspace", async () => {
    world.endpointTypes.contribute(contributed());
    const guid = "11111111-2222-4333-8444-555555555555";
    const inputs = { tenantId: guid, subscriptionId: guid, resourceGroupName: "rg1", mlWorkspaceName: "ws1" };
    const made = world.connections.add(
      world.endpointTypes.fillIn({
        name: "w",
        type: "azureml-workspace",
        inputs: { ...inputs, managedIdentity: "system" },
      }),
    );
    const request = { dataSourceDetails: { dataSourceName: "TestConnection" } };
    const { errorMessage } = await world.endpointProxy.execute(made.id, request);
    assert.match(errorMessage ?? "", /The type azureml-workspace has no data source TestConnection/);
    assert.deepEqual(asked, []);
  });
});

describe("the contributed type azureml-workspace", () => {
  it("has secrets in confidential inputs of its scheme, and nowhere else", () => {
    const type = contributed();
    assert.deepEqual(
      type.inputDescriptors?.filter(({ isConfidential }) => isConfidential),
      [],
    );
    const confidential = type.authenticationSchemes.flatMap(({ inputDescriptors = [] }) =>
      inputDescriptors.filter((one) => one.isConfidential).map(({ id, inputMode }) => [id, inputMode]),
    );
    assert.deepEqual(confidential, [
      ["servicePrincipalKey", "passwordbox"],
      ["servicePrincipalCertificate", "textarea"],
    ]);
  });

  it("uses a scheme that extensions of third parties were seen to use", () => {
    assert.deepEqual(
      contributed().authenticationSchemes.map(({ type }) => type),
      ["ms.vss-endpoint.endpoint-auth-scheme-none"],
    );
  });

  it("has a form that refuses what is missing, wrong or unknown", () => {
    const { endpointTypes } = new DevOpsWorld();
    endpointTypes.contribute(contributed());
    const guid = "11111111-2222-4333-8444-555555555555";
    const inputs = { tenantId: guid, subscriptionId: guid, resourceGroupName: "rg1", mlWorkspaceName: "ws1" };
    const fill = (more: Record<string, string>) =>
      endpointTypes.fillIn({ name: "w", type: "azureml-workspace", inputs: { ...inputs, ...more } });
    assert.throws(() => fill({ tenantId: "" }), /tenantId.* is required/);
    assert.throws(() => fill({ apiKey: "x" }), /no input apiKey/);
    assert.equal(fill({}).url, "https://management.azure.com/");
    const url = "https://management.chinacloudapi.cn/";
    assert.equal(endpointTypes.fillIn({ name: "w", type: "azureml-workspace", url, inputs }).url, url);
  });

  // microsoft/azure-pipelines-extensions#608, MicrosoftDocs/azure-devops-docs#7505
  const wrong: [string, (type: Json) => void, RegExp][] = [
    [
      "a scheme outside the closed set",
      (type) => (type["authenticationSchemes"] = [{ type: "ms.vss-endpoint.service-endpoint-auth-scheme" }]),
      /^The following errors were found in service connection contribution: Authentication schemes ms\.vss-endpoint\.service-endpoint-auth-scheme, are not valid\.$/,
    ],
    [
      "a scheme that is a text",
      (type) => (type["authenticationSchemes"] = ["ms.vss-endpoint.endpoint-auth-scheme-none"]),
      /^Unable to parse the service connection contribution\. Parsing failed with the following error: Error converting value .* to type '.*ServiceEndpointAuthenticationScheme'\. Path 'authenticationSchemes\[0\]'\.$/,
    ],
    ["inputs that are no list", (type) => (type["inputDescriptors"] = {}), /Path 'inputDescriptors'/],
    [
      "an input that is no object",
      (type) => (type["authenticationSchemes"] = [{ type: NONE, inputDescriptors: ["a"] }]),
      /Path 'authenticationSchemes\[0\]\.inputDescriptors\[0\]'/,
    ],
    [
      "a flag that is none",
      (type) => (type["inputDescriptors"] = [{ id: "a", name: "a", inputMode: "textbox", isConfidential: "no" }]),
      /Path 'inputDescriptors\[0\]\.isConfidential'/,
    ],
    [
      "an input mode that there is not",
      (type) => (type["inputDescriptors"] = [{ id: "a", name: "a", inputMode: "password" }]),
      /the input a has the input mode password/,
    ],
    ["no scheme", (type) => (type["authenticationSchemes"] = []), /no authentication scheme/],
    ["no name", (type) => delete type["name"], /name is missing/],
    [
      "an id that two inputs have",
      (type) =>
        (type["inputDescriptors"] = ["tenantId", "TenantID"].map((id) => ({ id, name: id, inputMode: "textbox" }))),
      /two inputs have the id TenantID/,
    ],
  ];
  for (const [title, change, sentence] of wrong)
    it(`would not be installed with ${title}`, () => {
      const { endpointTypes } = new DevOpsWorld();
      const type = structuredClone(contributed()) as unknown as Json;
      endpointTypes.contribute(type as unknown as EndpointType);
      change(type);
      assert.throws(() => endpointTypes.contribute(type as unknown as EndpointType), { message: sentence });
    });
});

type Json = Record<string, unknown>;
const NONE = "ms.vss-endpoint.endpoint-auth-scheme-none";
