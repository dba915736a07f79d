// Stored content is verified: what lies under a content's hash is that content, whoever put it there and whatever its mark says.
import assert from "node:assert/strict";
import { rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { registerCode } from "../../../../lib/ml/assets/code-assets.ts";
import { uploadContent } from "../../../../lib/ml/assets/datastores.ts";
import { readContent } from "../../../../lib/ml/assets/local-content.ts";
import { registriesOf, registryAssets } from "../../../../local/azure/workspace/registries.ts";
import registerData from "../../../../tasks/RegisterData/index.ts";
import { runStory } from "../../../tasks/context.ts";
import { project } from "../projects.ts";
import { type Opening, openLocal, theCloud } from "../world.ts";

const content = async (folder: string) => await readContent(folder);
let made = 0;
/** A folder whose content nobody has uploaded before. */
const newFolder = () => {
  const mark = String(++made).padStart(4, "0");
  return path.join(project({ "data/a.csv": `a,${mark}\n`, "data/b.csv": `b,${mark}\n` }), "data");
};

async function store() {
  const { azure } = await theCloud();
  const container = `azureml-blobstore-${azure.workspaceGuid}`;
  const client = await azure.blobs.container(container);
  const held = async (uri: string) => {
    const below = uri.replace(/^.*\/paths\//, "");
    const blobs = await azure.blobs.list(container, below);
    const pairs = blobs.map(async ({ name }) => [
      name.slice(below.length),
      (await azure.blobs.get(container, name))?.toString(),
    ]);
    return Object.fromEntries(await Promise.all(pairs)) as Record<string, string>;
  };
  const put = (name: string, text: string) => azure.blobs.put(container, name, text);
  const mark = (name: string) => client.getBlobClient(name).setMetadata({ upload_status: "completed" });
  return { held, put, mark };
}
const texts = async (folder: string) => {
  const { files } = await content(folder);
  const { readFileSync } = await import("node:fs");
  return Object.fromEntries(files.map((file) => [file.relative, readFileSync(file.path, "utf8")]));
};

describe("content in storage", () => {
  it("is what its hash says, although an earlier upload left other bytes there and marked them as complete", async () => {
    const { held, put, mark } = await store();
    const folder = newFolder();
    const hash = await (await content(folder)).objectHash();
    const below = `LocalUpload/${hash}/data`;
    await put(`${below}/a.csv`, "a,XXXX\n");
    await put(`${below}/b.csv`, "shorter");
    await mark(`${below}/a.csv`);
    const workspace = await openLocal();
    const { uri } = await uploadContent(workspace, await content(folder));
    assert.deepEqual(await held(uri), await texts(folder));
  });

  it("is whole, although an earlier upload stopped after it had marked the first file", async () => {
    const { held, put, mark } = await store();
    const folder = newFolder();
    const hash = await (await content(folder)).objectHash();
    await put(`LocalUpload/${hash}/data/a.csv`, (await texts(folder))["a.csv"]!);
    await mark(`LocalUpload/${hash}/data/a.csv`);
    const { uri } = await uploadContent(await openLocal(), await content(folder));
    assert.deepEqual(await held(uri), await texts(folder));
  });

  it("holds nothing beside itself: files that somebody added under the hash are named, and refused", async () => {
    const { put } = await store();
    const folder = newFolder();
    const hash = await (await content(folder)).objectHash();
    await put(`LocalUpload/${hash}/data/added.csv`, "added");
    await assert.rejects(uploadContent(await openLocal(), await content(folder)), /added\.csv/);
  });

  it("is not uploaded again where all of it is there", async () => {
    const folder = newFolder();
    const sent: string[] = [];
    await uploadContent(await openLocal(), await content(folder));
    const again = await openLocal({ onRequest: (method, url) => void sent.push(`${method} ${url}`) });
    await uploadContent(again, await content(folder));
    assert.deepEqual(
      sent.filter((one) => one.startsWith("PUT")),
      [],
    );
  });

  const changes: [string, (file: string) => void][] = [
    ["changes, but not its length", (file) => writeFileSync(file, "X,XXXX\n")],
    [
      "changes, and keeps its time and length",
      (file) => {
        writeFileSync(file, "Y,YYYY\n");
        utimesSync(file, new Date(0), new Date(0));
      },
    ],
    ["grows", (file) => writeFileSync(file, "a,0001\nmore\n")],
    ["shrinks", (file) => writeFileSync(file, "a")],
    ["vanishes", (file) => rmSync(file)],
    [
      "is replaced by another file",
      (file) => {
        rmSync(file);
        writeFileSync(file, "Z,ZZZZ\n");
      },
    ],
  ];
  for (const [title, change] of changes)
    it(`is not a file that ${title} after it was hashed: an error names the file`, async () => {
      const { held } = await store();
      const folder = newFolder();
      const there = await content(folder);
      const hash = await there.objectHash();
      const file = path.join(folder, "b.csv");
      change(file);
      const error = await uploadContent(await openLocal(), there).catch((one: Error) => one);
      assert.ok(error instanceof Error, "the upload ended");
      assert.equal((error as { kind?: string }).kind, "input");
      assert.match(error.message, /b\.csv/);
      assert.doesNotMatch(error.message, /could not be reached/);
      const left = await held(`x/paths/LocalUpload/${hash}/data/`);
      assert.equal(left["b.csv"], undefined, "nothing lies under the hash that has another");
    });

  it("is not a large file that changes while it is sent: an error names it, and nothing is left under its name", async () => {
    const size = 20 * 1024 * 1024;
    const root = project({ "data/large.bin": Buffer.alloc(size, ++made) });
    const folder = path.join(root, "data");
    const { held } = await store();
    const there = await content(folder);
    const hash = await there.objectHash();
    let changed = false;
    const opening: Opening = {
      onRequest: (_method, url) => {
        if (changed || !url.includes("comp=block&")) return;
        changed = true;
        writeFileSync(path.join(folder, "large.bin"), Buffer.alloc(size, 255));
      },
    };
    const error = await uploadContent(await openLocal(opening), there).catch((one: Error) => one);
    assert.ok(changed && error instanceof Error);
    assert.match(error.message, /large\.bin/);
    assert.deepEqual(await held(`x/paths/LocalUpload/${hash}/data/`), {});
  });

  it("is not a file that changes in a registry either", async () => {
    const { azure } = await theCloud();
    registriesOf(azure).set("stored", {
      name: "stored",
      id: "id-of-stored",
      location: "eastus2",
      tags: {},
      properties: {},
    });
    const folder = newFolder();
    let changed = false;
    const ran = await runStory(
      registerData,
      { registry: "stored", source: "inline", type: "uri_folder", name: "rows", path: "data" },
      path.dirname(folder),
      {
        registryAlone: true,
        onRequest: (_method, url) => {
          // The first look below the content's hash: the hash is known, and nothing has been sent.
          if (changed || !url.includes("LocalUpload")) return;
          changed = true;
          writeFileSync(path.join(folder, "b.csv"), "X,XXXX\n");
        },
      },
    );
    assert.ok(changed);
    assert.match(ran.error?.message ?? "", /b\.csv/);
    assert.equal(registryAssets(azure, "stored")?.data.version("rows", "1"), undefined);
  });

  it("of code is taken up by the next run, in the same container, where a run ended before it registered it", async () => {
    const folder = newFolder();
    const containers = new Set<string>();
    const watch = (_method: string, url: string) => {
      const container = /^https:\/\/stor1\.blob\.[^/]+\/([0-9a-f]{8}-c-[^/?]+)/.exec(url)?.[1];
      if (container) containers.add(container);
    };
    const killed = await openLocal({
      onRequest: watch,
      between: async (request, send) => {
        if (request.method === "PUT" && /\/codes\//.test(request.url)) throw new Error("killed");
        return send();
      },
    });
    await assert.rejects(registerCode(killed, await content(folder)));
    const code = await registerCode(await openLocal({ onRequest: watch }), await content(folder));
    assert.equal(code.created, true);
    assert.equal(containers.size, 1, "no container is left that belongs to no code");
  });
});
