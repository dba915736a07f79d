// Local storage and the proxy that leads to it.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { ask, cloudOfSuite, tokenOf } from "../client.ts";

describe("the local cloud's", () => {
  const suite = cloudOfSuite();

  describe("storage", () => {
    it("keeps blobs for the cloud itself: put, append, list, read, delete", async () => {
      const { blobs } = suite.cloud.azure;
      const scratch = mkdtempSync(path.join(tmpdir(), "blobs-"));
      try {
        await blobs.put("own", "a/b ü#?.txt", "hello");
        writeFileSync(path.join(scratch, "up"), "from a file");
        await blobs.putFile("own", "a/file", path.join(scratch, "up"));
        await blobs.getFile("own", "a/file", path.join(scratch, "down"));
        assert.equal(readFileSync(path.join(scratch, "down"), "utf8"), "from a file");
      } finally {
        rmSync(scratch, { recursive: true });
      }
      await blobs.append("own", "log", "one\n");
      await blobs.append("own", "log", "two\n");
      await blobs.append("own", "empty", "");
      assert.deepEqual(
        (await blobs.list("own")).map((blob) => [blob.name, blob.size]),
        [
          ["a/b ü#?.txt", 5],
          ["a/file", 11],
          ["empty", 0],
          ["log", 8],
        ],
      );
      assert.equal((await blobs.get("own", "log"))?.toString(), "one\ntwo\n");
      assert.equal((await blobs.get("own", "empty"))?.length, 0);
      assert.equal(await blobs.get("own", "none"), undefined);
      const signed = await ask(suite.cloud, "GET", blobs.sasUrl("own", "a/b ü#?.txt", "r", 5));
      assert.equal(signed.text, "hello");
      assert.equal(await blobs.delete("own", "log"), true);
      assert.equal(await blobs.exists("own", "log"), false);
    });

    it("answers ranges, and misses, as clients expect", async () => {
      const { blobs } = suite.cloud.azure;
      await blobs.append("ranges", "log", "0123456789");
      await blobs.append("ranges", "empty", "");
      const range = { headers: { "x-ms-range": "bytes=4-", "x-ms-version": "2021-08-06" } };
      const part = await ask(suite.cloud, "GET", blobs.sasUrl("ranges", "log", "r", 5), range);
      assert.deepEqual([part.status, part.text, part.headers["content-range"]], [206, "456789", "bytes 4-9/10"]);
      const missing = await ask(suite.cloud, "HEAD", blobs.sasUrl("ranges", "none", "r", 5));
      assert.deepEqual([missing.status, missing.headers["x-ms-error-code"]], [404, "BlobNotFound"]);
      const forged = await ask(suite.cloud, "GET", `${blobs.url("ranges", "log")}?sv=2021-08-06&sr=b&sp=r&sig=AAAA`);
      assert.equal(forged.status, 403);
    });

    it("lets tokens for storage in, and no others", async () => {
      await suite.cloud.azure.blobs.put("tokens", "x", "hello");
      const url = suite.cloud.azure.blobs.url("tokens", "x");
      const headers = { "x-ms-version": "2021-08-06" };
      const scope = "https://storage.azure.com/.default";
      const good = await ask(suite.cloud, "GET", url, { headers, token: await tokenOf(suite.cloud, { scope }) });
      assert.deepEqual([good.status, good.text], [200, "hello"]);
      assert.equal(
        (await ask(suite.cloud, "GET", url, { headers, token: suite.token })).status,
        401,
        "a token for the resource manager",
      );
      const without = await tokenOf(suite.cloud, { ...suite.cloud.credentials.forbidden, scope });
      const refused = await ask(suite.cloud, "GET", url, { headers, token: without });
      assert.equal(refused.headers["x-ms-error-code"], "AuthorizationPermissionMismatch");
    });
  });

  describe("proxy", () => {
    const connect = (target: string): Promise<{ status: number; socket: net.Socket }> =>
      new Promise((resolve, reject) => {
        const request = http.request({
          host: "127.0.0.1",
          port: new URL(suite.cloud.urls.proxy).port,
          method: "CONNECT",
          path: target,
        });
        request.on("connect", (response, socket) => resolve({ status: response.statusCode ?? 0, socket }));
        request.on("error", reject);
        request.end();
      });

    it("opens a tunnel to every name of this cloud, and the certificate is good for it", async () => {
      const ca = readFileSync(suite.cloud.caFile);
      for (const url of [suite.cloud.urls.arm, suite.cloud.urls.storage, suite.cloud.urls.devops]) {
        const { hostname, host } = new URL(url);
        const { status, socket } = await connect(host);
        assert.equal(status, 200);
        const secure = tls.connect({ socket, servername: hostname, ca });
        await new Promise<void>((resolve, reject) => secure.once("secureConnect", resolve).once("error", reject));
        assert.equal(secure.authorized, true, hostname);
        secure.destroy();
      }
    });

    it("refuses the rest of the world, and other ports of this machine", async () => {
      const stranger = net.createServer().listen(0, "127.0.0.1");
      try {
        await new Promise((resolve) => stranger.once("listening", resolve));
        const { port } = stranger.address() as net.AddressInfo;
        for (const target of ["example.com:443", `localhost:${port}`, "169.254.169.254:80", "nonsense"]) {
          const { status, socket } = await connect(target);
          assert.equal(status, 403, target);
          socket.destroy();
        }
      } finally {
        stranger.close();
      }
    });
  });
});
