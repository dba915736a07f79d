// Federated assertions, asked of local Azure DevOps through its own client: both ways to one, and a refusal.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AzureDevOpsSettings, requestAssertion } from "../../../lib/agent/azure-devops.ts";
import type { Build } from "../../../local/devops/state/builds.ts";
import type { Connection } from "../../../local/devops/state/connections.ts";
import { federatedBuild, type Organization, startOrganization } from "../../local/devops/organization.ts";

const jobId = "12f1170f-54f2-53f3-20dd-22fc7dff55f9";

describe("assertions from Azure DevOps", () => {
  let organization: Organization;
  let build: Build;
  let connection: Connection;
  let settings: AzureDevOpsSettings;
  let folder: string;

  before(async () => {
    organization = await startOrganization();
    folder = mkdtempSync(join(tmpdir(), "agent-"));
    const { world } = organization;
    ({ build, connection } = federatedBuild(world));
    settings = {
      collectionUri: world.collectionUri,
      accessToken: world.issueJobToken({ plan: build.plan, jobId }),
      userAgent: "test",
      proxy: undefined,
      caFile: organization.caFile,
    };
  });
  after(async () => {
    await organization.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const plan = () => ({ projectId: organization.world.project.id, hubName: "build", planId: build.plan.planId, jobId });
  const subject = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).sub;

  it("come from System.OidcRequestUri where the server says it", async () => {
    const uri = organization.world.oidcRequestUri(build.plan, jobId);
    const nowhere = { ...plan(), planId: "none" };
    assert.equal(
      subject(await requestAssertion(settings, connection.id, uri, nowhere)),
      "sc://contoso/breast-cancer/aml dev",
    );
  });

  it("say what is wrong with the agent's file of authorities, before anything is asked", async () => {
    const caFile = join(folder, "empty.pem");
    writeFileSync(caFile, "");
    await assert.rejects(
      async () => requestAssertion({ ...settings, caFile }, connection.id, undefined, plan()),
      /The file of certificate authorities .*empty\.pem is empty\./,
    );
  });

  it("come from the plan where it does not", async () => {
    assert.equal(
      subject(await requestAssertion(settings, connection.id, undefined, plan())),
      "sc://contoso/breast-cancer/aml dev",
    );
  });

  it("are asked for again where Azure DevOps is out of order for a moment, and not where it refuses", async () => {
    const answers = [503, 429, 200];
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(answers.shift() ?? 403, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ oidcToken: "e30.e30.x" }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/oidctoken`;
    const pauses: number[] = [];
    const clock = { now: Date.now, sleep: async (milliseconds: number) => void pauses.push(milliseconds) };
    const plain = { ...settings, collectionUri: new URL("/", uri).href, caFile: undefined, clock };
    try {
      assert.equal(await requestAssertion(plain, connection.id, uri, plan()), "e30.e30.x");
      assert.deepEqual([asked.length, pauses], [3, [1000, 2000]]);
      await assert.rejects(requestAssertion(plain, connection.id, uri, plan()), /403/);
      assert.equal(asked.length, 4);
      answers.push(503, 503, 503, 503, 200);
      await assert.rejects(requestAssertion(plain, connection.id, uri, plan()), /503/);
      assert.equal(asked.length, 8);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it("are refused with a sentence that names the connection, in both ways", async () => {
    const other = "00000000-0000-4000-8000-000000000000";
    for (const uri of [organization.world.oidcRequestUri(build.plan, jobId), undefined]) {
      await assert.rejects(
        requestAssertion(settings, other, uri, plan()),
        (error: Error & { kind: string; hint: string }) => {
          assert.equal(error.kind, "connection");
          assert.match(
            error.message,
            new RegExp(`Azure DevOps gave no OIDC token for the service connection ${other}`),
          );
          assert.match(error.hint, /federation/);
          return true;
        },
      );
    }
  });

  describe("are asked of the collection and of nobody else:", () => {
    const at = "/1d/_apis/distributedtask/hubs/build/plans/2/jobs/3/oidctoken";
    for (const [collection, uri, goes] of [
      ["https://dev.azure.com/contoso/", `https://dev.azure.com/contoso${at}`, true],
      ["https://dev.azure.com/Contoso/", `https://contoso.visualstudio.com${at}`, true],
      ["https://contoso.visualstudio.com/", `https://dev.azure.com/contoso${at}`, true],
      ["https://contoso.visualstudio.com/", `https://CONTOSO.visualstudio.com/DefaultCollection${at}`, true],
      ["https://tfs.example.com/tfs/Main/", `https://tfs.example.com/tfs/Main${at}`, true],
      ["https://dev.azure.com/contoso/", `https://dev.azure.com/evil${at}`, false],
      ["https://dev.azure.com/contoso/", `https://dev.azure.com/contoso/../evil${at}`, false],
      ["https://dev.azure.com/contoso/", `https://dev.azure.com/contoso%2f..%2fevil${at}`, false],
      ["https://dev.azure.com/contoso/", `https://dev.azure.com.evil.example/contoso${at}`, false],
      ["https://dev.azure.com/contoso/", `https://dev.azure.com@evil.example/contoso${at}`, false],
      ["https://dev.azure.com/contoso/", `https://evil.visualstudio.com${at}`, false],
      ["https://dev.azure.com/contoso/", `https://contoso.visualstudio.com.evil.example${at}`, false],
      ["https://dev.azure.com/contoso/", `https://dev.azure.com:444/contoso${at}`, false],
      ["https://dev.azure.com/contoso/", `http://dev.azure.com/contoso${at}`, false],
      ["https://tfs.example.com/tfs/Main/", `https://tfs.example.com/tfs/Other${at}`, false],
      ["https://tfs.example.com/tfs/Main/", `https://dev.azure.com/Main${at}`, false],
      ["https://dev.azure.com/contoso/", "no address", false],
    ] as const) {
      it(`${uri.replace(at, "")} is ${goes ? "" : "not "}of ${collection}`, async () => {
        // A proxy that lets nobody through, and remembers who wanted to go where, with what.
        const asked: string[] = [];
        const proxy = createServer((request, response) => {
          asked.push(`${request.url} ${request.headers.authorization}`);
          response.writeHead(403).end();
        });
        proxy.on("connect", (request, socket) => {
          asked.push(String(request.url));
          socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
        });
        await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
        const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
        const clock = { now: Date.now, sleep: async () => {} };
        const from = { ...settings, collectionUri: collection, proxy: { url, bypass: [] }, caFile: undefined, clock };
        try {
          await assert.rejects(
            requestAssertion(from, connection.id, uri, plan()),
            (error: Error & { kind: string }) => {
              assert.equal(error.kind, "connection");
              if (!goes)
                assert.match(error.message, /System\.OidcRequestUri.* does not belong to .*no token was sent/s);
              return true;
            },
          );
          if (goes) assert.equal(asked[0], `${new URL(uri).host}:443`);
          else assert.deepEqual(asked, []);
        } finally {
          proxy.close();
          proxy.closeAllConnections();
        }
      });
    }
  });

  it("never carry the token that was used to ask", async () => {
    const wrong = { ...settings, accessToken: "not-a-token-of-this-server" };
    await assert.rejects(requestAssertion(wrong, connection.id, undefined, plan()), (error: Error) => {
      assert.match(error.message, /401/);
      assert.doesNotMatch(error.message, /not-a-token/);
      return true;
    });
  });
});
