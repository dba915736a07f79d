// Every way in which local Entra refuses a sign-in, over the wire: one sentence with its remedy for each.
import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import type { Identity } from "../../../lib/azure/index.ts";
import { TaskError } from "../../../lib/errors.ts";
import type { LocalCloud } from "../../../local/cloud.ts";
import { openAzure, theCloud } from "../ml/world.ts";

const ISSUER = "https://issuer.example/organization";
const SUBJECT = "sc://contoso/breast-cancer/azure-ml";
const AUDIENCE = "api://AzureADTokenExchange";

/** A JWT of an issuer of our own. */
function assertionOf(key: KeyObject, claims: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const seconds = Math.floor(Date.now() / 1000);
  const all = { iss: ISSUER, sub: SUBJECT, aud: AUDIENCE, nbf: seconds, exp: seconds + 600, ...claims };
  const body = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(all)}`;
  return `${body}.${sign("RSA-SHA256", Buffer.from(body), key).toString("base64url")}`;
}

describe("a refused sign-in", () => {
  let cloud: LocalCloud;
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const federatedId = randomUUID();

  before(async () => {
    cloud = await theCloud();
    const { directory } = cloud.azure;
    const someone = { displayName: "someone", objectId: randomUUID(), secrets: [{ value: "good" }], hasAccess: true };
    const refused = (number: number, message: string) => {
      directory.add({ ...someone, clientId: `refused-${number}`, refusal: { number, message } });
    };
    refused(53003, "Access has been blocked by Conditional Access policies.");
    refused(50034, "The user account {EUII Hidden} does not exist in the directory.");
    directory.add({ ...someone, clientId: federatedId });
    directory.federation.register({ clientId: federatedId, issuer: ISSUER, subject: SUBJECT, key: publicKey });
  });

  const secret = (clientId: string, value = "good", tenantId = cloud.tenantId): Identity => ({
    scheme: "servicePrincipalSecret",
    tenantId,
    clientId,
    secret: value,
  });
  const federated = (claims: object): Identity => ({
    scheme: "workloadIdentity",
    tenantId: cloud.tenantId,
    clientId: federatedId,
    assertion: async () => assertionOf(privateKey, claims),
  });
  const noMatch = new RegExp(`exactly: issuer ${ISSUER}, subject ${SUBJECT}, audience ${AUDIENCE}\\.$`);

  const cases: [code: string, identity: () => Identity, message: RegExp, hint: RegExp][] = [
    [
      "700016",
      () => secret("nobody"),
      /application nobody .* does not exist in the tenant/,
      /client\) ID or the tenant ID/,
    ],
    [
      "7000215",
      () => secret(cloud.credentials.contributor.clientId, "x"),
      /secret .* is wrong/,
      /its value \(not its ID\)/,
    ],
    [
      "7000222",
      () => secret(cloud.credentials.expired.clientId, cloud.credentials.expired.secret),
      /secret .* has expired/,
      /new client secret .* or change the connection to workload identity federation/,
    ],
    ["700024", () => federated({ exp: 1_000_000_000 }), /not valid at this time/, /clock/],
    [
      "700211",
      () => federated({ iss: "https://other.example" }),
      /no federated credential/,
      /issuer https:\/\/other\.example,/,
    ],
    ["700212", () => federated({ aud: "api://other" }), /no federated credential/, /audience api:\/\/other\.$/],
    [
      "700213",
      () => federated({ sub: "sc://contoso/breast-cancer/renamed" }),
      /no federated credential/,
      /subject sc:\/\/contoso\/breast-cancer\/renamed,/,
    ],
    [
      "700027",
      () => ({
        scheme: "servicePrincipalCertificate",
        tenantId: cloud.tenantId,
        clientId: cloud.credentials.contributor.clientId,
        certificatePem: cloud.credentials.certificate.certificatePem,
      }),
      /certificate .* not registered for the application/,
      /Upload the certificate/,
    ],
    ["90002", () => secret("nobody", "x", randomUUID()), /tenant .* does not exist in AzureCloud/, /right cloud/],
    ["53003", () => secret("refused-53003"), /Conditional Access policy/, /exclude this workload identity/],
    ["50034", () => secret("refused-50034"), /account .* does not exist in the tenant/, /tenant ID/],
  ];
  for (const [code, identity, message, hint] of cases) {
    it(`with AADSTS${code} says so once, with its remedy`, async () => {
      const azure = await openAzure({ identity: identity() });
      await assert.rejects(azure.request("GET", cloud.azure.workspaceId), (error: unknown) => {
        assert.ok(error instanceof TaskError);
        assert.deepEqual([error.kind, error.code], ["connection", `AADSTS${code}`]);
        assert.match(error.message, message);
        assert.match(error.hint ?? "", hint);
        assert.match(error.requestId ?? "", /^[0-9a-f-]{36}$/);
        return true;
      });
    });
  }

  it("is none where the application trusts issuer and subject", async () => {
    const azure = await openAzure({ identity: federated({}) });
    assert.equal((await azure.request("GET", cloud.azure.workspaceId)).status, 200);
  });

  it("says all three of what to enter", async () => {
    const clientId = cloud.credentials.contributor.clientId;
    const azure = await openAzure({ identity: { ...federated({}), clientId } as Identity });
    await assert.rejects(azure.request("GET", cloud.azure.workspaceId), (error: TaskError) => {
      assert.match(error.hint ?? "", noMatch);
      return true;
    });
  });

  it("is Azure DevOps' where that gives no assertion", async () => {
    const fault = new TaskError("connection", "Azure DevOps gave no OIDC token.", { hint: "Authorize it." });
    const assertion = () => Promise.reject(fault);
    const azure = await openAzure({ identity: { ...federated({}), assertion } as Identity });
    await assert.rejects(azure.request("GET", cloud.azure.workspaceId), (error) => error === fault);
  });

  it("is not given up at once while the token service is out of order", async () => {
    const { directory } = cloud.azure;
    const { clientId, secret: value } = cloud.credentials.contributor;
    directory.outages = 1;
    const azure = await openAzure({ identity: secret(clientId, value) });
    assert.equal((await azure.request("GET", cloud.azure.workspaceId)).status, 200);
    assert.equal(directory.outages, 0);
  });
});
