// Connections to Azure DevOps: which requests share one, whom they trust, and that a proxy changes neither.
// Tests: lib/agent/azure-devops.ts
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createProxy } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { AzureDevOpsSettings } from "../../../lib/agent/azure-devops.ts";
import { openRest } from "../../../lib/agent/rest-door.ts";
import { makeAuthority } from "../../../local/network/tls.ts";

describe("connections to Azure DevOps", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-connections-"));
  const servers: Server[] = [];
  const answered = new WeakSet<Socket>();
  let settings: AzureDevOpsSettings;
  let strange: string;
  /** TLS connections that the server has taken. */
  let taken = 0;
  /** Whether the server closes a connection on which a second request comes, as a firewall that has forgotten it. */
  let forgets = false;
  /** Tunnels that the proxy has opened. */
  let tunnels = 0;
  let proxyUrl: string;

  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  };
  const fileOf = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  };

  before(async () => {
    const { caPem, certPem, keyPem } = await makeAuthority();
    const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
      if (forgets && answered.has(request.socket)) return void request.socket.destroy();
      answered.add(request.socket);
      response.setHeader("Content-Type", "application/json");
      setTimeout(() => response.end('{"value":[]}'), 50);
    });
    server.on("secureConnection", () => {
      taken += 1;
    });
    const proxy = createProxy();
    proxy.on("connect", (request, client, head) => {
      tunnels += 1;
      const upstream = connect(Number(request.url?.split(":")[1]), "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        upstream.write(head);
        upstream.pipe(client).pipe(upstream);
      });
      for (const socket of [upstream, client]) socket.on("error", () => {});
    });
    const port = await listen(server);
    proxyUrl = `http://127.0.0.1:${await listen(proxy)}`;
    strange = fileOf("strange.pem", (await makeAuthority()).caPem);
    settings = {
      ...{ collectionUri: `https://localhost:${port}/`, accessToken: "token", userAgent: "test" },
      ...{ proxy: undefined, caFile: fileOf("authority.pem", caPem) },
    };
  });
  beforeEach(() => {
    taken = 0;
    tunnels = 0;
    forgets = false;
  });
  after(() => {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const read = { doing: "read", verb: "GET", path: "_apis/builds" } as const;
  const write = { doing: "write", verb: "POST", path: "_apis/builds", body: {} } as const;

  it("are shared by reads, of whichever client, while a write has one of its own", async () => {
    const [one, other] = [await openRest(settings), await openRest(settings, "GitHub")];
    await one(read);
    await one(read);
    await other(read);
    assert.equal(taken, 1);
    await one(write);
    await one(write);
    assert.equal(taken, 3);
    await other(read);
    assert.equal(taken, 3);
  });

  it("fail no read where all that are kept were forgotten on the way", async () => {
    const rest = await openRest(settings);
    await Promise.all(Array.from({ length: 10 }, () => rest(read)));
    forgets = true;
    assert.deepEqual(await rest(read), { value: [] });
  });

  it("trust the agent's authority through a proxy too", async () => {
    const proxied = await openRest({ ...settings, proxy: { url: proxyUrl, bypass: [] } });
    assert.deepEqual(await proxied(read), { value: [] });
    assert.deepEqual(await proxied(write), { value: [] });
    assert.deepEqual({ tunnels, taken }, { tunnels: 2, taken: 2 });
  });

  for (const [name, of] of [
    ["another authority", () => ({ ...settings, caFile: strange })],
    ["no authority but Node's", () => ({ ...settings, caFile: undefined })],
    [
      "another authority through a proxy",
      () => ({ ...settings, caFile: strange, proxy: { url: proxyUrl, bypass: [] } }),
    ],
  ] as const)
    it(`do not begin where the agent knows ${name}`, async () => {
      const rest = await openRest(of());
      for (const asked of [read, write]) await assert.rejects(rest(asked), /certificate/);
    });
});
