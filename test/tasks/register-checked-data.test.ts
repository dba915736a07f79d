// Register data asks the checks first where expectations or rules are given: what fails is neither uploaded nor registered.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import task from "../../tasks/RegisterData/index.ts";
import { theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

describe("Register data, checked first", () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "register-checked-"));
  after(() => rmSync(scratch, { recursive: true, force: true }));
  const write = (name: string, content: string) => {
    mkdirSync(path.dirname(path.join(scratch, name)), { recursive: true });
    writeFileSync(path.join(scratch, name), content);
    return path.join(scratch, name);
  };
  const rows = (count: number, of: (row: number) => number) =>
    `value\n${Array.from({ length: count }, (_, row) => of(row)).join("\n")}\n`;
  const register = (name: string, file: string, more: Readonly<Record<string, string>>) =>
    runStory(task, { source: "inline", name, type: "uri_file", path: file, ...more }, scratch);
  const writes = (requests: readonly string[]) => requests.filter((one) => /^(PUT|PATCH) /.test(one));

  it("registers what passes, the first version too, and shows the profile beside it", async () => {
    const first = await register(
      "checked",
      write(
        "a.csv",
        rows(50, (row) => row % 7),
      ),
      { dataRules: "nulls.value == 0" },
    );
    assert.equal(first.error, undefined, first.log);
    assert.deepEqual(
      [first.outputs?.version, first.record.dataCheck?.noBaseline],
      ["1", "checked has no earlier version"],
    );
    const second = await register(
      "checked",
      write(
        "b.csv",
        rows(60, (row) => row % 7),
      ),
      { dataRules: "nulls.value == 0" },
    );
    assert.equal(second.error, undefined, second.log);
    assert.deepEqual([second.outputs?.version, second.record.dataCheck?.baseline], ["2", "checked:1"]);
  });

  it("neither uploads nor registers what fails, and says why", async () => {
    await register(
      "refused",
      write(
        "c.csv",
        rows(50, (row) => row % 7),
      ),
      {},
    );
    const more = { expectationsFile: write("expect.yml", "columns: { value: { max: 8 } }\n") };
    const ran = await register(
      "refused",
      write(
        "d.csv",
        rows(50, (row) => (row % 7) + 3),
      ),
      more,
    );
    assert.match(
      ran.error?.message ?? "",
      /^.*did not pass \d of \d+ checks\. .*value: at most 8: The largest value is 9\. .*Nothing was registered\.$/,
    );
    assert.deepEqual(writes(ran.requests), []);
    assert.equal(ran.record.dataCheck?.passed, false);
    assert.equal((await theCloud()).azure.assets.data.version("refused", "2"), undefined);
  });

  it("reads what lies in a datastore already", async () => {
    const { azure } = await theCloud();
    await azure.blobs.put(
      `azureml-blobstore-${azure.workspaceGuid}`,
      "there/e.csv",
      rows(20, (row) => row),
    );
    const uri = "azureml://datastores/workspaceblobstore/paths/there/e.csv";
    const good = await register("there", uri, { dataRules: "data.rows == 20" });
    assert.equal(good.error, undefined, good.log);
    const bad = await register("there", uri, { dataRules: "data.rows == 21", baseline: "none" });
    assert.match(bad.error?.message ?? "", /data\.rows = 20 is not equal to 21/);
  });

  it("compares with a baseline that is named alone", async () => {
    const small = write(
      "g.csv",
      rows(60, (row) => row % 7),
    );
    assert.equal((await register("compared", small, {})).error, undefined);
    const other = await register("compared", write("h.csv", "other\n1\n2\n"), { baseline: "1" });
    assert.match(other.error?.message ?? "registered", /did not pass .* Nothing was registered\.$/);
    assert.deepEqual([writes(other.requests), other.record.dataCheck?.baseline], [[], "compared:1"]);
    const none = await register("compared", write("h.csv", "other\n1\n2\n"), { baseline: "none" });
    assert.deepEqual([none.error, none.record.dataCheck], [undefined, undefined]);
  });

  it("loads no reader of tables where nothing is asked", async () => {
    const ran = await register("unasked", write("f.csv", 'a\n"1'), {});
    assert.equal(ran.error, undefined, ran.log);
    assert.equal(ran.record.dataCheck, undefined);
  });
});
