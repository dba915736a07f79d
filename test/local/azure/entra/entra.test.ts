// Signing in: each way a service connection can, and each refusal with Entra's own number.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createPublicKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import http from "node:http";
import { promisify } from "node:util";
import { ClientAssertionCredential, ClientCertificateCredential, ClientSecretCredential } from "@azure/identity";
import { decodeToken } from "../../../../local/azure/entra/directory.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { type Answer, ask, httpClientOf, tokenOf, workspaceAsk } from "../client.ts";

describe("local Entra", () => {
  let cloud: LocalCloud;
  before(async () => {
    cloud = await startCloud();
  });
  after(() => cloud.close());

  const scope = "https://management.azure.com/.default";
  const options = () => ({
    authorityHost: cloud.urls.login,
    httpClient: httpClientOf(cloud),
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 0 },
  });
  const isAccepted = async (token: string) => {
    assert.equal((await workspaceAsk(cloud, "GET", "", { token })).status, 200);
  };
  const askToken = (form: Record<string, string>, tenant = cloud.tenantId): Promise<Answer> =>
    ask(cloud, "POST", `${cloud.urls.login}/${tenant}/oauth2/v2.0/token`, {
      body: new URLSearchParams({ grant_type: "client_credentials", scope, ...form }).toString(),
      headers: { "Content-Type": "application/x-www-form-urlencoded", "client-request-id": "c0ffee" },
    });

  describe("the official client signs in", () => {
    it("with a client secret", async () => {
      const { clientId, secret } = cloud.credentials.contributor;
      const token = await new ClientSecretCredential(cloud.tenantId, clientId, secret, options()).getToken(scope);
      const claims = decodeToken(token.token)?.claims;
      assert.equal(claims?.["aud"], "https://management.azure.com");
      assert.equal(claims?.["tid"], cloud.tenantId);
      assert.equal(claims?.["appid"], clientId);
      await isAccepted(token.token);
    });

    it("with a certificate", async () => {
      const { clientId, certificatePem: certificate } = cloud.credentials.certificate;
      const credential = new ClientCertificateCredential(cloud.tenantId, clientId, { certificate }, options());
      await isAccepted((await credential.getToken(scope)).token);
    });

    it("with the OIDC token of an Azure DevOps connection", async () => {
      const { clientId } = cloud.credentials.federated;
      const connection = cloud.devops.connections.get("azure-ml-federated");
      assert.ok(connection);
      const assertion = async () => cloud.devops.issueOidcToken(connection);
      const credential = new ClientAssertionCredential(cloud.tenantId, clientId, assertion, options());
      await isAccepted((await credential.getToken(scope)).token);
    });

    it("with a managed identity, over App Service's endpoint", async () => {
      // The client keeps tokens of managed identities for the whole process, by an address that another cloud may have had.
      const program = [
        'import { ManagedIdentityCredential } from "@azure/identity";',
        "process.stdout.write((await new ManagedIdentityCredential().getToken(process.argv[1])).token);",
      ].join("\n");
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ["--input-type=module", "-e", program, `${cloud.urls.arm}/.default`],
        {
          cwd: import.meta.dirname,
          env: {
            ...process.env,
            IDENTITY_ENDPOINT: cloud.managedIdentity.endpoint,
            IDENTITY_HEADER: cloud.managedIdentity.header,
          },
        },
      );
      await isAccepted(stdout);
    });

    it("with instance discovery, as for a cloud it does not know", async () => {
      const url = `${cloud.urls.login}/common/discovery/instance?api-version=1.1&authorization_endpoint=x`;
      const { body } = await ask(cloud, "GET", url);
      const configuration = await ask(cloud, "GET", body.tenant_discovery_endpoint);
      assert.equal(configuration.body.token_endpoint, `${cloud.urls.login}/${cloud.tenantId}/oauth2/v2.0/token`);
      const keys = await ask(cloud, "GET", configuration.body.jwks_uri);
      const published = createPublicKey({ key: keys.body.keys[0], format: "jwk" });
      assert.ok(published.equals(cloud.azure.directory.publicKey));
    });
  });

  describe("refuses", () => {
    const isRefused = (answer: Answer, status: number, error: string, number: number, said: RegExp) => {
      assert.equal(answer.status, status, answer.text);
      assert.deepEqual(Object.keys(answer.body), [
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
      ]);
      assert.equal(answer.body.error, error);
      assert.deepEqual(answer.body.error_codes, [number]);
      assert.match(answer.body.error_description, new RegExp(`^AADSTS${number}: `));
      assert.match(answer.body.error_description, said);
      assert.equal(answer.body.correlation_id, "c0ffee");
    };

    it("a wrong secret", async () => {
      const { clientId } = cloud.credentials.contributor;
      const answer = await askToken({ client_id: clientId, client_secret: "guess" });
      isRefused(answer, 401, "invalid_client", 7000215, /Invalid client secret provided.*for a secret added to app/);
    });

    it("an expired secret", async () => {
      const { clientId, secret } = cloud.credentials.expired;
      const answer = await askToken({ client_id: clientId, client_secret: secret });
      isRefused(answer, 401, "invalid_client", 7000222, /are expired/);
    });

    it("an unknown application", async () => {
      const answer = await askToken({ client_id: randomUUID(), client_secret: "any" });
      isRefused(answer, 400, "unauthorized_client", 700016, /was not found in the directory/);
    });

    it("an unknown tenant", async () => {
      const { clientId, secret } = cloud.credentials.contributor;
      const answer = await askToken({ client_id: clientId, client_secret: secret }, "fabrikam");
      isRefused(answer, 400, "invalid_request", 90002, /Tenant 'fabrikam' not found/);
    });

    it("an unknown resource", async () => {
      const { clientId, secret } = cloud.credentials.contributor;
      const answer = await askToken({
        client_id: clientId,
        client_secret: secret,
        scope: "https://else.example/.default",
      });
      isRefused(answer, 400, "invalid_resource", 500011, /https:\/\/else\.example was not found/);
    });

    it("a client that proves nothing", async () => {
      const answer = await askToken({ client_id: cloud.credentials.contributor.clientId });
      isRefused(answer, 401, "invalid_client", 7000218, /client_assertion/);
    });

    describe("an assertion", () => {
      const issuer = "https://issuer.example";
      const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const now = Math.floor(Date.now() / 1000);
      const good = { iss: issuer, sub: "sc://a/b/c", aud: "api://AzureADTokenExchange", iat: now, exp: now + 600 };
      const jwt = (claims: object, key = keys.privateKey) => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
        const signed = `${part({ typ: "JWT", alg: "RS256" })}.${part(claims)}`;
        return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), key).toString("base64url")}`;
      };
      const present = (claims: object, key?: typeof keys.privateKey) =>
        askToken({
          client_id: cloud.credentials.federated.clientId,
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: jwt(claims, key),
        });
      before(() =>
        cloud.azure.directory.federation.register({
          clientId: cloud.credentials.federated.clientId,
          issuer,
          subject: good.sub,
          key: keys.publicKey,
        }),
      );

      it("unless it is good", async () => {
        assert.equal((await present(good)).status, 200);
      });
      it("that has expired", async () => {
        isRefused(await present({ ...good, exp: now - 1 }), 401, "invalid_client", 700024, /valid time range/);
      });
      it("for another subject", async () => {
        const answer = await present({ ...good, sub: "sc://a/b/other" });
        isRefused(answer, 401, "invalid_client", 700213, /assertion subject 'sc:\/\/a\/b\/other'/);
      });
      it("of another issuer", async () => {
        isRefused(await present({ ...good, iss: "https://x" }), 401, "invalid_client", 700211, /issuer 'https:\/\/x'/);
      });
      it("for another audience", async () => {
        isRefused(await present({ ...good, aud: "api://x" }), 401, "invalid_client", 700212, /audience 'api:\/\/x'/);
      });
      it("that someone else signed", async () => {
        const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
        isRefused(await present(good, other), 401, "invalid_client", 50013, /signature/);
      });
      it("by a certificate that is not registered", async () => {
        const { clientId } = cloud.credentials.federated;
        isRefused(await present({ ...good, iss: clientId }), 401, "invalid_client", 700027, /not registered/);
      });
    });
  });

  describe("tokens at the planes", () => {
    it("must be there", async () => {
      const answer = await ask(cloud, "GET", `${cloud.urls.arm}${cloud.azure.workspaceId}?api-version=2025-12-01`);
      assert.equal(answer.status, 401);
      assert.equal(answer.body.error.code, "AuthenticationFailed");
      assert.match(answer.headers["www-authenticate"] ?? "", /^Bearer authorization_uri="https:\/\/localhost/);
    });

    const isInvalid = async (token: string, said: RegExp) => {
      const answer = await workspaceAsk(cloud, "GET", "", { token });
      assert.equal(answer.status, 401);
      assert.equal(answer.body.error.code, "InvalidAuthenticationToken");
      assert.match(answer.body.error.message, said);
    };
    const contributor = () => {
      const found = cloud.azure.directory.find(cloud.credentials.contributor.clientId);
      assert.ok(found);
      return found;
    };

    it("must be ours", () => isInvalid("eyJhbGciOiJub25lIn0.e30.", /invalid/));
    it("must not have been altered", async () => {
      const [header, , signature] = (await tokenOf(cloud)).split(".");
      const claims = Buffer.from(JSON.stringify({ aud: "x", exp: 9e9 })).toString("base64url");
      await isInvalid(`${header}.${claims}.${signature}`, /invalid/);
    });
    it("must not have expired", async () => {
      await isInvalid(
        cloud.azure.directory.issue(contributor(), "https://management.azure.com", -1),
        /expiry UTC time/,
      );
    });
    it("must be meant for the plane", async () => {
      const token = await tokenOf(cloud, { scope: "https://storage.azure.com/.default" });
      await isInvalid(token, /wrong audience or resource 'https:\/\/storage\.azure\.com'/);
    });
    it("may be meant for this cloud's own resource manager, with or without a slash", async () => {
      await isAccepted(await tokenOf(cloud, { scope: `${cloud.urls.arm}/.default` }));
      await isAccepted(await tokenOf(cloud, { scope: `${cloud.urls.arm}//.default` }));
    });
    it("of a client without a role get 403", async () => {
      const answer = await workspaceAsk(cloud, "GET", "", { token: await tokenOf(cloud, cloud.credentials.forbidden) });
      assert.equal(answer.status, 403);
      assert.equal(answer.body.error.code, "AuthorizationFailed");
      assert.match(
        answer.body.error.message,
        new RegExp(`^The client '${cloud.credentials.forbidden.clientId}' .* over scope '${cloud.azure.workspaceId}'`),
      );
    });
  });

  it("gives the managed identity's endpoint to nobody without its header", async () => {
    const url = `${cloud.managedIdentity.endpoint}?resource=https://management.azure.com&api-version=2019-08-01`;
    const status = await new Promise<number | undefined>((resolve, reject) => {
      http
        .get(url, { headers: { "X-IDENTITY-HEADER": "guess" } }, (r) => resolve(r.resume().statusCode))
        .on("error", reject);
    });
    assert.equal(status, 401);
  });
});
