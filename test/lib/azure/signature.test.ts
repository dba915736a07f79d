// Signatures of storage that end while files are on their way: by a clock, and never by waiting.
import assert from "node:assert/strict";
import { createHttpHeaders, createPipelineRequest, type PipelineRequest } from "@azure/core-rest-pipeline";
import { Signature, signatureFor, signed, signing } from "../../../lib/azure/signature.ts";
import { openDatastore } from "../../../lib/ml/assets/datastores.ts";
import { answered, openLocal } from "../ml/world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A clock that stands still until it is moved. */
const clock = { at: 0 };
function clockAt(now: number) {
  clock.at = now;
  return { now: () => clock.at, sleep: async () => {} };
}
const token = (name: string, ends: number) =>
  `sv=2021-08-06&sr=c&se=${encodeURIComponent(new Date(ends).toISOString())}&sig=${name}%2B%3D`;

/** Storage that takes signatures until they end, and those that it is told of no more. */
function storage(refused: ReadonlySet<string> = new Set()) {
  const sent: string[] = [];
  const next = async (request: PipelineRequest) => {
    const query = new URL(request.url).searchParams;
    sent.push(query.getAll("sig").join());
    const isOver = Date.parse(query.get("se") ?? "") <= clock.at;
    const status = isOver || refused.has(query.get("sig") ?? "") ? 403 : 201;
    return { request, status, headers: createHttpHeaders() };
  };
  return { sent, next };
}

const put = (url = "https://stor1.blob.core.windows.net/c/b?comp=block&blockid=AAA%3D") =>
  createPipelineRequest({ url, method: "PUT", body: "x" });

describe("a signature of storage", () => {
  it("is renewed before it ends, once for all that are on their way", async () => {
    const time = clockAt(0);
    let asked = 0;
    const renew = async () => {
      asked += 1;
      return token(`next${asked}`, clock.at + HOUR);
    };
    const { sent, next } = storage();
    const policy = signing(new Signature(token("first", HOUR), renew, time));
    for (clock.at = 0; clock.at < 5 * HOUR; clock.at += 10 * MINUTE)
      for (const { status } of await Promise.all([1, 2, 3].map(() => policy.sendRequest(put(), next))))
        assert.equal(status, 201, `at minute ${clock.at / MINUTE}`);
    assert.ok(asked >= 4 && asked <= 6, String(asked));
    assert.equal(sent.length, 5 * 6 * 3, "nothing was sent twice");
    assert.deepEqual([...new Set(sent)].slice(0, 2), ["first+=", "next1+="]);
  });

  it("that is refused is renewed, and the request is sent once more", async () => {
    const time = clockAt(0);
    const { sent, next } = storage(new Set(["first+="]));
    const policy = signing(new Signature(token("first", HOUR), async () => `?${token("second", HOUR)}`, time));
    assert.equal((await policy.sendRequest(put(), next)).status, 201);
    assert.deepEqual(sent, ["first+=", "second+="]);
  });

  it("that is refused for another reason is not renewed at each request", async () => {
    const time = clockAt(0);
    let asked = 0;
    const renew = async () => token(`n${++asked}`, HOUR);
    const { sent, next } = storage(new Set(["first+=", "n1+=", "n2+="]));
    const policy = signing(new Signature(token("first", HOUR), renew, time));
    for (let count = 0; count < 5; count++) assert.equal((await policy.sendRequest(put(), next)).status, 403);
    assert.equal(asked, 1);
    assert.equal(sent.length, 6);
  });

  for (const [title, renew] of [
    ["cannot be renewed", undefined],
    ["is not given again", async () => undefined],
    ["is refused to be given again", async () => Promise.reject(new Error("403"))],
  ] as const)
    it(`that ${title} is sent for as long as it is taken`, async () => {
      const time = clockAt(HOUR - MINUTE);
      const { next } = storage();
      const policy = signing(new Signature(token("first", HOUR), renew, time));
      assert.equal((await policy.sendRequest(put(), next)).status, 201);
      clock.at = HOUR + MINUTE;
      assert.equal((await policy.sendRequest(put(), next)).status, 403);
    });

  it("sends no stream a second time, which has been read by then", async () => {
    const time = clockAt(0);
    const { sent, next } = storage(new Set(["first+="]));
    const policy = signing(new Signature(token("first", HOUR), async () => token("second", HOUR), time));
    const stream = { pipe() {} } as unknown as NodeJS.ReadableStream;
    const request = Object.assign(put(), { body: stream });
    assert.equal((await policy.sendRequest(request, next)).status, 403);
    assert.deepEqual(sent, ["first+="]);
    assert.equal((await policy.sendRequest(put(), next)).status, 201, "the next one has the other signature");
  });

  it("stands in an address in place of another, and leaves the rest of it as it was", () => {
    const url = "https://h/c/a%20b?restype=container&comp=list&prefix=x%20y%2Bz&sv=1&sig=old%3D&se=2020";
    assert.equal(
      signed(url, "sv=2&sig=new%3D"),
      "https://h/c/a%20b?restype=container&comp=list&prefix=x%20y%2Bz&sv=2&sig=new%3D",
    );
    assert.equal(signed("https://h/c", "sig=a"), "https://h/c?sig=a");
  });

  it("of another container is none for this one", () => {
    assert.equal(signatureFor("https://h/c?sig=a", "https://h/c?sig=b"), "?sig=b");
    assert.equal(signatureFor("https://h/c?sig=a", "https://h/other?sig=b"), undefined);
    assert.equal(signatureFor("https://h/c?sig=a", "https://evil/c?sig=b"), undefined);
    assert.equal(signatureFor("https://h/c?sig=a", undefined), undefined);
  });

  it("of a datastore is asked for again where storage refuses the first, in the middle of a run", async () => {
    let secrets = 0;
    let ended = false;
    const workspace = await openLocal({
      between: async (request, send) => {
        if (/\/listSecrets\?/.test(request.url)) {
          secrets += 1;
          const answer = await send();
          if (secrets === 1) return answer;
          // Within a second it may be the same one: the same in another order is another text.
          const body = JSON.parse(answer.bodyAsText ?? "") as { sasToken: string };
          const sasToken = body.sasToken.split("&").reverse().join("&");
          return { ...answer, bodyAsText: JSON.stringify({ ...body, sasToken }) };
        }
        const signedBy = new URL(request.url).searchParams.get("sig");
        if (ended && signedBy !== null) {
          ended = false;
          return answered(
            request,
            403,
            "<Error><Code>AuthenticationFailed</Code><Message>Signature not valid</Message></Error>",
          );
        }
        return send();
      },
    });
    const { container } = await openDatastore(workspace);
    assert.equal(secrets, 1);
    assert.equal(await container.head("nothing/here"), undefined);
    ended = true;
    assert.equal(await container.head("nothing/here"), undefined);
    assert.equal(secrets, 2);
  });
});
