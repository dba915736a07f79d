// The table "Where to put a change" of CONTRIBUTING names files and folders that are there.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readTasks } from "../../scripts/generate/task-json.ts";

const root = resolve(import.meta.dirname, "../..");

describe("CONTRIBUTING", () => {
  it("names places that are there", () => {
    const text = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
    const table = text.slice(text.indexOf("## Where to put a change"), text.indexOf("## Habits"));
    const name = readTasks(root)[0]?.folder ?? "";
    const places = [...table.matchAll(/`((?:tasks|lib|local|relay|test|docs|SECURITY)[\w./<>-]*)`/g)].map(
      ([, place = ""]) => place.replace("<Name>", name),
    );
    assert.ok(places.length > 25, places.join(" "));
    assert.deepEqual(
      places.filter((place) => !existsSync(join(root, place))),
      [],
    );
  });
});
