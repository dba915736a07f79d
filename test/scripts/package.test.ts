// The package, as tfx makes it: small, complete, nothing else in it; and every task of it runs alone, elsewhere.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { unzipSync } from "fflate";
import { type Packed, packageExtension, runTfx, taskVersion } from "../../scripts/package.ts";

const root = resolve(import.meta.dirname, "../..");

describe("package", () => {
  let folder: string;
  let packed: Packed;
  let files: Record<string, Uint8Array>;
  const text = (name: string) => Buffer.from(files[name] ?? assert.fail(`${name} is missing`)).toString();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "package-"));
    packed = await packageExtension(root, { version: "1.2.3", output: folder });
    files = unzipSync(readFileSync(packed.file));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("has at most 5 MB", () => {
    assert.ok(packed.bytes <= 5 * 1024 * 1024, `${packed.bytes}`);
    assert.ok(packed.tasks.size >= 6);
  });

  it("holds each file that the manifest names and nothing else", () => {
    const manifest = JSON.parse(readFileSync(join(root, "vss-extension.json"), "utf8"));
    const named: string[] = manifest.files.map(({ path }: { path: string }) => path);
    const others = [
      "extension.vsixmanifest",
      "extension.vsomanifest",
      "[Content_Types].xml",
      "overview.md",
      "LICENSE",
      "images/icon.png",
    ];
    const held = Object.keys(files).filter((name) => !name.endsWith("/"));
    for (const path of [...named, ...others]) {
      assert.ok(
        held.some((name) => name === path || name.startsWith(`${path}/`)),
        `${path} is missing`,
      );
    }
    const covered = (name: string) =>
      others.includes(name) || named.some((path) => name === path || name.startsWith(`${path}/`));
    assert.deepEqual(
      held.filter((name) => !covered(name)),
      [],
    );
    const kinds = new Set(
      held.filter((name) => name.startsWith("tasks/")).map((name) => name.split("/").slice(2).join("/")),
    );
    assert.deepEqual([...kinds].sort(), [
      "dist/LICENSES.txt",
      "dist/index.js",
      "dist/postjob.js",
      "icon.png",
      "task.json",
    ]);
  });

  it("contributes every task by its folder, with handlers whose targets are there and an icon of 32 x 32", () => {
    const { contributions } = JSON.parse(text("extension.vsomanifest"));
    assert.ok(contributions.length >= 6);
    for (const { properties } of contributions.filter(
      (one: { type: string }) => one.type === "ms.vss-distributed-task.task",
    )) {
      const task = JSON.parse(text(`${properties.name}/task.json`));
      for (const stage of ["execution", "postjobexecution"]) {
        for (const { target } of Object.values<{ target: string }>(task[stage] ?? {}))
          text(`${properties.name}/${target}`);
      }
      const icon = Buffer.from(files[`${properties.name}/icon.png`]!);
      assert.deepEqual([icon.readUInt32BE(16), icon.readUInt32BE(20)], [32, 32], properties.name);
      assert.deepEqual(task.version, { Major: 1, Minor: 102, Patch: 3 });
    }
    const icon = Buffer.from(files["images/icon.png"]!);
    assert.deepEqual([icon.readUInt32BE(16), icon.readUInt32BE(20)], [128, 128]);
  });

  it("says the licenses of what is bundled", () => {
    assert.match(text("tasks/SubmitJob/dist/LICENSES.txt"), /@azure\/identity [\d.]+[\s\S]*MIT/);
  });

  it("has tasks that run by themselves, elsewhere, with no node_modules, and under the stamped version", () => {
    const away = join(folder, "away");
    for (const [name, bytes] of Object.entries(files)) {
      if (name.endsWith("/") || !name.startsWith("tasks/")) continue;
      mkdirSync(dirname(join(away, name)), { recursive: true });
      writeFileSync(join(away, name), bytes);
    }
    for (const task of packed.tasks.keys()) {
      const { stdout, stderr, status } = spawnSync(process.execPath, [join(away, "tasks", task, "dist/index.js")], {
        cwd: away,
        env: { PATH: process.env["PATH"], AGENT_TEMPDIRECTORY: away },
        encoding: "utf8",
      });
      assert.equal(stderr, "", task);
      assert.equal(status, 0, task);
      assert.match(stdout, /type=error;\]Input azureSubscription is empty/, task);
      assert.match(stdout, /task\.complete result=Failed/, task);
      const record = /task\.addattachment [^\]]*\](.*)/.exec(stdout)?.[1];
      assert.equal(JSON.parse(readFileSync(record ?? "", "utf8")).task.version, "1.102.3", task);
    }
  });

  it("is refused where tfx only warns: Azure DevOps would refuse it too", () => {
    const stage = join(folder, "stage");
    for (const path of ["tasks/SubmitJob/task.json", "overview.md", "LICENSE", "images/icon.png"]) {
      mkdirSync(dirname(join(stage, path)), { recursive: true });
      writeFileSync(join(stage, path), files[path]!);
    }
    const manifest = JSON.parse(readFileSync(join(root, "vss-extension.json"), "utf8"));
    manifest.contributions = manifest.contributions.filter((one: { id: string }) => one.id === "submit-job");
    manifest.files = [{ path: "tasks/SubmitJob/task.json" }];
    writeFileSync(join(stage, "vss-extension.json"), JSON.stringify(manifest));
    assert.throws(() => runTfx(root, stage, join(stage, "out")), /tfx refuses the extension:\n.*warning:/is);
  });

  it("refuses a version that tasks cannot follow", async () => {
    await assert.rejects(packageExtension(root, { version: "1.100.0", output: folder }), /b below 100/);
    await assert.rejects(packageExtension(root, { version: "1.0", output: folder }), /a\.b\.c/);
  });
});

describe("the version of a task", () => {
  it("rises with every version of the extension, under the task's own major", () => {
    const versions = ["0.1.0", "0.1.1", "0.2.0", "0.99.5", "1.0.0", "1.0.1", "2.3.4"].map((version) => {
      const { Major, Minor, Patch } = taskVersion({ version: { Major: 1, Minor: 0, Patch: 0 } }, version);
      assert.equal(Major, 1);
      return Minor * 1e6 + Patch;
    });
    assert.deepEqual(
      versions,
      [...versions].sort((a, b) => a - b),
    );
    assert.equal(new Set(versions).size, versions.length);
  });
});
