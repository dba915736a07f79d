// Signing in: a token by each scheme, and one sentence with its remedy for each way in which there is none.
import assert from "node:assert/strict";
import { clouds, type Identity } from "../../../lib/azure/index.ts";
import { signInFailure } from "../../../lib/azure/sign-in-failure.ts";
import { TaskError } from "../../../lib/errors.ts";
import { openAzure, openLocal, theCloud } from "../ml/world.ts";

const identity: Identity = { scheme: "workloadIdentity", tenantId: "t-1", clientId: "c-1", assertion: async () => "" };
const at = { identity, cloud: clouds.AzureCloud };

describe("signing in", () => {
  const sentences: [string, RegExp, RegExp][] = [
    ["700016", /application c-1 .* does not exist in the tenant t-1/, /application \(client\) ID/],
    ["7000215", /client secret .* is wrong/, /its value \(not its ID\)/],
    ["7000222", /client secret .* has expired/, /Make a new client secret/],
    ["700024", /assertion .* not valid at this time/, /clock/],
    ["90002", /tenant t-1 .* does not exist in AzureCloud/, /tenant ID/],
    ["53003", /Conditional Access/, /exclude this workload identity/],
    ["50034", /account .* does not exist in the tenant t-1/, /tenant/],
  ];
  for (const [code, message, hint] of sentences) {
    it(`says AADSTS${code}`, () => {
      const text = `invalid_client: Error(s): ${code} - AADSTS${code}: Something. Trace ID: 11111111-2222-3333-4444-555555555555 Correlation ID: x`;
      const error = signInFailure(new Error(text), at);
      assert.equal(error.kind, "connection");
      assert.equal(error.code, `AADSTS${code}`);
      assert.match(error.message, message);
      assert.match(error.hint ?? "", hint);
      assert.equal(error.requestId, "11111111-2222-3333-4444-555555555555");
    });
  }

  it("cuts in two what the agent would hide", () => {
    const subject = "sc://contoso/p/azure-ml";
    const issuer = "https://vstoken.dev.azure.com/o";
    const error = signInFailure(new Error("AADSTS700213: No matching federated identity record found."), {
      ...at,
      identity: { ...identity, hidden: [issuer, subject] },
      assertion: { issuer, subject, audience: "api://AzureADTokenExchange" },
    });
    assert.match(error.hint ?? "", /subject "sc:\/\/contoso\/p\/" \+ "azure-ml"/);
    assert.ok(!error.hint?.includes(subject) && !error.hint?.includes(issuer));
  });

  for (const code of ["70021", "700211", "700212", "700213"]) {
    it(`says issuer and subject to enter for AADSTS${code}`, () => {
      const assertion = {
        issuer: "https://vstoken.dev.azure.com/o",
        subject: "sc://contoso/p/azure-ml",
        audience: "api://AzureADTokenExchange",
      };
      const error = signInFailure(new Error(`AADSTS${code}: No matching federated identity record found.`), {
        ...at,
        assertion,
      });
      assert.match(
        error.hint ?? "",
        /issuer https:\/\/vstoken\.dev\.azure\.com\/o, subject sc:\/\/contoso\/p\/azure-ml, audience api:\/\/AzureADTokenExchange/,
      );
    });
  }

  it("takes issuer and subject from Entra's text where the assertion was not seen", () => {
    const text =
      "AADSTS70021: No matching federated identity record found for presented assertion. Assertion Issuer: 'https://i'. Assertion Subject: 'sub'. Assertion Audience: 'aud'.";
    assert.match(signInFailure(new Error(text), at).hint ?? "", /issuer https:\/\/i, subject sub, audience aud/);
  });

  it("says what is not in the list in Entra's own words", () => {
    const error = signInFailure(new Error("AADSTS99999: Something new.\r\nTrace ID: 1"), at);
    assert.match(error.message, /AADSTS99999: Something new\.$/);
    assert.match(error.hint ?? "", /error\?code=99999/);
  });

  it("signs in with a secret and with a certificate", async () => {
    const { tenantId, credentials } = await theCloud();
    const { clientId, certificatePem } = credentials.certificate;
    for (const one of [
      undefined,
      { scheme: "servicePrincipalCertificate" as const, tenantId, clientId, certificatePem },
    ]) {
      assert.equal((await openLocal(one ? { identity: one } : {})).name, "ws1");
    }
  });

  it("fetches the assertion at each exchange, and says what to enter when nobody trusts it", async () => {
    const { tenantId, credentials } = await theCloud();
    const claims = {
      iss: "https://nobody",
      sub: "sc://contoso/breast-cancer/azure-ml",
      aud: "api://AzureADTokenExchange",
    };
    const token = ["e30", Buffer.from(JSON.stringify(claims)).toString("base64url"), "x"].join(".");
    let fetched = 0;
    const assertion = async () => {
      fetched++;
      return token;
    };
    const azure = await openAzure({
      identity: { scheme: "workloadIdentity", tenantId, clientId: credentials.federated.clientId, assertion },
    });
    await assert.rejects(azure.token("https://ml.azure.com/.default"), (error: unknown) => {
      assert.ok(error instanceof TaskError);
      assert.equal(error.kind, "connection");
      return true;
    });
    assert.ok(fetched >= 1);
  });

  it("says that a secret is wrong, that it has expired, and that there is no access", async () => {
    const { tenantId, credentials } = await theCloud();
    const secret = (clientId: string, value: string): Identity => ({
      scheme: "servicePrincipalSecret",
      tenantId,
      clientId,
      secret: value,
    });
    await assert.rejects(openLocal({ identity: secret(credentials.contributor.clientId, "nonsense") }), {
      kind: "connection",
      code: "AADSTS7000215",
    });
    await assert.rejects(openLocal({ identity: secret(credentials.expired.clientId, credentials.expired.secret) }), {
      kind: "connection",
      code: "AADSTS7000222",
    });
    await assert.rejects(openLocal({ identity: secret("00000000-0000-0000-0000-00000000dead", "x") }), {
      kind: "connection",
      code: "AADSTS700016",
    });
    await assert.rejects(
      openLocal({ identity: secret(credentials.forbidden.clientId, credentials.forbidden.secret) }),
      { kind: "forbidden", status: 403 },
    );
  });

  it("says that Entra cannot be reached", async () => {
    const error = signInFailure(new Error("network_error"), {
      ...at,
      trouble: "login.example:443 could not be reached: getaddrinfo ENOTFOUND",
    });
    assert.match(error.message, /ENOTFOUND/);
    assert.match(error.hint ?? "", /proxy/);
  });
});
