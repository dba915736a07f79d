// Error bodies of every kind, and the sentences they become. The bodies are those of docs/facts/azureml-wire.md#16.
import assert from "node:assert/strict";
import { failureOf, readErrorBody, unreachable } from "../../../lib/azure/failure.ts";

const answer = (status: number, body?: object | string, headers: Record<string, string> = {}) => ({
  status,
  text: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  header: (name: string) => headers[name],
});

describe("failures", () => {
  it("reads ARM's envelope with its chain of inner errors", () => {
    const body = {
      error: {
        code: "UserError",
        message: 'Failed to update component c since field "code" is immutable, try specifying a new version.',
        details: [],
        additionalInfo: [
          { type: "ComponentName", info: { value: "managementfrontend" } },
          {
            type: "InnerError",
            info: {
              value: {
                code: "BadArgument",
                innerError: {
                  code: "ArgumentInvalid",
                  innerError: { code: "UpdateComponentFailed", innerError: null },
                },
              },
            },
          },
        ],
      },
    };
    const error = failureOf("register the component c:1", answer(400, body, { "x-ms-request-id": "r1" }));
    assert.equal(error.kind, "input");
    assert.equal(error.code, "UpdateComponentFailed");
    assert.equal(error.requestId, "r1");
    assert.equal(
      error.message,
      'Azure refused to register the component c:1: Failed to update component c since field "code" is immutable, try specifying a new version.',
    );
    assert.deepEqual(readErrorBody(JSON.stringify(body)).chain, [
      "UserError",
      "BadArgument",
      "ArgumentInvalid",
      "UpdateComponentFailed",
    ]);
  });

  it("says the detail where the outer message says nothing", () => {
    const body = {
      error: {
        code: "NotFound",
        message: "The specified resource was not found.",
        details: [
          {
            code: "NoSuchEndpoint",
            message: "There is no endpoint with name: e in ws",
            details: [],
            additionalInfo: [],
          },
        ],
      },
    };
    const error = failureOf("read the endpoint e", answer(404, body));
    assert.equal(error.code, "NoSuchEndpoint");
    assert.match(error.message, /There is no endpoint with name: e in ws\.$/);
  });

  const bodies: [string, number, object | string | undefined, Record<string, string>, string, string | undefined][] = [
    [
      "the data plane's",
      404,
      {
        error: { code: "UserError", message: "Run x was not found.", innerError: { code: "NotFoundError" } },
        statusCode: 404,
      },
      {},
      "Run x was not found.",
      "NotFoundError",
    ],
    [
      "MLflow's on Azure ML",
      400,
      {
        Error: {
          Code: "UserError",
          Severity: null,
          Message: "Currently unsupported filter string format.",
          Details: [],
        },
        Correlation: { operation: "o", request: "r" },
        ComponentName: "mlflow",
        statusCode: 400,
        error_code: "INVALID_PARAMETER_VALUE",
      },
      {},
      "Currently unsupported filter string format.",
      "INVALID_PARAMETER_VALUE",
    ],
    [
      "MLflow's on Azure ML without a code of MLflow",
      404,
      { Error: { Code: "UserError", Message: "Run x was not found." }, ComponentName: "mlflow" },
      {},
      "Run x was not found.",
      "UserError",
    ],
    [
      "MLflow's",
      404,
      { error_code: "RESOURCE_DOES_NOT_EXIST", message: "No run x" },
      {},
      "No run x.",
      "RESOURCE_DOES_NOT_EXIST",
    ],
    [
      "storage's",
      403,
      '<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code><Message>Server failed.\nRequestId:1</Message></Error>',
      {},
      "Server failed.",
      "AuthenticationFailed",
    ],
    ["none at all", 404, undefined, {}, "status 404 without an explanation", undefined],
    [
      "none but a header",
      404,
      undefined,
      { "x-ms-error-code": "BlobNotFound" },
      "without an explanation",
      "BlobNotFound",
    ],
    ["a page of HTML", 502, "<html>Bad gateway</html>", {}, "status 502", undefined],
    ["null", 500, "null", {}, "status 500", undefined],
    ["a text", 400, '"just text"', {}, "status 400", undefined],
    [
      "an OAuth one",
      400,
      { error: "invalid_client", error_description: "AADSTS1: no." },
      {},
      "AADSTS1: no.",
      "invalid_client",
    ],
  ];
  for (const [whose, status, body, headers, said, code] of bodies) {
    it(`reads ${whose}`, () => {
      const error = failureOf("do it", answer(status, body, headers));
      assert.ok(error.message.includes(said), error.message);
      assert.equal(error.code, code);
      assert.equal(error.status, status);
    });
  }

  const kinds: [number, string][] = [
    [400, "input"],
    [401, "connection"],
    [403, "forbidden"],
    [404, "notFound"],
    [407, "connection"],
    [409, "conflict"],
    [412, "conflict"],
    [429, "service"],
    [500, "service"],
    [503, "service"],
  ];
  for (const [status, kind] of kinds) {
    it(`${status} is of kind ${kind}`, () => assert.equal(failureOf("do it", answer(status, {})).kind, kind));
  }

  it("says a host that cannot be reached, and never its signed address", () => {
    const url = "https://a.blob.core.windows.net/c/b?sig=SECRET";
    const error = unreachable("read a log", url, new Error(`connect to ${url} failed`));
    assert.match(error.message, /a\.blob\.core\.windows\.net could not be reached/);
    assert.doesNotMatch(error.message, /SECRET/);
    assert.match(
      unreachable("x", url, new Error("self-signed certificate in certificate chain")).hint ?? "",
      /sslcacert/,
    );
  });
});
