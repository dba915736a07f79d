// Requests through the door for REST: what counts as an answer, and what becomes an error with which status.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { openRest, type Rest } from "../../../lib/agent/rest-door.ts";
import { TaskError } from "../../../lib/errors.ts";

interface Seen {
  readonly line: string;
  readonly type: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

describe("the door for REST requests", () => {
  const seen: Seen[] = [];
  let answer: { status: number; type?: string; body?: string; location?: string } = { status: 200, body: "{}" };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { "content-type": type, authorization } = request.headers;
    seen.push({
      line: `${request.method} ${request.url}`,
      type,
      authorization,
      body: Buffer.concat(chunks).toString("utf8"),
    });
    const location = answer.location === undefined ? {} : { Location: answer.location };
    response.writeHead(answer.status, { "Content-Type": answer.type ?? "application/json", ...location });
    response.end(answer.body);
  });
  let rest: Rest;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    rest = await openRest({
      collectionUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/contoso/`,
      accessToken: "token-of-the-job",
      userAgent: "test",
      proxy: undefined,
      caFile: undefined,
    });
  });
  after(() => server.close());
  const asked = (more: object = {}) =>
    rest<object>({ doing: "read a thing", verb: "GET", path: "_apis/x?a=1", ...more });
  const refused = async (given: typeof answer, more: object = {}) => {
    answer = given;
    const error = await asked(more).catch((cause: unknown) => cause);
    assert.ok(error instanceof TaskError, String(error));
    return error;
  };

  it("sends each verb with the job's token and its body", async () => {
    for (const verb of ["GET", "POST", "PATCH", "PUT", "DELETE"] as const) {
      answer = { status: 200, body: '{"id":7}' };
      assert.deepEqual(await asked({ verb, body: verb === "GET" || verb === "DELETE" ? undefined : { a: 1 } }), {
        id: 7,
      });
      const last = seen.at(-1);
      assert.equal(last?.line, `${verb} /contoso/_apis/x?a=1`);
      assert.equal(last?.authorization, "Bearer token-of-the-job");
      assert.equal(last?.body, verb === "GET" || verb === "DELETE" ? "" : '{\n  "a": 1\n}');
    }
  });

  it("sends patches of JSON as such", async () => {
    answer = { status: 200, body: "{}" };
    await asked({ verb: "PATCH", body: [], contentType: "application/json-patch+json" });
    assert.match(seen.at(-1)?.type ?? "", /^application\/json-patch\+json/);
  });

  it("tells a refusal, something missing and a failure apart", async () => {
    const words = '{"message":"TF401027: You need the Git \'PullRequestContribute\' permission."}';
    const forbidden = await refused({ status: 403, body: words });
    assert.deepEqual([forbidden.kind, forbidden.status], ["forbidden", 403]);
    assert.match(forbidden.message, /did not read a thing \(403: TF401027: You need/);
    const gone = await refused({ status: 404, body: '{"message":"no"}' });
    assert.deepEqual([gone.kind, gone.status], ["notFound", 404]);
    const broken = await refused({ status: 500, body: "{}" }, { verb: "POST" });
    assert.deepEqual([broken.kind, broken.status], ["service", 500]);
  });

  it("takes no page for an answer, and follows no redirect with the token", async () => {
    const page = await refused({ status: 203, type: "text/html", body: "<html>" });
    assert.match(page.message, /sign-in page/);
    const html = await refused({ status: 200, type: "text/html", body: "<html>" });
    assert.match(html.message, /not JSON/);
    const before = seen.length;
    const elsewhere = await refused({ status: 302, location: "/elsewhere", body: "{}" });
    assert.match(elsewhere.message, /redirected/);
    assert.equal(seen.length, before + 1);
  });

  it("cuts the service's words", async () => {
    const long = await refused({ status: 400, body: JSON.stringify({ message: "x".repeat(100_000) }) });
    assert.ok(long.message.length < 500);
  });
});
