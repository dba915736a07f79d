// `npm test -- FILE` runs that file and no other; a folder stands for all its tests.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { mochaArguments } from "../../scripts/test.ts";

const root = path.resolve(import.meta.dirname, "../..");
const filesOf = (words: readonly string[]) => words.filter((word) => word.endsWith(".test.ts"));

describe("npm test", () => {
  it("runs everything by the configuration of mocha", () => {
    assert.deepEqual(mochaArguments(root, { quick: false, places: [] }), ["--config", ".mocharc.json"]);
    assert.deepEqual(mochaArguments(root, { quick: true, places: [], grep: "a (b)" }), [
      "--config",
      ".mocharc.quick.json",
      "--fgrep",
      "a (b)",
    ]);
  });

  it("runs only the files that are named, once each, with the reporter that counts", () => {
    const place = "test/lib/segment.test.ts";
    const words = mochaArguments(root, { quick: true, places: [place, path.join(root, place)] });
    assert.deepEqual(filesOf(words), [place]);
    assert.ok(words.includes("--no-config") && words.includes("test/harness/reporter.cjs"), words.join(" "));
  });

  it("takes a folder for its tests, at all depths", () => {
    const files = filesOf(mochaArguments(root, { quick: false, places: ["test/scripts"] }));
    assert.ok(files.includes("test/scripts/test.test.ts") && files.length > 5);
    assert.ok(files.every((file) => file.startsWith("test/scripts/")));
    assert.ok(filesOf(mochaArguments(root, { quick: false, places: ["test"] })).length > files.length);
  });

  it("refuses a place that is not there or has no test", () => {
    assert.throws(
      () => mochaArguments(root, { quick: false, places: ["test/gone.test.ts"] }),
      /no file or folder test\/gone/,
    );
    assert.throws(
      () => mochaArguments(root, { quick: false, places: ["test/harness"] }),
      /No file below test\/harness/,
    );
  });

  it("passes the status of the tests on", () => {
    const run = (...words: string[]) =>
      spawnSync(process.execPath, ["--import", "tsx", "scripts/test.ts", "--quick", ...words], {
        cwd: root,
        encoding: "utf8",
      });
    const passed = run("test/lib/segment.test.ts", "-g", "segment");
    assert.equal(passed.status, 0, passed.stderr);
    assert.match(passed.stdout, /\n\d+ passed, 0 failed\n$/);
    assert.equal(run("test/harness/until.ts", "test/gone").status, 1);
  });
});
