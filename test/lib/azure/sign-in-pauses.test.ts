// Back-off of sign-ins, whatever an answer's Retry-After says: counted, with timers that are noted and released at once.
import assert from "node:assert/strict";
import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { clouds, createCredential, type Identity } from "../../../lib/azure/index.ts";
import { pausesOf } from "../../harness/timers.ts";

/** The longest pause between two requests, and the shortest, in milliseconds (lib/azure/retry.ts). */
const LONGEST = 120_000;
const SHORTEST = 375;

const cloud = { ...clouds.AzureCloud, authority: "https://login.example", wellKnown: false };
const application = { tenantId: "t-1", clientId: "c-1" };
const identities: Record<string, Identity> = {
  "a secret": { scheme: "servicePrincipalSecret", ...application, secret: "s" },
  "an assertion": { scheme: "workloadIdentity", ...application, assertion: async () => "a.b.c" },
  "a managed identity": { scheme: "managedIdentity" },
};
let scopes = 0;

interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

function answer(request: PipelineRequest, status: number, body: unknown, headers = {}): PipelineResponse {
  const type = { "content-type": "application/json" };
  return { request, status, headers: createHttpHeaders({ ...type, ...headers }), bodyAsText: JSON.stringify(body) };
}

/** What is answered now. MSAL keeps the first client that a managed identity was asked through for the whole process. */
let now: Refusal & { readonly times: number; readonly asked: PipelineRequest[] };

const transport = {
  userAgent: "test",
  close() {},
  httpClient: {
    async sendRequest(request: PipelineRequest) {
      const url = new URL(request.url);
      if (!/\/token$/.test(url.pathname)) {
        const at = `${url.origin}/t-1`;
        const endpoints = { authorization_endpoint: `${at}/authorize`, token_endpoint: `${at}/oauth2/v2.0/token` };
        return answer(request, 200, { ...endpoints, issuer: at, jwks_uri: `${at}/keys` });
      }
      now.asked.push({ ...request });
      if (now.asked.length <= now.times)
        return answer(request, now.status, { error: "temporarily_unavailable" }, now.headers);
      const inAnHour = Math.floor(Date.now() / 1000) + 3600;
      const ends = { expires_in: 3600, expires_on: String(inAnHour) };
      return answer(request, 200, { token_type: "Bearer", access_token: "token", ...ends });
    },
  },
};

/** A credential whose requests for a token are refused so often, and then answered. */
function refused(refusal: Refusal, times: number, who = "a secret") {
  now = { ...refusal, times, asked: [] };
  const credential = createCredential(cloud, identities[who] as Identity, transport);
  // Another one each time: MSAL keeps a managed identity's tokens as well.
  const scope = `https://resource-${++scopes}.example/.default`;
  const getToken = (signal?: AbortSignal) => credential.getToken(scope, signal && { abortSignal: signal });
  return { getToken, asked: now.asked };
}

const farAway = new Date(Date.now() + 7 * 86_400_000).toUTCString();
const wishes: Record<string, Record<string, string>> = {
  "a year": { "Retry-After": "31536000" },
  "a week": { "Retry-After": "604800" },
  "a day next week": { "Retry-After": farAway },
  "a week in milliseconds": { "retry-after-ms": "604800000" },
  "a week in Azure's own milliseconds": { "x-ms-retry-after-ms": "604800000" },
  "no pause": { "Retry-After": "0" },
  "a day that is over": { "Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT" },
};

describe("a sign-in that is asked to come again later", () => {
  for (const who of Object.keys(identities)) {
    for (const [what, headers] of Object.entries(wishes)) {
      it(`waits neither long nor not at all with ${who} where it is asked for ${what}`, async () => {
        for (const status of [429, 503]) {
          const { getToken, asked } = refused({ status, headers }, 2, who);
          const pauses = await pausesOf(async () => {
            assert.equal((await getToken())?.token, "token");
          });
          assert.equal(asked.length, 3);
          assert.equal(pauses.length, 2, `${pauses}`);
          for (const pause of pauses) assert.ok(pause >= SHORTEST && pause <= LONGEST, `${pause} ms`);
        }
      });
    }

    it(`gives up with a sentence after six requests with ${who}`, async () => {
      const { getToken, asked } = refused({ status: 503, headers: { "Retry-After": "604800" } }, 99, who);
      const pauses = await pausesOf(() => assert.rejects(getToken(), { kind: "connection" }));
      assert.equal(asked.length, 6);
      for (const pause of pauses) assert.ok(pause >= SHORTEST && pause <= LONGEST, `${pause} ms`);
    });

    it(`gives each request a time within which it has to be answered, with ${who}`, async () => {
      const { getToken, asked } = refused({ status: 503 }, 1, who);
      await pausesOf(() => getToken());
      assert.equal(asked.length, 2);
      for (const { timeout } of asked) assert.ok(timeout > 0 && timeout <= LONGEST, `${timeout} ms`);
    });
  }

  it("waits for a managed identity that is being made, for more than a minute", async () => {
    // IMDS answers 404 and 410 while it is not ready; it may be so for 70 seconds.
    for (const status of [404, 410]) {
      const { getToken } = refused({ status }, 5, "a managed identity");
      const pauses = await pausesOf(() => getToken());
      const all = pauses.reduce((sum, pause) => sum + pause, 0);
      assert.ok(all >= (status === 410 ? 70_000 : 10_000), `${pauses}`);
    }
  });

  it("ends as soon as the step is cancelled", async () => {
    const { getToken, asked } = refused({ status: 429, headers: { "Retry-After": "100" } }, 99);
    const cancel = new AbortController();
    const reason = new Error("cancelled");
    const token = getToken(cancel.signal);
    const ended = assert.rejects(token, reason);
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    cancel.abort(reason);
    await ended;
    // Waiting the 100 seconds out would have asked again.
    assert.equal(asked.length, 1);
  });

  it("asks again after a failure, although the last answer asked for a week", async () => {
    const { getToken, asked } = refused({ status: 400, headers: { "Retry-After": "604800" } }, 1);
    await assert.rejects(getToken(), { kind: "connection" });
    assert.equal((await getToken())?.token, "token");
    assert.equal(asked.length, 2);
  });
});
