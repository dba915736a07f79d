// Faults in front of the local cloud: each kind does what it says, to the request that it was planned for and to no other.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import https from "node:https";
import { HttpsProxyAgent } from "https-proxy-agent";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { type FaultName, fits, isWrite, kinds } from "../../../local/faults/kinds.ts";
import { FaultLayer, type FaultyClient, type PlannedStop } from "../../../local/faults/layer.ts";
import type { Proxy as ClientProxy } from "../../../local/network/proxy.ts";
import { tokenOf } from "../azure/client.ts";

describe("the fault layer", () => {
  let cloud: LocalCloud;
  let token: string;
  const lost: string[] = [];
  const layer = new FaultLayer((_url, { body }) => lost.push(body.toString("utf8")));
  let proxy: ClientProxy;
  let client: FaultyClient | undefined;
  let environment = 0;

  before(async () => {
    cloud = await startCloud({ faults: layer });
    token = await tokenOf(cloud);
  });
  after(() => cloud?.close());
  beforeEach(async () => {
    proxy = await cloud.openProxy();
    lost.length = 0;
  });
  afterEach(async () => {
    if (client !== undefined) layer.remove(client);
    await proxy.close();
  });

  /** Sends the PUT of a new environment version through the faulty way. */
  async function put(
    name: string,
  ): Promise<{ status: number; type: string; text: string; retryAfter: string | undefined }> {
    const body = JSON.stringify({ properties: { image: "ubuntu" } });
    const headers = {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      "Content-Length": body.length,
    };
    const url = `${cloud.urls.arm}${cloud.azure.workspaceId}/environments/${name}/versions/1?api-version=2025-12-01`;
    const agent = new HttpsProxyAgent(proxy.url);
    try {
      return await new Promise((resolve, reject) => {
        const options = { method: "PUT", agent, headers, ca: readFileSync(cloud.caFile) };
        const request = https.request(url, options, (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (piece: string) => {
            text += piece;
          });
          response.on("error", reject);
          const { statusCode: status = 0, headers: answered } = response;
          const said = { type: answered["content-type"] ?? "", retryAfter: answered["retry-after"] };
          response.on("end", () => resolve({ status, ...said, text }));
        });
        request.on("error", reject);
        request.end(body);
      });
    } finally {
      agent.destroy();
    }
  }
  const meet = (kind: FaultName, nth = 0) => {
    client = layer.add(proxy, { faults: [{ kind, at: { plane: "arm", write: true, nth } }] });
    environment += 1;
    return `faulty-${environment}`;
  };
  const isThere = (name: string) => cloud.azure.assets.environments.version(name, "1") !== undefined;

  for (const [kind, processed, seen] of [
    ["closed before it was read", false, /./],
    ["reset before it was read", false, /ECONNRESET/],
    ["answer lost", true, /./],
    ["reset in place of the answer", true, /ECONNRESET/],
    ["half an answer", true, /./],
  ] as const) {
    it(`${kind}: the connection breaks, and the work is ${processed ? "" : "not "}done`, async () => {
      const name = meet(kind);
      await assert.rejects(put(name), (error: { code?: string }) => seen.test(String(error.code ?? error)));
      assert.equal(isThere(name), processed);
      assert.deepEqual(
        client?.hits.map(({ what, method }) => [what, method]),
        [[kind, "PUT"]],
      );
      if (processed) assert.match(lost.join(""), new RegExp(name), "who looks for secrets is told the whole answer");
    });
  }

  for (const [kind, processed, status, body] of [
    ["403", false, 403, /"error":/],
    ["429, absurd", false, 429, /"error":/],
    ["500", false, 500, /"error":/],
    ["503, processed", true, 503, /"error":/],
    ["empty 200", false, 200, /^$/],
    ["empty 200, processed", true, 201, /^$/],
    ["HTML 200", false, 200, /^<!DOCTYPE html>/],
    ["HTML 200, processed", true, 201, /^<!DOCTYPE html>/],
    ["JSON cut in half", true, 201, /^\{.*[^}]$/s],
    ["JSON without its last byte", true, 201, /^\{.*[^}]$|\}$/s],
    ["sent as text/plain", true, 201, /^\{.*\}$/s],
    ["slow", true, 201, /^\{.*\}$/s],
    ["delivered twice, first answer", true, 201, /^\{.*\}$/s],
    ["delivered twice, last answer", true, 201, /^\{.*\}$/s],
  ] as const) {
    it(`${kind}: answered ${status}, and the work is ${processed ? "" : "not "}done`, async () => {
      const name = meet(kind);
      const answer = await put(name);
      assert.equal(answer.status, status, answer.text);
      assert.match(answer.text, body);
      assert.equal(isThere(name), processed);
      const parses = () => JSON.parse(answer.text);
      if (/^JSON/.test(kind)) assert.throws(parses);
      if (/^delivered twice/.test(kind)) {
        const { createdAt, lastModifiedAt } = parses().systemData;
        assert.equal(createdAt !== lastModifiedAt, /last/.test(kind), "the second delivery changes it once more");
      }
      if (kind === "sent as text/plain") assert.equal(answer.type, "text/plain");
    });
  }

  it("says when to come again in each form, and with a 401 where to get a token, or not", async () => {
    const wishes = new Map<string, string | undefined>();
    for (const kind of Object.keys(kinds) as FaultName[]) {
      if (!/^429/.test(kind)) continue;
      wishes.set(kind, (await put(meet(kind))).retryAfter);
      layer.remove(client as FaultyClient);
    }
    assert.equal(wishes.get("429, seconds"), "3");
    assert.ok(Date.parse(wishes.get("429, date") ?? "") > Date.now() - 1000);
    assert.ok(Date.parse(wishes.get("429, date in the past") ?? "") < Date.now() - 1000);
    assert.deepEqual([wishes.get("429, zero"), wishes.get("429, garbage")], ["0", "soon"]);
    assert.ok(Number(wishes.get("429, absurd")) > 1_000_000);
  });

  it("meets the request that is meant, and nobody else's", async () => {
    const first = meet("500", 1);
    assert.equal((await put(first)).status, 201);
    assert.equal((await put(`${first}-b`)).status, 500);
    assert.equal((await put(`${first}-c`)).status, 201);
    assert.deepEqual(
      client?.seen.map(({ write, plane }) => [write, plane]),
      Array(3).fill([true, "arm"]),
    );
    await cloud.azure.assets.environments.version(first, "1");
  });

  for (const [how, moment, processed] of [
    ["lost", "before", false],
    ["lost", "processed", true],
    ["lost", "answered", true],
    ["asked", "before", true],
    ["asked", "processed", true],
  ] as const) {
    it(`a client that is ${how} to end, ${moment}: told at that moment`, async () => {
      let there: boolean | undefined;
      const name = `ended-${how}-${moment}`;
      const stop: PlannedStop = { how, moment, at: { plane: "any", write: true, nth: 0 } };
      const onStop = () => {
        there = isThere(name);
      };
      client = layer.add(proxy, { faults: [], stop, onStop });
      const sent = put(name);
      if (how === "lost" && moment !== "answered") await assert.rejects(sent);
      else assert.equal((await sent).status, 201);
      assert.equal(there, moment !== "before");
      assert.equal(isThere(name), processed);
      if (how === "lost") {
        await assert.rejects(put(`${name}-after`));
        assert.ok(!isThere(`${name}-after`), "nothing more is heard of it");
        client.comeBack();
        assert.equal((await put(`${name}-after`)).status, 201);
      }
    });
  }

  it("knows what changes something, and which faults make sense where", () => {
    assert.ok(isWrite("arm", "PUT", "/jobs/x") && isWrite("arm", "POST", "/jobs/x/cancel"));
    assert.ok(isWrite("arm", "POST", "/codes/x/versions/1/startPendingUpload") && isWrite("storage", "PUT", "/c/b"));
    assert.ok(
      !isWrite("arm", "POST", "/datastores/x/listSecrets") && !isWrite("arm", "POST", "/onlineEndpoints/x/listKeys"),
    );
    assert.ok(!isWrite("login", "POST", "/t/oauth2/v2.0/token") && !isWrite("scoring", "POST", "/score"));
    assert.deepEqual([fits("409", "arm", false), fits("409", "arm", true)], [false, true]);
    assert.equal(fits("401 with challenge", "login", false), false);
  });
});
