// Data: the same content is the same version, against local Azure.
import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import path from "node:path";
import { dataOf, registerData } from "../../../../lib/ml/register/register-data.ts";
import { project } from "../projects.ts";
import { type Opening, openLocal } from "../world.ts";

let number = 0;
const fresh = () => `data-${number++}`;

describe("registering data", () => {
  it("makes one version for one content, by whatever name its file is reached, and says which", async () => {
    const name = fresh();
    const folder = project({ "one/a.csv": "1,2\n", "two/a.csv": "3,4\n" });
    const of = (path: string) => dataOf({ name, type: "uri_folder", path }, folder);
    const first = await registerData(await openLocal(), of("one"), folder);
    assert.deepEqual([first.version, first.created], ["1", true]);
    assert.match(first.path, /LocalUpload\/[0-9a-f]{64}\/one\/$/);
    const other = await registerData(await openLocal(), of("two"), folder);
    assert.deepEqual([other.version, other.created], ["2", true]);
    const requests: string[] = [];
    const workspace = await openLocal({ onRequest: (method) => requests.push(method) });
    requests.length = 0;
    const again = await registerData(workspace, of("one"), folder);
    assert.deepEqual([again.version, again.created, again.id], ["1", false, first.id]);
    // The versions and the container; the datastore, its access, and what lies there.
    const asked = ["GET", "GET", "GET", "POST", "GET"];
    assert.deepEqual(requests.slice(0, asked.length), asked);
    assert.ok(
      requests.slice(asked.length).every((method) => method === "GET"),
      `known content is looked at where it lies, and nothing is written: ${requests}`,
    );
  });

  it("says that it made a version only where no other run was there first with the same content", async () => {
    const name = fresh();
    const folder = project({ "same/a.csv": "5,6\n" });
    let first = true;
    // The other run's PUT of the same comes a moment earlier.
    const between: Opening["between"] = async (request, send) => {
      const isIt = request.method === "PUT" && request.url.includes(`/data/${name}/versions/1`);
      if (isIt && first) {
        first = false;
        assert.equal((await send()).status, 201);
      }
      return send();
    };
    const document = dataOf({ name, type: "uri_folder", path: "same" }, folder);
    const late = await registerData(await openLocal({ between }), document, folder);
    assert.deepEqual([late.version, late.created], ["1", false]);
  });

  it("carries the run that made it, and the tags it was given; tags are added to a version that is there", async () => {
    const name = fresh();
    const folder = project({ "a.csv": "1" });
    const document = dataOf({ name, type: "uri_file", path: "a.csv" }, folder);
    const workspace = await openLocal();
    const made = await registerData(workspace, { ...document, tags: { owner: "me" } }, folder);
    const read = async () =>
      (await workspace.azure.request<{ properties: { tags: object; properties: object } }>("GET", made.id)).body
        ?.properties;
    assert.deepEqual(
      { ...(await read())?.tags },
      { ...(await read())?.tags, owner: "me", BuildId: "7", Pipeline: "train" },
    );
    assert.equal((await read())?.properties["mlflow.source.git.commit" as never], workspace.provenance.commit);
    await registerData(await openLocal(), { ...document, tags: { stage: "gold" } }, folder);
    assert.deepEqual(await read().then((one) => [one?.tags["owner" as never], one?.tags["stage" as never]]), [
      "me",
      "gold",
    ]);
  });

  it("takes the version that was asked for, again, and refuses it for something else", async () => {
    const name = fresh();
    const folder = project({ "a.csv": "1", "b.csv": "2" });
    const of = (path: string) => ({ ...dataOf({ name, type: "uri_file", path }, folder), version: "2026-11" });
    assert.equal((await registerData(await openLocal(), of("a.csv"), folder)).created, true);
    assert.equal((await registerData(await openLocal(), of("a.csv"), folder)).created, false);
    await assert.rejects(
      openLocal().then((workspace) => registerData(workspace, of("b.csv"), folder)),
      { kind: "conflict", message: /Version 2026-11 .* holds something else/ },
    );
  });

  it("knows a place in the cloud again, in each way it can be written", async () => {
    const name = fresh();
    const of = (path: string) => dataOf({ name, type: "uri_folder", path }, "/");
    const first = await registerData(await openLocal(), of("azureml://datastores/workspaceblobstore/paths/a/b"));
    const again = await registerData(await openLocal(), of("azureml://datastores/workspaceblobstore/paths/a/b/"));
    assert.deepEqual([first.created, again.created, again.version], [true, false, "1"]);
    assert.equal((await registerData(await openLocal(), of("https://example.org/a"))).version, "2");
  });

  it("gives both of two runs at the same time the same version", async () => {
    const name = fresh();
    const folder = project({ "a.csv": "x" });
    const document = dataOf({ name, type: "uri_file", path: "a.csv" }, folder);
    const [one, two] = await Promise.all([openLocal(), openLocal()]);
    const results = await Promise.all([registerData(one, document, folder), registerData(two, document, folder)]);
    assert.deepEqual(
      results.map(({ version }) => version),
      ["1", "1"],
    );
  });

  it("refuses what is not there, is empty, is of another type or leaves the repository", async () => {
    const folder = project({ "data/a.csv": "1", "empty/.amlignore": "*\n" });
    const outside = project({ "secret.txt": "s" });
    symlinkSync(outside, path.join(folder, "link"));
    symlinkSync(path.join(outside, "secret.txt"), path.join(folder, "data", "b.csv"));
    const of = (path: string, type = "uri_folder") =>
      registerData(openedLater as never, dataOf({ name: "x", type, path }, folder), folder);
    const openedLater = await openLocal();
    const faults: [string, string, RegExp][] = [
      ["dta", "uri_folder", /does not exist|There is no|no such/i],
      ["empty", "uri_folder", /no file to upload/],
      ["data", "uri_file", /is a folder, but the asset's type is uri_file/],
      ["link", "uri_folder", /leaves the repository by a link/],
      ["data", "uri_folder", /leads out of the repository/],
      ["../x", "uri_folder", /does not exist|There is no|leaves the repository/i],
    ];
    for (const [at, type, message] of faults) {
      const error = await Promise.resolve()
        .then(() => of(at, type))
        .catch((one: Error) => one);
      assert.ok(error instanceof Error, `${at} was taken`);
      assert.match(error.message, message);
    }
  });

  it("says a datastore that is not there, and those that are", async () => {
    const folder = project({ "a.csv": "1" });
    const document = { ...dataOf({ name: fresh(), type: "uri_file", path: "a.csv" }, folder), datastore: "nowhere" };
    await assert.rejects(
      openLocal().then((workspace) => registerData(workspace, document, folder)),
      { kind: "notFound", message: /no datastore "nowhere"; it has workspaceblobstore/ },
    );
  });
});
