// The three stores keep the same promises; the one of Azure against a real storage emulator.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import type { Store } from "../../relay/core/store.ts";
import { startRelay } from "../../relay/local.ts";
import { BlobStore } from "../../relay/stores/blob.ts";
import { FileStore } from "../../relay/stores/file.ts";
import { MemoryStore } from "../../relay/stores/memory.ts";
import { credential, modelEvent, post, serve, serveRegistered, WORKSPACE } from "./harness.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "relay-stores-"));
let azurite: Azurite | undefined;
let service: BlobServiceClient;

let containers = 0;
const kinds: [string, () => Store][] = [
  ["memory", () => new MemoryStore()],
  ["file", () => new FileStore(path.join(folder, `files-${++containers}`))],
  ["blob", () => new BlobStore(service.getContainerClient(`relay-${++containers}`))],
];

describe("relay: stores", () => {
  before(async () => {
    azurite = await startAzurite("stor1");
    const key = new StorageSharedKeyCredential(azurite.account, azurite.key);
    service = new BlobServiceClient(`http://127.0.0.1:${azurite.port}/stor1`, key);
  });
  after(async () => {
    await azurite?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  for (const [kind, make] of kinds) {
    describe(`${kind}`, () => {
      it("has nothing at first", async () => {
        const store = make();
        assert.equal(await store.read("a/b.json"), undefined);
        assert.deepEqual(await store.list(""), []);
        await store.remove("a/b.json");
        assert.equal(await store.write("a/b.json", "x", { etag: '"0"' }), undefined);
        assert.equal(await store.read("a/b.json"), undefined);
      });

      it("writes under conditions", async () => {
        const store = make();
        const first = await store.write("a/b.json", "eins ä", "absent");
        assert.ok(first !== undefined);
        assert.deepEqual(await store.read("a/b.json"), { text: "eins ä", etag: first });
        assert.equal(await store.write("a/b.json", "zwei", "absent"), undefined);
        const second = await store.write("a/b.json", "zwei", { etag: first });
        assert.ok(second !== undefined && second !== first);
        assert.equal(await store.write("a/b.json", "drei", { etag: first }), undefined);
        assert.equal((await store.read("a/b.json"))?.text, "zwei");
        assert.ok((await store.write("a/b.json", "vier")) !== undefined);
        await store.remove("a/b.json");
        assert.equal(await store.read("a/b.json"), undefined);
      });

      it("lets one of many have it", async () => {
        const store = make();
        const made = await Promise.all(
          Array.from({ length: 10 }, (_, index) => store.write("k.json", `${index}`, "absent")),
        );
        const [etag, ...others] = made.filter((one) => one !== undefined);
        assert.ok(etag !== undefined);
        assert.deepEqual(others, []);
        const changed = await Promise.all(
          Array.from({ length: 10 }, (_, index) => store.write("k.json", `n${index}`, { etag })),
        );
        assert.equal(changed.filter((one) => one !== undefined).length, 1);
      });

      it("lists by prefix, in order", async () => {
        const store = make();
        for (const key of ["b/2.json", "a/x/1.json", "b/10.json", "a.json"]) await store.write(key, "{}");
        assert.deepEqual(await store.list("b/"), ["b/10.json", "b/2.json"]);
        assert.deepEqual(await store.list("a/"), ["a/x/1.json"]);
        assert.equal((await store.list("")).length, 4);
      });

      it("keeps a version from starting twice", async () => {
        const devops = await serve(() => new Promise((resolve) => setTimeout(() => resolve({}), 30)));
        const arm = await serveRegistered();
        const store = make();
        const open = () =>
          startRelay({
            routes: {
              schema: 1,
              organization: `${devops.url}/contoso`,
              ...{ resourceManager: arm.url, sources: [WORKSPACE] },
              routes: [{ name: "a", start: { kind: "webhook", name: "w" } }],
            },
            store,
            credential,
            replayEvery: 0,
          });
        const relays = await Promise.all([open(), open(), open()]);
        const answers = await Promise.all(
          Array.from({ length: 9 }, (_, index) =>
            post(relays[index % 3]?.eventsUrl ?? "", [modelEvent("credit", (index % 2) + 1)]),
          ),
        );
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
        assert.deepEqual(devops.received.map(({ body }) => JSON.parse(body).model.version).sort(), ["1", "2"]);
        await Promise.all([...relays.map((relay) => relay.close()), devops.close(), arm.close()]);
      });
    });
  }

  describe("file, besides", () => {
    it("is found again by the next process, and lets no key out of its folder", async () => {
      const place = path.join(folder, "again");
      await new FileStore(place).write("a/b.json", "kept");
      assert.equal((await new FileStore(place).read("a/b.json"))?.text, "kept");
      await assert.rejects(new FileStore(place).read("../files"), /leads out of/);
    });
  });
});
