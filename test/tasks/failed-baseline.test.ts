// A version of data that failed its check is no baseline: it is marked, and `previous` passes over it, for versions and for files.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import task from "../../tasks/CheckData/index.ts";
import registerData from "../../tasks/RegisterData/index.ts";
import { answered, provenance, theCloud } from "../lib/ml/world.ts";
import { runStory, type StoryOptions } from "./context.ts";

const author = { name: "Ada", type: "User" as const };
const MARK = "azureDevOps.dataCheck";
const MARK_RUN = "azureDevOps.dataCheckRun";

/** Rows of one column, moved by so much. */
const table = (by: number) =>
  `value\n${Array.from({ length: 400 }, (_, row) => ((row * 7) % 100) / 10 + by).join("\n")}\n`;

describe("a version that failed its check", () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "failed-baseline-"));
  after(() => rmSync(scratch, { recursive: true, force: true }));

  async function register(name: string, version: string, content: string, tags: Record<string, string> = {}) {
    const { azure, subscriptionId, resourceGroup, workspace } = await theCloud();
    await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, `f/${name}/${version}/a.csv`, content);
    const home = `subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/workspaces/${workspace}`;
    const dataUri = `azureml://${home}/datastores/workspaceblobstore/paths/f/${name}/${version}/`;
    azure.assets.data.put(name, version, { dataType: "uri_folder", dataUri, tags, properties: {} }, author);
  }
  const tagsOf = async (name: string, version: string): Promise<Record<string, string>> =>
    (await theCloud()).azure.assets.data.version(name, version)?.properties["tags"] as Record<string, string>;
  const check = (name: string, more: Readonly<Record<string, string>> = {}, options: StoryOptions = {}) =>
    runStory(task, { name, ...more }, scratch, options);
  const writes = (requests: readonly string[]) => requests.filter((one) => /^(PUT|PATCH|DELETE) /.test(one));

  it("is no baseline of the next one, so that drift does not pass at the second look", async () => {
    await register("drifting", "1", table(0));
    await register("drifting", "2", table(30), { owner: "ada" });
    const second = await check("drifting");
    assert.match(second.error?.message ?? "", /^drifting:2 did not pass /);
    assert.equal(writes(second.requests).length, 1);
    assert.deepEqual(await tagsOf("drifting", "2"), {
      owner: "ada",
      [MARK]: "failed",
      [MARK_RUN]: provenance.runUri,
    });
    await register("drifting", "3", table(30.1));
    const third = await check("drifting");
    assert.match(third.error?.message ?? "passed", /^drifting:3 did not pass /);
    assert.equal(third.set["baseline"], "drifting:1");
    assert.match(third.log, /drifting:2 is passed over as a baseline: it failed its last check \(.+\)\./);
  });

  it("is no baseline of files, nor of data that RegisterData checks first", async () => {
    await register("files", "1", table(0));
    await register("files", "2", table(30), { [MARK]: "failed" });
    writeFileSync(path.join(scratch, "files.csv"), table(30));
    const checked = await check("files", { source: "files", dataPath: path.join(scratch, "files.csv") });
    assert.match(checked.error?.message ?? "passed", /did not pass/);
    assert.equal(checked.set["baseline"], "files:1");
    assert.deepEqual(writes(checked.requests), [], "files are no version, and have no mark");
    const given = {
      source: "inline",
      name: "files",
      type: "uri_file",
      path: path.join(scratch, "files.csv"),
      dataRules: "data.rows > 1",
    };
    const registered = await runStory(registerData, given, scratch);
    assert.match(registered.error?.message ?? "registered", /Nothing was registered\.$/);
    assert.equal(registered.record.dataCheck?.baseline, "files:1");
  });

  it("loses the mark by a check that it passes, and by no check that looks at nothing", async () => {
    await register("mended", "1", table(0));
    await register("mended", "2", table(30), { owner: "ada", [MARK]: "failed", [MARK_RUN]: "https://a.example/1" });
    const nothing = await check("mended", { baseline: "none" });
    assert.equal(nothing.error, undefined, nothing.log);
    assert.equal((await tagsOf("mended", "2"))[MARK], "failed");
    const passed = await check("mended", { baseline: "none", dataRules: "data.rows == 400" });
    assert.equal(passed.error, undefined, passed.log);
    assert.deepEqual(await tagsOf("mended", "2"), { owner: "ada" });
    await register("mended", "3", table(30));
    const next = await check("mended");
    assert.equal(next.error, undefined, next.log);
    assert.equal(next.outputs?.baseline, "mended:2");
  });

  it("keeps the mark where every check that it passes is skipped", async () => {
    await register("skipping", "1", table(0), { [MARK]: "failed" });
    await register("skipping", "2", table(30), { [MARK]: "failed" });
    const expectationsFile = path.join(scratch, "drift.yml");
    writeFileSync(expectationsFile, "baseline:\n  psi: 0.1\n");
    for (const given of [{ expectationsFile }, { dataRules: "psi.value < 0.2" }]) {
      const ran = await check("skipping", given);
      assert.equal(ran.error, undefined, ran.log);
      assert.equal((await tagsOf("skipping", "2"))[MARK], "failed", JSON.stringify(given));
    }
  });

  it("keeps the tags that others write while its files are read", async () => {
    const { azure } = await theCloud();
    for (const [version, rules] of [
      ["1", "data.rows > 1000"],
      ["2", "data.rows == 400"],
    ] as const) {
      const tags = version === "1" ? {} : { [MARK]: "failed" };
      await register("meanwhile", version, table(0), tags);
      const between: StoryOptions["between"] = async (request, send) => {
        const has = azure.assets.data.version("meanwhile", version);
        if (has !== undefined && request.url.includes("a.csv")) has.properties["tags"] = { ...tags, approved: "Ada" };
        return send();
      };
      const given = { dataVersion: version, baseline: "none", dataRules: rules, onFail: "continue" };
      const ran = await check("meanwhile", given, { between });
      assert.equal(ran.error, undefined, ran.log);
      const { approved, [MARK]: mark } = await tagsOf("meanwhile", version);
      assert.deepEqual({ approved, mark }, { approved: "Ada", mark: version === "1" ? "failed" : undefined });
    }
  });

  it("is a baseline where it is named, and the log warns", async () => {
    await register("named", "1", table(30), { [MARK]: "failed" });
    await register("named", "2", table(30));
    const ran = await check("named", { baseline: "1" });
    assert.equal(ran.outputs?.baseline, "named:1", ran.log);
    assert.match(ran.log, /\[warning\] named:1, which the input baseline names, failed its last check\./);
  });

  it("leaves the next one without a baseline where all before failed, which is said", async () => {
    await register("all", "1", table(0), { [MARK]: "failed" });
    await register("all", "2", table(0));
    const ran = await check("all");
    assert.equal(ran.error, undefined, ran.log);
    assert.equal(ran.record.dataCheck?.noBaseline, "each earlier version of all failed its last check");
    assert.match(ran.log, /\[warning\] .*each earlier version of all failed its last check/);
  });

  it("is marked where the step goes on, once, and the second time nothing is written", async () => {
    await register("going", "1", table(0));
    await register("going", "2", table(30));
    for (const count of [1, 0]) {
      const ran = await check("going", { onFail: "continue" });
      assert.equal(ran.outputs?.passed, false, ran.log);
      assert.equal(writes(ran.requests).length, count);
    }
    assert.equal((await tagsOf("going", "2"))[MARK], "failed");
  });

  it("stays as it is in a run of a pull request, unless that run registered it", async () => {
    const pull = { ...provenance, pullRequestId: "7", branch: "refs/pull/7/merge" };
    await register("pulled", "1", table(0));
    await register("pulled", "2", table(30));
    const others = await check("pulled", { onFail: "continue" }, { provenance: pull });
    assert.deepEqual(writes(others.requests), []);
    assert.match(others.log, /pulled:2 is not marked: a run of a pull request marks only versions that it registered/);
    await register("pulled", "3", table(30), { [MARK]: "failed" });
    const passing = await check("pulled", { baseline: "none", dataRules: "data.rows == 400" }, { provenance: pull });
    assert.equal(passing.error, undefined, passing.log);
    assert.equal((await tagsOf("pulled", "3"))[MARK], "failed");

    writeFileSync(path.join(scratch, "own.csv"), table(30));
    const own = { source: "inline", name: "pulled", type: "uri_file", path: path.join(scratch, "own.csv") };
    const registered = await runStory(registerData, own, scratch, { provenance: pull });
    assert.equal(registered.outputs?.version, "4", registered.log);
    await check("pulled", { onFail: "continue", baseline: "1" }, { provenance: pull });
    assert.equal((await tagsOf("pulled", "4"))[MARK], "failed");
  });

  it("fails its check as ever where the mark is refused, and a warning names the right", async () => {
    await register("refused-mark", "1", table(0));
    await register("refused-mark", "2", table(30));
    const between: StoryOptions["between"] = async (request, send) =>
      request.method === "PUT"
        ? answered(request, 403, { error: { code: "AuthorizationFailed", message: "Not by this identity" } })
        : send();
    const ran = await check("refused-mark", {}, { between });
    assert.match(ran.error?.message ?? "", /^refused-mark:2 did not pass /);
    assert.match(
      ran.log,
      /\[warning\] refused-mark:2 could not be marked as failed: .* It takes a role such as AzureML Data/,
    );
  });
});
