// The archive: complete, readable by tools, and without a single secret.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { bodyLimit, type Exchange, HarRecorder } from "../../../local/network/har.ts";
import { hidden, Redaction } from "../../../local/network/redaction.ts";
import { until } from "../../harness/until.ts";
import { ask, tokenOf, workspaceAsk } from "../azure/client.ts";

interface Entry {
  startedDateTime: string;
  time: number;
  request: {
    method: string;
    url: string;
    headers: { name: string; value: string }[];
    queryString: { name: string; value: string }[];
    postData?: { mimeType: string; text: string; comment?: string };
  };
  response: {
    status: number;
    headers: { name: string; value: string }[];
    content: { size: number; text: string; mimeType: string; comment?: string };
  };
  timings: { send: number; wait: number; receive: number };
  comment: string;
}
const entriesOf = (har: HarRecorder): Entry[] => (har.toHar() as { log: { entries: Entry[] } }).log.entries;

describe("the HAR archive", () => {
  describe("of a running cloud", () => {
    let cloud: LocalCloud;
    const secrets: string[] = [];
    before(async () => {
      cloud = await startCloud();
      const token = await tokenOf(cloud);
      const key = await workspaceAsk(cloud, "POST", "/datastores/workspaceblobstore/listSecrets", { token });
      const sas = await workspaceAsk(cloud, "POST", "/datastores/workspaceblobstore/listSecrets", {
        token,
        body: { expirableSecret: true, expireAfterHours: 1 },
        apiVersion: "2024-07-01-preview",
      });
      const pending = await workspaceAsk(cloud, "POST", "/codes/c/versions/1/startPendingUpload", {
        token,
        body: { pendingUploadType: "TemporaryBlobReference" },
      });
      const { sasUri } = pending.body.blobReferenceForConsumption.credential;
      await ask(cloud, "PUT", sasUri.replace("?", "/src/train.py?"), {
        body: "print('hello')",
        headers: { "x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-08-06", "Content-Type": "text/plain" },
      });
      await ask(cloud, "GET", cloud.azure.blobs.sasUrl("none", "x", "r", 5));
      secrets.push(
        token,
        cloud.credentials.contributor.secret,
        key.body.key,
        new URLSearchParams(sas.body.sasToken).get("sig") ?? "",
        new URL(sasUri).searchParams.get("sig") ?? "",
      );
      // An exchange is recorded when its connection has let go of the answer.
      await until("six exchanges are recorded", () => entriesOf(cloud.har).length >= 6);
    });
    after(() => cloud.close());

    it("holds every exchange with method, URL, bodies, status and times", () => {
      const entries = entriesOf(cloud.har);
      assert.deepEqual(
        entries.map((entry) => [entry.comment, entry.request.method, entry.response.status]),
        [
          ["login", "POST", 200],
          ["arm", "POST", 200],
          ["arm", "POST", 200],
          ["arm", "POST", 200],
          ["storage", "PUT", 201],
          ["storage", "GET", 404],
        ],
      );
      const upload = entries[4];
      assert.equal(upload?.request.postData?.text, "print('hello')");
      assert.equal(upload?.request.postData?.mimeType, "text/plain");
      const missing = entries[5]?.response;
      assert.equal(missing?.content.mimeType, "application/xml");
      assert.ok(missing?.headers.some(({ name, value }) => name === "x-ms-error-code" && value.endsWith("NotFound")));
      for (const entry of entries) {
        assert.ok(URL.canParse(entry.request.url), entry.request.url);
        assert.ok(!Number.isNaN(Date.parse(entry.startedDateTime)));
        const { send, wait, receive } = entry.timings;
        assert.ok(Math.abs(send + wait + receive - entry.time) < 0.01, "HAR 1.2: the timings add up to the time");
      }
    });

    it("holds none of the secrets that went over the wire", () => {
      const text = JSON.stringify(cloud.har.toHar());
      for (const secret of secrets) {
        assert.ok(secret.length > 10);
        assert.ok(!text.includes(secret), `${secret.slice(0, 4)}… is in the archive`);
        assert.ok(!text.includes(encodeURIComponent(secret)), `${secret.slice(0, 4)}… is in the archive, escaped`);
      }
    });

    it("keeps JSON bodies JSON", () => {
      const json = entriesOf(cloud.har).filter((entry) => entry.response.content.mimeType.includes("json"));
      const bodies = json.map((entry) => JSON.parse(entry.response.content.text));
      assert.equal(bodies[0].access_token, hidden);
      assert.deepEqual(bodies[1], { secretsType: "AccountKey", key: hidden });
      assert.deepEqual(bodies[2], { secretsType: "Sas", sasToken: hidden });
      const { sasUri } = bodies[3].blobReferenceForConsumption.credential;
      assert.equal(new URL(sasUri).searchParams.get("sig"), hidden);
      assert.equal(new URL(sasUri).searchParams.get("sp"), "rcwl", "only the signature is hidden");
    });
  });

  describe("of one exchange", () => {
    const exchange: Exchange = {
      listener: "arm",
      startedAt: 0,
      milliseconds: 5,
      wait: 3,
      method: "GET",
      url: "https://localhost/x",
      httpVersion: "HTTP/1.1",
      requestHeaders: [],
      requestBody: Buffer.alloc(0),
      requestBytes: 0,
      status: 200,
      statusText: "OK",
      responseHeaders: [["content-type", "text/plain"]],
      responseBody: Buffer.alloc(0),
      responseBytes: 0,
    };
    const contentOf = (responseBody: Buffer, responseBytes = responseBody.length) => {
      const har = new HarRecorder();
      har.record({ ...exchange, responseBody, responseBytes });
      const content = entriesOf(har)[0]?.response.content;
      assert.ok(content);
      return content;
    };

    it("leaves binary bodies out and says so", () => {
      const content = contentOf(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0xff]));
      assert.deepEqual([content.text, content.comment], ["", "binary, 6 bytes, left out"]);
    });

    it("cuts long bodies and says so, also within a character", () => {
      const content = contentOf(Buffer.from("ü".repeat(bodyLimit)).subarray(0, 1001), 5000);
      assert.equal(content.text, "ü".repeat(500));
      assert.equal(content.comment, "cut after 1001 of 5000 bytes");
      assert.equal(content.size, 5000);
    });

    it("forgets the oldest beyond its limit, and says how many", () => {
      const har = new HarRecorder(2);
      for (const startedAt of [1, 2, 3]) har.record({ ...exchange, startedAt });
      const { log } = har.toHar() as { log: { entries: Entry[]; comment: string } };
      assert.equal(log.entries.length, 2);
      assert.equal(log.comment, "1 older exchanges were dropped");
    });

    it("hides a secret that became known after the exchange", () => {
      const har = new HarRecorder();
      har.record({ ...exchange, url: "https://localhost/x?q=swordfish", responseBody: Buffer.from("it is swordfish") });
      har.addSecret("swordfish");
      assert.ok(!JSON.stringify(har.toHar()).includes("swordfish"));
    });
  });

  describe("redaction", () => {
    const redaction = new Redaction();
    redaction.add('pa"ss\\word+/=');

    const body = (value: string, type = "application/json") => redaction.body(value, type);

    it("knows secrets by their names, wherever they stand in JSON", () => {
      const names =
        "access_token refresh_token client_secret client_assertion oidcToken accountKey sasToken primaryKey secondaryKey accessToken AuthToken";
      for (const name of names.split(" ")) {
        const told = JSON.parse(body(JSON.stringify({ a: [{ [name]: "s3cret", other: 1 }] })));
        assert.deepEqual(told, { a: [{ [name]: hidden, other: 1 }] }, name);
      }
    });

    it("hides a key that is an account's, and no other key", () => {
      assert.deepEqual(JSON.parse(body('{"secretsType":"AccountKey","key":"abc"}')).key, hidden);
      assert.deepEqual(JSON.parse(body('{"tags":[{"key":"mlflow.user","value":"me"}]}')).tags[0].key, "mlflow.user");
    });

    it("looks into JSON within strings", () => {
      const inner = JSON.stringify({ parameters: { serviceprincipalkey: "s3cret" } });
      const told = JSON.parse(JSON.parse(body(JSON.stringify({ environment: inner }))).environment);
      assert.equal(told.parameters.serviceprincipalkey, hidden);
    });

    it("hides fields of forms", () => {
      const told = body("client_id=me&client_secret=a%2Bb&scope=x", "application/x-www-form-urlencoded");
      assert.equal(told, `client_id=me&client_secret=${hidden}&scope=x`);
    });

    it("hides signatures in URLs, escaped or not, in text, JSON and XML", () => {
      for (const text of [
        "https://h/c?sv=1&sig=aB%2F3%3D&se=2",
        "see https://h/c?sig=aB%2F3%3D now",
        '{"uri":"https://h/c?sv=1\\u0026sig=aB%2F3%3D\\u0026se=2"}',
        "<Url>https://h/c?sv=1&amp;sig=aB%2F3%3D</Url>",
        "redirect=https%3A%2F%2Fh%2Fc%3Fsv%3D1%26sig%3DaB%252F3%253D",
      ]) {
        assert.ok(!body(text, "text/plain").includes("aB%2"), text);
      }
      assert.match(redaction.text("https://h/c?sv=1&sig=abc&se=2"), /\?sv=1&sig=\*\*\*&se=2$/);
    });

    it("hides the token headers", () => {
      for (const name of ["Authorization", "X-IDENTITY-HEADER", "x-azureml-token", "Proxy-Authorization"]) {
        assert.equal(redaction.header(name, "anything"), hidden);
      }
    });

    it("hides keys in JSON that was cut off", () => {
      assert.equal(body('{"a":1,"primaryKey":"s3cr'), `{"a":1,"primaryKey":"${hidden}"`);
    });

    it("hides a known value in any disguise, and leaves JSON that parses", () => {
      fc.assert(
        fc.property(fc.jsonValue(), fc.string({ unit: "grapheme", minLength: 8 }), (value, secret) => {
          const one = new Redaction();
          one.add(secret);
          const text = one.body(JSON.stringify({ value, told: `<${secret}>` }), "application/json");
          assert.doesNotThrow(() => JSON.parse(text));
          assert.ok(!JSON.parse(text).told.includes(secret) || secret.includes(hidden));
        }),
        { numRuns: 300 },
      );
    });
  });
});
