// Invalid sign-in answers: from Entra, through local Azure with a fault in between, and from Azure DevOps, by a server that says so.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createHttpHeaders } from "@azure/core-rest-pipeline";
import { requestAssertion } from "../../../lib/agent/azure-devops.ts";
import { openAzure } from "../ml/world.ts";

const SECRET = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0LXRva2Vu";
const HTML = "<!DOCTYPE html><html>Sign in</html>";

/** Entra's address answers so, `times` times; local Azure otherwise. */
function entraAnswers(text: string, times: number, type = "application/json") {
  let met = 0;
  return openAzure({
    between: async (request, send) => {
      if (!/\/token$/.test(new URL(request.url).pathname) || met++ >= times) return send();
      return { request, status: 200, headers: createHttpHeaders({ "content-type": type }), bodyAsText: text };
    },
  });
}

describe("an answer that is no token", () => {
  for (const [what, text, type] of [
    ["a page", HTML, "text/html"],
    ["nothing", "", "application/json"],
    ["half a token", `{"token_type":"Bearer","access_token":"${SECRET}`, "application/json"],
    ["another object", '{"hello":"world"}', "application/json"],
  ] as const) {
    it(`is asked for again: ${what} of Entra`, async () => {
      const azure = await entraAnswers(text, 1, type);
      assert.match(await azure.token(azure.cloud.managementScope), /^ey/);
    });
  }

  for (const header of ["Retry-After", "retry-after-ms", "x-ms-retry-after-ms"]) {
    for (const [told, least, most] of [
      ["0", 300, 120_000],
      ["86400000", 300, 120_000],
    ] as const) {
      it(`is waited for neither without end nor without a pause: 429 of Entra with ${header}: ${told}`, async () => {
        let met = 0;
        const azure = await openAzure({
          between: async (request, send) => {
            if (!/\/token$/.test(new URL(request.url).pathname) || met++ > 0) return send();
            const headers = createHttpHeaders({ "content-type": "application/json", [header]: told });
            return { request, status: 429, headers, bodyAsText: '{"error":"temporarily_unavailable"}' };
          },
        });
        const pauses: number[] = [];
        const begin = globalThis.setTimeout;
        const quick = (work: () => void, asked = 0, ...rest: []) => {
          // What waits for an answer to come is no pause.
          if (met !== 1) return begin(work, asked, ...rest);
          pauses.push(asked);
          return begin(work, Math.min(asked, 5), ...rest);
        };
        Object.defineProperties(quick, Object.getOwnPropertyDescriptors(begin));
        globalThis.setTimeout = quick as typeof setTimeout;
        try {
          assert.match(await azure.token(azure.cloud.managementScope), /^ey/);
        } finally {
          globalThis.setTimeout = begin;
        }
        const longest = Math.max(...pauses);
        assert.ok(longest >= least && longest <= most, `${pauses}`);
      });
    }
  }

  it("is not quoted, however often it comes", async () => {
    const answers = [`{"access_token":"${SECRET}`, `{"access_token":"${SECRET}"}x`, `"${SECRET}"`, SECRET];
    await Promise.all(
      answers.map(async (text) => {
        const azure = await entraAnswers(text, 99);
        await assert.rejects(azure.token(azure.cloud.managementScope), (error: Error & { hint?: string }) => {
          for (let one: unknown = error; one instanceof Error; one = one.cause)
            assert.doesNotMatch(`${one.message} ${one.stack}`, /eyJhbGci|c2VjcmV0/);
          assert.match(error.message, /cannot be read|could not be asked/);
          return true;
        });
      }),
    );
  });

  /** A server that answers with the lines of the script, the last one for ever. */
  async function azureDevOps(script: readonly [status: number, text: string, type: string][]) {
    let asked = 0;
    const server = createServer((_request, response) => {
      const [status, text, type] = script[Math.min(asked++, script.length - 1)] ?? [500, "", "text/plain"];
      response.writeHead(status, { "Content-Type": type }).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/contoso/`;
    const settings = {
      collectionUri: address,
      accessToken: "x",
      userAgent: "test",
      proxy: undefined,
      caFile: undefined,
      clock: { now: () => Date.now(), sleep: async () => {} },
    };
    const plan = { projectId: "p", hubName: "build", planId: "q", jobId: "j" };
    const ask = () => requestAssertion(settings, "connection", `${address}oidc`, plan);
    return { ask, asked: () => asked, close: () => server.close() };
  }

  for (const [status, what, text] of [
    [200, "a page", HTML],
    [203, "a page to sign in", HTML],
    [200, "nothing", ""],
    [200, "half an object", '{"oidcToken":"abc'],
  ] as const) {
    it(`is asked for again: ${what} of Azure DevOps with status ${status}`, async () => {
      const page: [number, string, string] = [status, text, "text/html"];
      const server = await azureDevOps([page, [200, '{"oidcToken":"the-token"}', "application/json"]]);
      try {
        assert.equal(await server.ask(), "the-token");
        assert.equal(server.asked(), 2);
      } finally {
        server.close();
      }
    });
  }

  it("is not quoted where Azure DevOps refuses with a text", async () => {
    const server = await azureDevOps([[400, `{"oidcToken":"${SECRET}`, "application/json"]]);
    try {
      await assert.rejects(server.ask(), (error: Error) => {
        assert.doesNotMatch(error.message, /eyJhbGci/);
        assert.match(error.message, /400/);
        return true;
      });
    } finally {
      server.close();
    }
  });
});
