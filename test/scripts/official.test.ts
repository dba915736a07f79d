// `npm run test:official`: what counts for and against local Azure, what is left out and named, and where files come from.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { entryOf, judge, type LeftOutList, readLeftOut, report } from "../../scripts/official/judge.ts";
import type { TestEnd } from "../../scripts/official/pytest.ts";
import { layOut } from "../../scripts/official/suite.ts";

const file = path.resolve(import.meta.dirname, "../official/left-out.json");
const a = "tests/component/e2etests/test_component.py::TestComponent";
const end = (id: string, outcome: TestEnd["outcome"], rest: Partial<TestEnd> = {}): TestEnd => ({
  ...{ id, outcome, seconds: 1 },
  ...rest,
});
const list: LeftOutList = {
  "tests/local_endpoint/e2etests": { class: "b", reason: "needs Docker", run: false },
  [`${a}::test_download`]: { class: "c", reason: "asks for another cloud's host" },
  [`${a}::test_download[with_code]`]: { class: "n", reason: "not built" },
};

describe("the run of the official client's own tests", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "official-test-"));
  after(() => rmSync(folder, { recursive: true }));

  it("finds a test's entry by its id, or by the class, file or folder that it is in, the longest first", () => {
    assert.equal(entryOf(list, `${a}::test_download[with_code]`)?.entry.class, "n");
    assert.equal(entryOf(list, `${a}::test_download[with_env]`)?.entry.class, "c");
    assert.equal(entryOf(list, `${a}::test_download_of_files`), undefined);
    assert.equal(entryOf(list, "tests/local_endpoint/e2etests/test_it.py::Test::test")?.entry.run, false);
    assert.equal(entryOf(list, "tests/local_endpoint/e2etests_more/test_it.py"), undefined);
  });

  it("counts a failure unless the test is listed, or a file that it opened is not there", () => {
    assert.equal(judge(end(`${a}::test_create`, "failed", { error: "E 404" }), list).kind, "failed");
    assert.equal(judge(end(`${a}::test_download`, "failed"), list).kind, "left out");
    const missing = ["tests/test_configs/components/one.yml"];
    assert.deepEqual(judge(end(`${a}::test_create`, "failed", { missing }), list), { kind: "no file", files: missing });
    assert.equal(judge(end(`${a}::test_create`, "passed", { missing }), list).kind, "passed");
  });

  it("ends with the count, and names what is left out, why, and what passed against the list", () => {
    const ends = [
      end(`${a}::test_create`, "passed"),
      end(`${a}::test_list`, "failed", { error: "E   assert None" }),
      end(`${a}::test_download`, "passed"),
      end(`${a}::test_download[with_code]`, "failed"),
      end(`${a}::test_flow`, "failed", { missing: ["tests/test_configs/flow.yaml"] }),
      end("tests/dataset/e2etests/test_data.py::TestData::test_live", "skipped", { error: "Skipped: only replayed" }),
    ];
    const { text, failed } = report(ends, list, 12);
    assert.equal(failed, 1);
    const lines = text.split("\n");
    assert.equal(lines.at(-1), "2 passed, 1 failed");
    assert.match(lines.at(-2) ?? "", /^66\.7 % of the 3 tests/);
    for (const line of [
      `✗ ${a}::test_list`,
      "    E   assert None",
      `  n ${a}::test_download[with_code]: not built`,
      `  ${a}::test_flow: tests/test_configs/flow.yaml`,
      "  b tests/local_endpoint/e2etests: needs Docker",
      "  tests/dataset/e2etests/test_data.py::TestData::test_live: Skipped: only replayed",
      `  ${a}::test_download: asks for another cloud's host`,
    ])
      assert.ok(lines.includes(line), `${line}\nis not in\n${text}`);
    const row = (name: string) =>
      lines
        .find((line) => line.startsWith(name))
        ?.split(/\s+/)
        .slice(1);
    assert.deepEqual(row("component "), ["5", "2", "1", "1", "0", "0", "1", "0"]);
    assert.deepEqual(row("all "), ["5", "2", "1", "1", "0", "0", "1", "1"]);
  });

  it("lists tests with a class and a reason, and refuses a list without", () => {
    assert.ok(Object.keys(readLeftOut(file)).every((id) => id.startsWith("tests/")));
    for (const broken of [
      { class: "a", reason: "local Azure is wrong" },
      { class: "b", reason: " " },
    ]) {
      const where = path.join(folder, "broken.json");
      writeFileSync(where, JSON.stringify({ [`${a}::test`]: broken }));
      assert.throws(
        () => readLeftOut(where),
        /test_component\.py::TestComponent::test (is of class 'a'|has no reason)/,
      );
    }
  });

  it("takes configuration files from a checkout, and Python files from the distribution before those", () => {
    const put = (name: string, text: string) => {
      mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    };
    const below = "checkout/sdk/ml/azure-ai-ml/tests/test_configs";
    put(`${below}/command_job/job.yml`, "command: echo");
    put(`${below}/dsl/pipeline.py`, "old");
    put("home/tests/test_configs/dsl/pipeline.py", "new");
    for (const [configs, into] of [
      ["checkout", "whole"],
      [below, "part"],
    ] as const) {
      layOut(path.join(folder, "home"), path.join(folder, configs), path.join(folder, into));
      const read = (name: string) => readFileSync(path.join(folder, into, "tests/test_configs", name), "utf8");
      assert.deepEqual([read("command_job/job.yml"), read("dsl/pipeline.py")], ["command: echo", "new"]);
    }
    layOut(path.join(folder, "home"), undefined, path.join(folder, "none"));
    assert.ok(!existsSync(path.join(folder, "none/tests/test_configs/command_job")));
    const wrong = path.join(folder, "home");
    assert.throws(() => layOut(wrong, wrong, path.join(folder, "wrong")), /holds no configuration files/);
  });
});
