// The difference between new data and the version before, as RegisterData finds it in local Azure.
import assert from "node:assert/strict";
import { dataOf, registerData } from "../../../../lib/ml/register/register-data.ts";
import { project } from "../projects.ts";
import { openLocal } from "../world.ts";

describe("the change of data", () => {
  const folder = project({
    ...{ "one/a.csv": "1", "one/b/c.csv": "2", "one/same.csv": "3" },
    ...{ "two/a.csv": "9", "two/new.csv": "22", "two/same.csv": "3" },
    "three/same.csv": "3",
  });
  const register = async (name: string, path: string) =>
    registerData(await openLocal(), dataOf({ name, type: "uri_folder", path }, folder), folder);

  it("counts what was added, changed and removed since the newest version", async () => {
    assert.deepEqual((await register("moving", "one")).change, { added: 3 });
    assert.deepEqual((await register("moving", "two")).change, {
      ...{ since: "1", added: 1, changed: 1, removed: 1, unchanged: 1 },
      files: [
        { path: "a.csv", change: "changed", bytes: 1 },
        { path: "new.csv", change: "added", bytes: 2 },
        { path: "b/c.csv", change: "removed" },
      ],
    });
    const third = (await register("moving", "three")).change;
    assert.deepEqual([third?.since, third?.removed, third?.unchanged], ["2", 2, 1]);
  });

  it("is not there where the version was there", async () => {
    await register("standing", "one");
    assert.equal((await register("standing", "one")).change, undefined);
  });

  it("is unknown, in words, where the version before lies elsewhere", async () => {
    await register("elsewhere", "https://example.org/data/");
    const { change, created } = await register("elsewhere", "two");
    assert.equal(created, true);
    assert.deepEqual(change, { since: "1", unknown: "The files of version 1 cannot be read here." });
  });
});
