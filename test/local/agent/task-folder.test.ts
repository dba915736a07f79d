// Tests: local/agent/task-folder.ts. A packaged task's files in a job: copies, or hard links to those of the package.
import assert from "node:assert/strict";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { copy, installTask, link, readTaskFolder } from "../../../local/agent/task-folder.ts";

describe("the folder of a task in a job", () => {
  let folder: string;
  let package_: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "task-folder-"));
    package_ = path.join(folder, "package");
    mkdirSync(path.join(package_, "dist", "parts"), { recursive: true });
    const version = { Major: 1, Minor: 2, Patch: 3 };
    const execution = { Node20_1: { target: "dist/index.js" } };
    writeFileSync(path.join(package_, "task.json"), JSON.stringify({ id: "A-B", name: "Try", version, execution }));
    writeFileSync(path.join(package_, "dist", "index.js"), "main");
    writeFileSync(path.join(package_, "dist", "parts", "one.js"), "one");
    writeFileSync(path.join(folder, "elsewhere.js"), "elsewhere");
    symlinkSync(path.join(folder, "elsewhere.js"), path.join(package_, "dist", "linked.js"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const [how, bring] of Object.entries({ copies: copy, links: link })) {
    it(`holds every file of the package, as ${how}, and stands alone when it is removed`, () => {
      for (let job = 0; job < 2; job++) {
        const installed = installTask(readTaskFolder(package_), path.join(folder, "work"), undefined, bring);
        assert.equal(installed, path.join(folder, "work/_tasks/Try_a-b/1.2.3"));
        const text = (file: string) => readFileSync(path.join(installed, file), "utf8");
        assert.deepEqual(["dist/index.js", "dist/parts/one.js", "dist/linked.js"].map(text), [
          "main",
          "one",
          "elsewhere",
        ]);
        assert.ok(lstatSync(path.join(installed, "dist/linked.js")).isFile(), "a package holds files, never links");
        const inode = (at: string) => statSync(path.join(at, "dist/parts/one.js")).ino;
        assert.equal(inode(installed) === inode(package_), how === "links");
        rmSync(installed, { recursive: true });
      }
      assert.equal(readFileSync(path.join(package_, "dist/parts/one.js"), "utf8"), "one");
      assert.equal(readFileSync(path.join(folder, "elsewhere.js"), "utf8"), "elsewhere");
    });
  }
});
