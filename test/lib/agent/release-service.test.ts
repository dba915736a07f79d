// Azure DevOps Services has the service of releases at a host of its own: who asks for releases at the organization's own
// address gets "Failed to find api location for area: Release" (microsoft/azure-devops-node-api#85).
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { RunRecords } from "../../../lib/agent/run-records.ts";
import { Starter } from "../../../lib/agent/starts.ts";

describe("the service of releases", () => {
  /** `host:port` of each connection that was wanted; none is made. */
  const wanted: string[] = [];
  const proxy = createServer();
  let proxyUrl: string;

  before(async () => {
    proxy.on("connect", (request, socket) => {
      wanted.push(request.url ?? "");
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  beforeEach(() => wanted.splice(0));
  after(() => {
    proxy.close();
    proxy.closeAllConnections();
  });

  const settings = (collectionUri: string) => ({
    ...{ collectionUri, accessToken: "a token", userAgent: "test", caFile: undefined },
    proxy: { url: proxyUrl, bypass: [] },
    clock: { now: () => 0, sleep: async () => {} },
  });
  const job = { id: "j", stage: "s", stageAttempt: 1, name: "j", attempt: 1 };
  const run = { project: "p", definitionId: 1, runId: 7, attempt: 1, job };

  for (const [collection, host] of [
    ["https://dev.azure.com/contoso/", "vsrm.dev.azure.com"],
    ["https://contoso.visualstudio.com/", "contoso.vsrm.visualstudio.com"],
    ["https://tfs.example/tfs/Default/", "tfs.example"],
  ] as const) {
    it(`is asked at ${host} to create a release for ${collection}`, async () => {
      const target = { kind: "release", definition: "3", alias: "_model" } as const;
      const starter = new Starter({ ...run, settings: settings(collection) }, target);
      await assert.rejects(starter.start({ name: "credit", version: "1" }));
      assert.equal(wanted[0], `${host}:443`);
    });

    it(`is asked at ${host} for the artifacts of a release of ${collection}`, async () => {
      const access = { ...run, kind: "release" as const, stepId: "s", settings: settings(collection) };
      await assert.rejects(new RunRecords(access).upstream());
      assert.equal(wanted[0], `${host}:443`);
    });
  }
});
