// The changelog: every note once, newest release first, and nothing released that it says nothing of.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { printed, readNotes, release, unreleased, withSection } from "../../scripts/changelog.ts";
import { readErrorCodes, readPublishedCodes } from "../../scripts/generate/error-codes.ts";
import { readLedger } from "../../scripts/generate/ledger.ts";

const here = resolve(import.meta.dirname, "../..");

describe("the changelog", () => {
  let root: string;
  const read = (file: string) => readFileSync(join(root, file), "utf8");
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "changelog-"));
    mkdirSync(join(root, "changes"));
    mkdirSync(join(root, "tasks", "SubmitJob"), { recursive: true });
    mkdirSync(join(root, "lib"));
    for (const file of ["tasks/SubmitJob/task.json", "lib/error-codes.json"])
      cpSync(join(here, file), join(root, file));
    writeFileSync(join(root, "CHANGELOG.md"), "# Changelog\n\nWhat has not been released yet stands in changes.\n");
    writeFileSync(join(root, "changes", "README.md"), "# Change notes\n");
    writeFileSync(join(root, "changes", "b.md"), "SubmitJob, package\n\nWaits longer.\nAnd better.\n");
    writeFileSync(join(root, "changes", "a.md"), "DeployEndpoint\n\nDeploys.\n");
    writeFileSync(join(root, "package.json"), '{\n  "version": "0.1.0",\n  "x": { "version": "9" }\n}\n');
    writeFileSync(
      join(root, "package-lock.json"),
      '{"version": "0.1.0", "packages": {"": {"version": "0.1.0"}, "node_modules/a": {"version": "3.0.0"}}}',
    );
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("takes every note at a release, and sets the version wherever it stands", () => {
    assert.deepEqual(unreleased(root, "0.2.0"), [
      "changes/a.md is not in CHANGELOG.md yet.",
      "changes/b.md is not in CHANGELOG.md yet.",
      "CHANGELOG.md says nothing of 0.2.0.",
      "package.json has version 0.1.0, not 0.2.0.",
      "tasks/ledger.json is not what 0.2.0 publishes.",
      "lib/error-codes.published.json is not what 0.2.0 publishes.",
    ]);
    release(root, "0.2.0", "2026-11-23");
    assert.deepEqual(unreleased(root, "0.2.0"), []);
    const section =
      "## 0.2.0 (2026-11-23)\n\n### DeployEndpoint\n\nDeploys.\n\n### SubmitJob, package\n\nWaits longer.\nAnd better.";
    assert.equal(printed(read("CHANGELOG.md"), "0.2.0"), section);
    assert.ok(!existsSync(join(root, "changes", "a.md")) && existsSync(join(root, "changes", "README.md")));
    assert.equal(JSON.parse(read("package.json")).version, "0.2.0");
    assert.equal(JSON.parse(read("package.json")).x.version, "9");
    const lock = JSON.parse(read("package-lock.json"));
    assert.deepEqual(
      [lock.version, lock.packages[""].version, lock.packages["node_modules/a"].version],
      ["0.2.0", "0.2.0", "3.0.0"],
    );
  });

  it("writes at a release what its tasks publish, and misses it in a task that changes before the tag", () => {
    assert.ok(!existsSync(join(root, "tasks/ledger.json")));
    release(root, "0.2.0", "2026-11-23");
    assert.ok("jobFile" in readLedger(root)["AzureMLSubmitJob"]!.inputs);
    assert.deepEqual(Object.keys(readPublishedCodes(root)), Object.keys(readErrorCodes(here)));
    const file = "tasks/SubmitJob/task.json";
    writeFileSync(join(root, file), read(file).replaceAll('"jobFile"', '"jobYaml"'));
    assert.deepEqual(unreleased(root, "0.2.0"), ["tasks/ledger.json is not what 0.2.0 publishes."]);
  });

  it("has the newest release first, and no release twice", () => {
    release(root, "0.2.0", "2026-11-23");
    release(root, "0.3.0", "2026-12-01");
    const changelog = read("CHANGELOG.md");
    assert.ok(changelog.startsWith("# Changelog\n\nWhat has not been released"));
    assert.ok(changelog.indexOf("## 0.3.0") < changelog.indexOf("## 0.2.0"));
    assert.equal(printed(changelog, "0.3.0"), "## 0.3.0 (2026-12-01)\n\nNothing that a user can see.");
    assert.throws(() => withSection(changelog, "## 0.2.0 (today)\n"), /has 0\.2\.0 already/);
    assert.throws(() => release(root, "0.100.0", "2026-12-01"), /b below 100/);
    assert.equal(printed(changelog, "0.2"), undefined);
  });

  it("refuses a note that does not say what it is about", () => {
    writeFileSync(join(root, "changes", "c.md"), "Only one line\n");
    assert.throws(() => readNotes(root), /changes\/c\.md: its first line says what it is about/);
  });

  it("can read the notes of this repository", () => {
    assert.ok(readNotes(here).length >= 0);
  });
});
