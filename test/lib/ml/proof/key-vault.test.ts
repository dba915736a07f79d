// Key Vault: signatures of a key that never leaves it, ids that are refused before a token goes anywhere, keys that were replaced or disabled.
import assert from "node:assert/strict";
import { readVaultId, vaultSigner, vaultTrust } from "../../../../lib/ml/proof/key-vault.ts";
import { isSignedBy, sealed } from "../../../../lib/ml/proof/signed-envelope.ts";
import { builtInRoles } from "../../../../local/azure/arm/roles.ts";
import { makeAuthority } from "../../../../local/network/tls.ts";
import { openLocal, theCloud } from "../world.ts";
import { askVault, newCertificate, newKey, setEnabled } from "./vault.ts";

describe("A key of a vault", () => {
  for (const curve of ["P-256", "P-384", "P-521"])
    it(`signs on the curve ${curve}, as node:crypto verifies`, async () => {
      const cloud = await theCloud();
      const { kid, id } = await newKey(cloud, `curve-${curve.toLowerCase()}`, curve);
      const workspace = await openLocal();
      const signer = await vaultSigner(workspace, readVaultId(id, workspace, "signWith"));
      assert.equal(signer.keyId, kid);
      // The numbers of a signature have leading zeros now and then.
      for (let round = 0; round < 8; round++) {
        const envelope = await sealed({ round }, signer);
        assert.equal(isSignedBy(envelope, signer.publicKey), true);
        assert.equal(envelope.signatures[0]?.keyid, kid);
      }
    });

  it("goes on to count for what it signed once it was replaced, until it is disabled", async () => {
    const cloud = await theCloud();
    const { kid: first, id } = await newKey(cloud, "rotated");
    const { kid: second } = await newKey(cloud, "rotated");
    const workspace = await openLocal();
    const named = readVaultId(id, workspace, "signedBy");
    assert.equal((await vaultTrust(workspace, named, first)).called, first);
    assert.equal((await vaultTrust(workspace, named, "")).called, second);
    // What a signature says of its key chooses a version of the trusted key, and no other key.
    const { kid: foreign } = await newKey(cloud, "foreign");
    assert.equal((await vaultTrust(workspace, named, foreign)).called, second);
    assert.equal((await vaultTrust(workspace, readVaultId(second, workspace, "signedBy"), first)).called, second);
    await setEnabled(cloud, first, false);
    await assert.rejects(
      vaultTrust(workspace, named, first),
      /is disabled in its vault, so nothing that it has signed counts/,
    );
    await setEnabled(cloud, second, false);
    await assert.rejects(vaultSigner(workspace, named), /is disabled in its vault/);
  });

  it("may be a certificate's, which is what counts then", async () => {
    const cloud = await theCloud();
    const { certPem, keyPem } = await makeAuthority();
    const id = await newCertificate(cloud, "release", `${certPem}\n${keyPem}`);
    const workspace = await openLocal();
    const named = readVaultId(id.replace(/\/[0-9a-f]{32}$/, ""), workspace, "signWith");
    const signer = await vaultSigner(workspace, named);
    assert.equal(signer.certificates.length, 1);
    assert.equal(isSignedBy(await sealed({}, signer), signer.publicKey), true);
    const trust = await vaultTrust(workspace, named, signer.keyId);
    assert.equal(trust.kind, "certificate");
    assert.equal(trust.called, id);
  });

  it("says the role that is lacking, and a key that is not there", async () => {
    const cloud = await theCloud();
    const { id } = await newKey(cloud, "guarded");
    const { directory } = cloud.azure;
    const principal = directory.find(cloud.credentials.contributor.clientId);
    assert.ok(principal);
    const index = directory.principals.indexOf(principal);
    const workspace = await openLocal();
    const named = readVaultId(id, workspace, "signWith");
    directory.principals[index] = { ...principal, roles: [builtInRoles.contributor, builtInRoles.keyVaultReader] };
    try {
      const signer = await vaultSigner(workspace, named);
      await assert.rejects(sealed({}, signer), (error: Error & { hint?: string; kind?: string }) => {
        assert.equal(error.kind, "forbidden");
        assert.match(error.message, /may not sign with the key .*not authorized/s);
        assert.match(error.hint ?? "", /role Key Vault Crypto User/);
        return true;
      });
      directory.principals[index] = { ...principal, roles: [builtInRoles.contributor] };
      await assert.rejects(vaultSigner(workspace, named), (error: Error & { hint?: string }) =>
        /role Key Vault Reader/.test(error.hint ?? ""),
      );
    } finally {
      directory.principals[index] = principal;
    }
    const missing = readVaultId(`${id}-not-there`, workspace, "signWith");
    await assert.rejects(vaultSigner(workspace, missing), /was not found in this key vault/);
  });

  it("is asked for at vaults of the connection's cloud alone, and no token leaves for another host", async () => {
    const sent: string[] = [];
    const workspace = await openLocal({ onRequest: (_method, url) => void sent.push(url) });
    sent.length = 0;
    const suffix = workspace.azure.cloud.vaultSuffix;
    for (const id of [
      "https://contoso.vault.azure.net.evil.example/keys/k",
      `https://evil.example/keys/k?x=.${suffix}`,
      `https://a.b.${suffix}/keys/k`,
      `https://user@kv-1.${suffix}/keys/k`,
      `https://kv-1.${suffix}/secrets/k`,
      `https://kv-1.${suffix}/keys/../secrets`,
      `https://kv-1.${suffix}/keys/k/short`,
      `http://kv-1.${suffix}/keys/k`,
      `https://kv-1.${suffix}/keys/k#${"0".repeat(32)}`,
    ])
      assert.throws(() => readVaultId(id, workspace, "signWith"), /Input signWith is .*which is/, id);
    assert.deepEqual(sent, []);
  });

  it("is not taken for another one where the vault answers with another id", async () => {
    const cloud = await theCloud();
    const { id } = await newKey(cloud, "asked");
    const { kid: foreign } = await newKey(cloud, "answered");
    const workspace = await openLocal({
      between: async (request, send) => {
        if (request.url.includes("/keys/asked")) request.url = request.url.replace("/keys/asked", "/keys/answered");
        return send();
      },
    });
    await assert.rejects(vaultSigner(workspace, readVaultId(id, workspace, "signWith")), /answered with another id/);
    assert.ok(foreign);
  });
});

describe("The key vault of local Azure", () => {
  it("challenges who brings no token, refuses a token for another audience, and builds nothing that it does not name", async () => {
    const cloud = await theCloud();
    const { azure } = await openLocal();
    const url = `${cloud.urls.vault}/keys/x`;
    const look = (headers: Record<string, string>) =>
      azure.request("GET", url, { anonymous: true, headers, apiVersion: "7.4", expect: [401], promises: "anything" });
    const bare = await look({});
    assert.equal(bare.status, 401);
    assert.equal(
      bare.header("WWW-Authenticate"),
      `Bearer authorization="${cloud.urls.login}/${cloud.tenantId}", resource="https://vault.azure.net"`,
    );
    assert.deepEqual(bare.body, {
      error: { code: "Unauthorized", message: "AKV10000: Request is missing a Bearer or PoP token." },
    });
    const token = await azure.token(azure.cloud.managementScope);
    assert.match(JSON.stringify((await look({ Authorization: `Bearer ${token}` })).body), /AKV10022: Invalid audience/);
    assert.equal((await askVault(cloud, "GET", "/secrets/x")).status, 501);
  });

  it("signs digests of the right length with the curve's own algorithm alone", async () => {
    const cloud = await theCloud();
    const { kid } = await newKey(cloud, "strict");
    const value = Buffer.alloc(32).toString("base64url");
    const sign = (body: object) => askVault(cloud, "POST", `${kid}/sign`, body);
    assert.equal((await sign({ alg: "ES256", value })).status, 200);
    assert.equal((await sign({ alg: "ES384", value })).status, 400);
    assert.equal((await sign({ alg: "ES256", value: "AAAA" })).status, 400);
    await setEnabled(cloud, kid, false);
    const refused = await sign({ alg: "ES256", value });
    assert.equal(refused.status, 403);
    assert.match(JSON.stringify(refused.body), /"innererror":\{"code":"KeyDisabled"\}/);
  });
});
