// `npm test -- FILE` runs that file and no other; a folder stands for all its tests.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { mochaArguments } from "../../scripts/test.ts";

const root = path.resolve(import.meta.dirname, "../..");
/** Mocha's own way from a pattern to files. */
const { lookupFiles }: { lookupFiles(pattern: string, extensions: string[], recursive: boolean): string[] } =
  await import(createRequire(import.meta.url).resolve("mocha/lib/cli/lookup-files.js"));
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

  // Mocha hands its files out in this order: a long file that begins last leaves one process busy and the others idle.
  it("runs each file once, and the rooms whose files take longest before the short ones", () => {
    const { spec } = JSON.parse(readFileSync(path.join(root, ".mocharc.json"), "utf8")) as { spec: string[] };
    const files = spec
      .flatMap((pattern) => lookupFiles(pattern, ["ts"], true))
      .map((file) => path.relative(root, file));
    const all = readdirSync(path.join(root, "test"), { recursive: true, encoding: "utf8" });
    const tests = all.filter((name) => name.endsWith(".test.ts")).map((name) => path.join("test", name));
    assert.deepEqual([...files].sort(), tests.sort());
    const first = (room: string) => files.findIndex((file) => file.startsWith(`test/${room}/`));
    const last = (room: string) => files.findLastIndex((file) => file.startsWith(`test/${room}/`));
    for (const long of ["tasks", "e2e", "bundle"])
      for (const short of ["docs", "lib", "scripts"]) assert.ok(last(long) < first(short), `${long} before ${short}`);
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
