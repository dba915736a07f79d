// The one way out: through the agent's proxy, with its authorities, on connections that are kept.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { createPipelineRequest } from "@azure/core-rest-pipeline";
import { createTransport, type TransportOptions } from "../../../lib/azure/index.ts";
import type { TaskError } from "../../../lib/errors.ts";
import { theCloud } from "../ml/world.ts";

async function get(options: Partial<TransportOptions>, url: string) {
  const transport = createTransport({ userAgent: "test", ...options });
  try {
    return await transport.httpClient.sendRequest(createPipelineRequest({ url }));
  } finally {
    transport.close();
  }
}

describe("the transport", () => {
  it("trusts the agent's authorities, and does not without them", async () => {
    const { urls, caFile } = await theCloud();
    const url = `${urls.api}/discovery`;
    assert.equal((await get({ caFile }, url)).status, 200);
    await assert.rejects(get({}, url), /certificate/);
  });

  it("goes through the proxy, which resolves what this machine does not, and past it for what the bypass list says", async () => {
    const { urls, caFile } = await theCloud();
    const { port } = new URL(urls.storage);
    const storage = `https://stor1.blob.storage.localhost:${port}/`;
    const proxy = { url: urls.proxy };
    assert.ok((await get({ caFile, proxy }, storage)).status >= 400);
    // A proxy that is not there is not missed by an address that goes past it.
    const nowhere = { url: "http://127.0.0.1:9", bypass: ["https://localhost(:\\d+)?/discovery", "(not a pattern"] };
    assert.equal((await get({ caFile, proxy: nowhere }, `${urls.api}/discovery`)).status, 200);
    await assert.rejects(get({ caFile, proxy: nowhere }, `${urls.arm}/x`), /ECONNREFUSED/);
  });

  it("is told by the proxy where it may not go", async () => {
    const { urls, caFile } = await theCloud();
    const answer = await get({ caFile, proxy: { url: urls.proxy } }, "https://example.org/").catch(
      (error: Error) => error,
    );
    assert.ok(answer instanceof Error || answer.status === 403);
  });

  for (const through of ["the proxy", "nothing"]) {
    it(`keeps its connections through ${through}`, async () => {
      const { urls, caFile } = await theCloud();
      const transport = createTransport({
        userAgent: "test",
        caFile,
        proxy: through === "the proxy" ? { url: urls.proxy } : undefined,
      });
      const times: number[] = [];
      for (let turn = 0; turn < 8; turn++) {
        const start = performance.now();
        await transport.httpClient.sendRequest(createPipelineRequest({ url: `${urls.api}/discovery` }));
        times.push(performance.now() - start);
      }
      const request = createPipelineRequest({ url: `${urls.api}/discovery` });
      await transport.httpClient.sendRequest(request);
      const agent = request.agent as unknown as {
        freeSockets: Record<string, unknown[]>;
        sockets: Record<string, unknown[]>;
      };
      const sockets = [...Object.values(agent.freeSockets), ...Object.values(agent.sockets)].flat().length;
      assert.equal(
        sockets,
        1,
        `nine requests left ${sockets} connections; they took ${times.map(Math.round).join(", ")} ms`,
      );
      transport.close();
    });
  }

  it("gives up on a host that does not answer in time, and on a cancelled request at once", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    const transport = createTransport({ userAgent: "test" });
    const request = (timeout: number, abortSignal?: AbortSignal) =>
      transport.httpClient.sendRequest(
        createPipelineRequest({ url, timeout, allowInsecureConnection: true, ...(abortSignal ? { abortSignal } : {}) }),
      );
    await assert.rejects(request(50), { code: "ETIMEDOUT", message: /no answer within 0\.05 seconds/ });
    await assert.rejects(request(60_000, AbortSignal.timeout(50)), { name: "AbortError" });
    transport.close();
    silent.closeAllConnections();
    silent.close();
  });

  describe("with a file of authorities that holds no certificate", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "authorities-"));
    after(() => rmSync(folder, { recursive: true, force: true }));
    const KEY = "-----BEGIN PRIVATE KEY-----\nMIIBVQIBADANBg==\n-----END PRIVATE KEY-----\n";
    const HOLDS: Readonly<Record<string, [content: string | Buffer, says: RegExp]>> = {
      nothing: ["", /is empty/],
      "white space": [" \r\n", /is empty/],
      "a private key": [KEY, /holds PRIVATE KEY and no certificate/],
      text: ["<html>Sign in to the proxy</html>\n", /holds no certificate/],
      "a certificate in DER": [
        Buffer.from("3082010a0282010100c5a9", "hex"),
        /holds no certificate in PEM: it looks like DER/,
      ],
      "a certificate that was cut": [
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUF\n",
        /certificate 1 in it cannot be read/,
      ],
      "a certificate that is none": [
        "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n",
        /certificate 1 in it cannot be read/,
      ],
    };
    for (const [what, [content, says]] of Object.entries(HOLDS))
      it(`says what is wrong with ${what}, before anything is asked`, () => {
        const caFile = path.join(folder, "ca.pem");
        writeFileSync(caFile, content);
        assert.throws(
          () => createTransport({ userAgent: "test", caFile }),
          (error: TaskError) => {
            assert.deepEqual([error.kind, error.errorCode], ["connection", "AML1105"]);
            assert.match(error.message, says);
            assert.ok(error.message.includes(caFile));
            assert.match(error.hint ?? "", /--sslcacert.*PEM/);
            assert.doesNotMatch(`${error.message} ${error.hint}`, /MII|html/);
            return true;
          },
        );
      });

    it("names the second of two certificates", async () => {
      const { caFile: good } = await theCloud();
      const caFile = path.join(folder, "two.pem");
      writeFileSync(
        caFile,
        `${readFileSync(good, "utf8")}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      );
      assert.throws(() => createTransport({ userAgent: "test", caFile }), /certificate 2 in it cannot be read/);
    });

    it("takes a certificate after a comment that names its first line", async () => {
      const { urls, caFile: good } = await theCloud();
      const caFile = path.join(folder, "comment.pem");
      writeFileSync(caFile, `# from -----BEGIN CERTIFICATE----- on\n${readFileSync(good, "utf8")}`);
      assert.equal((await get({ caFile }, `${urls.api}/discovery`)).status, 200);
    });

    it("takes a certificate with text around it, in lines of Windows", async () => {
      const { urls, caFile: good } = await theCloud();
      const caFile = path.join(folder, "told.pem");
      writeFileSync(caFile, `# Contoso root, until 2031\r\n${readFileSync(good, "utf8").replaceAll("\n", "\r\n")}`);
      assert.equal((await get({ caFile }, `${urls.api}/discovery`)).status, 200);
    });
  });

  it("goes on without NODE_EXTRA_CA_CERTS where they cannot be read, as Node does", async () => {
    const { urls, caFile } = await theCloud();
    const before = process.env["NODE_EXTRA_CA_CERTS"];
    process.env["NODE_EXTRA_CA_CERTS"] = "/nowhere/extra.pem";
    try {
      assert.equal((await get({ caFile }, `${urls.api}/discovery`)).status, 200);
    } finally {
      if (before === undefined) delete process.env["NODE_EXTRA_CA_CERTS"];
      else process.env["NODE_EXTRA_CA_CERTS"] = before;
    }
  });

  it("says that the file of authorities cannot be read", () => {
    assert.throws(() => createTransport({ userAgent: "test", caFile: "/nowhere/ca.pem" }), {
      kind: "connection",
      message: /\/nowhere\/ca\.pem cannot be read/,
    });
  });
});
