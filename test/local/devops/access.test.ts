// Access to local Azure DevOps: who may call it, what a job's token opens, OIDC tokens in both forms, and what is not built.
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import type { ITaskApi } from "azure-devops-node-api/TaskApi.js";
import type { Build } from "../../../local/devops/state/builds.ts";
import type { Connection } from "../../../local/devops/state/connections.ts";
import { federatedBuild, type Organization, startOrganization } from "./organization.ts";

const jobId = "12f1170f-54f2-53f3-20dd-22fc7dff55f9";
const part = (token: string, index: number) =>
  JSON.parse(Buffer.from(token.split(".")[index] ?? "", "base64url").toString()) as Record<string, unknown>;

describe("local Azure DevOps: access", () => {
  let organization: Organization;
  let build: Build;
  let connection: Connection;
  let token: string;
  let now = Date.parse("2026-11-23T10:00:00Z");

  before(async () => {
    organization = await startOrganization(() => now);
    const { world } = organization;
    ({ build, connection } = federatedBuild(world));
    token = world.issueJobToken({ plan: build.plan, jobId });
  });
  after(() => organization.close());

  const tasks = (with_: string): Promise<ITaskApi> => organization.client(with_).getTaskApi();
  const oidc = async (with_: string, options: { plan?: string; job?: string; connection?: string } = {}) =>
    (await tasks(with_)).createOidcToken(
      {},
      organization.world.project.id,
      "build",
      options.plan ?? build.plan.planId,
      options.job ?? jobId,
      options.connection ?? connection.id,
    );

  it("answers 401 without a token, with one never issued, and with one that has ended", async () => {
    await assert.rejects(organization.client("nonsense").connect(), { statusCode: 401, message: /TF400813/ });
    const short = organization.world.issueJobToken({ plan: build.plan, jobId, minutes: 1 });
    await organization.client(short).connect();
    now += 61_000;
    await assert.rejects(organization.client(short).connect(), { statusCode: 401 });
    now -= 61_000;
  });

  it("answers 401 for a token that was taken back", async () => {
    const gone = organization.world.issueJobToken({ plan: build.plan, jobId });
    organization.world.tokens.revoke(gone);
    await assert.rejects(organization.client(gone).connect(), { statusCode: 401 });
  });

  it("says who is there", async () => {
    const data = await organization.client(token).connect();
    assert.equal(data.instanceId, organization.world.organization.id);
    assert.match(data.authenticatedUser?.providerDisplayName ?? "", /^Build\\/);
  });

  it("issues an OIDC token for a connection through the official client", async () => {
    const { oidcToken = "" } = await oidc(token);
    assert.deepEqual(part(oidcToken, 0)["alg"], "RS256");
    const claims = part(oidcToken, 1);
    assert.equal(claims["sub"], "sc://contoso/breast-cancer/aml dev");
    assert.equal(claims["aud"], "api://AzureADTokenExchange");
    assert.equal(claims["iss"], `${organization.world.url}/vstoken/${organization.world.organization.id}`);
    assert.equal(Number(claims["exp"]) - Number(claims["iat"]), 600);
    const [header, payload, signature = ""] = oidcToken.split(".");
    const key = createPublicKey(organization.world.tokens.publicKeyPem);
    assert.ok(verify("RSA-SHA256", Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url")));
  });

  it("issues it in the form of System.OidcRequestUri, with an empty body, and publishes the key", async () => {
    const rest = organization.client(token).rest;
    const uri = organization.world.oidcRequestUri(build.plan, jobId);
    const answer = await rest.create<{ oidcToken: string }>(
      `${uri}?api-version=7.1&serviceConnectionId=${connection.id}`,
      null,
    );
    const { oidcToken } = answer.result!;
    assert.equal(part(oidcToken, 1)["sub"], organization.world.subjectOf(connection));
    const discovery = await rest.get<{ jwks_uri: string; issuer: string }>(
      `${organization.world.tokens.issuer}/.well-known/openid-configuration`,
    );
    assert.equal(discovery.result?.issuer, part(oidcToken, 1)["iss"]);
    const keys = await rest.get<{ keys: { kid: string }[] }>(discovery.result!.jwks_uri);
    assert.equal(keys.result?.keys[0]?.kid, part(oidcToken, 0)["kid"]);
  });

  it("refuses an OIDC token for another job, another plan, a connection that the job may not use, and one that is not there", async () => {
    const other = organization.world.createBuild("train", { branch: "main", commit: "b", requestedFor: "Ada" });
    const none = organization.world.issueJobToken({ plan: build.plan, jobId, connectionIds: [] });
    await assert.rejects(oidc(token, { job: "00000000-0000-4000-8000-000000000000" }), { statusCode: 403 });
    await assert.rejects(oidc(token, { plan: other.plan.planId }), { statusCode: 403 });
    await assert.rejects(oidc(none), { statusCode: 403, message: /aml dev/ });
    assert.equal(await oidc(token, { connection: "00000000-0000-4000-8000-000000000000" }), null); // the client's null for 404
  });

  it("tells whoever keeps federated credentials which subject each connection has", async () => {
    const { DevOpsWorld } = await import("../../../local/devops/world.ts");
    const told: string[] = [];
    const world = new DevOpsWorld({ onConnection: (each, subject) => told.push(`${each.name}: ${subject}`) });
    world.connections.add({
      name: "prod",
      type: "azurerm",
      url: "u",
      authorization: { scheme: "WorkloadIdentityFederation", parameters: {} },
      data: {},
    });
    assert.deepEqual(told, ["prod: sc://contoso/breast-cancer/prod"]);
  });

  it("wants an api-version on every write", async () => {
    const uri = organization.world.oidcRequestUri(build.plan, jobId);
    const rest = organization.client(token).rest;
    await assert.rejects(rest.create(uri, null, { acceptHeader: "application/json" }), {
      statusCode: 400,
      message: /No api-version was supplied/,
    });
  });

  it("answers 501 to what it has not built, naming it", async () => {
    const rest = organization.client(token).rest;
    const url = `${organization.world.collectionUri}breast-cancer/_apis/policy/evaluations`;
    await assert.rejects(rest.get(url), {
      statusCode: 501,
      message: "local Azure DevOps has not built: GET /contoso/breast-cancer/_apis/policy/evaluations",
    });
    assert.deepEqual(organization.world.notBuilt, ["GET /contoso/breast-cancer/_apis/policy/evaluations"]);
  });

  it("leaves no token in the recorded traffic", async () => {
    const { oidcToken = "" } = await oidc(token);
    const har = JSON.stringify(organization.har.toHar());
    assert.ok(har.includes("oidctoken"));
    for (const secret of [token, oidcToken]) assert.ok(!har.includes(secret));
  });

  it("shows service connections without their secrets", async () => {
    organization.world.connections.add({
      name: "with secret",
      type: "azurerm",
      url: "https://management.azure.com/",
      authorization: {
        scheme: "ServicePrincipal",
        parameters: { tenantid: "t", serviceprincipalid: "c", serviceprincipalkey: "very secret" },
      },
      data: { subscriptionId: "s" },
    });
    const api = await organization.client(token).getServiceEndpointApi();
    const [found] = await api.getServiceEndpointsByNames("breast-cancer", ["with secret"]);
    assert.equal(found?.authorization?.scheme, "ServicePrincipal");
    assert.deepEqual(found?.authorization?.parameters, {
      tenantid: "t",
      serviceprincipalid: "c",
      serviceprincipalkey: null,
    });
    assert.equal((await api.getServiceEndpointDetails("breast-cancer", connection.id)).name, "aml dev");
  });
});
