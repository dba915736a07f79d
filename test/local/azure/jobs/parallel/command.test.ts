// A parallel step whose run() gives no results: the job fails, as two reports show of the service, however many failures the step lets pass.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parallelCommand } from "../../../../../local/azure/jobs/parallel/command.ts";
import { project } from "../../../../lib/ml/projects.ts";

describe("a parallel step", () => {
  /** Runs the step over two files, and gives what became of it. */
  const run = (body: string, more: Record<string, unknown> = {}) => {
    const folder = project({ "score.py": `def run(mini_batch):\n    ${body}\n`, "in/a.csv": "1", "in/b.csv": "2" });
    const command = parallelCommand({
      input_data: "in",
      mini_batch_size: 1,
      error_threshold: -1,
      retry_settings: { max_retries: 0 },
      task: { entry_script: "score.py", append_row_to: "rows.txt" },
      ...more,
    });
    const { status, stdout, stderr } = spawnSync("sh", ["-c", command.replace(/^python /, "python3 ")], {
      cwd: folder,
      encoding: "utf8",
    });
    return { status, said: stdout + stderr, folder };
  };

  it("takes what run() returns as rows", () => {
    const { status, said, folder } = run("return [path[-5:] for path in mini_batch]");
    assert.equal(status, 0, said);
    assert.equal(readFileSync(`${folder}/rows.txt`, "utf8"), "a.csv\nb.csv\n");
  });

  it("takes arrays as NumPy has them, of one number and of several a row, and no single number", () => {
    const array = [
      "class Array(list):",
      "        __array__ = tolist = lambda self: list(self)",
      "    class Number:",
      "        shape, __array__, tolist = (), None, lambda self: 7",
    ].join("\n");
    for (const [result, rows] of [
      ["Array([Number()])", "7\n7\n"],
      ["Array([Array([1.5, Number()])])", "1.5 7\n1.5 7\n"],
      ["[{'a': Number()}]", '{"a": 7}\n{"a": 7}\n'],
    ]) {
      const { status, said, folder } = run(`${array}\n    return ${result}`);
      assert.equal(status, 0, said);
      assert.equal(readFileSync(`${folder}/rows.txt`, "utf8"), rows, result);
    }
    const { status, said } = run(`${array}\n    return Number()`);
    assert.equal(status, 1, said);
    assert.match(said, /The actual type of output is Number\..*There is no succeeded mini batch item/s);
  });

  it("whose run() returns no list and no table has failed in that mini-batch", () => {
    const some = run('return None if mini_batch[0].endswith("a.csv") else ["b"]');
    assert.equal(some.status, 0, some.said);
    assert.match(some.said, /2 mini-batches, 1 failed; 1 rows/);
    assert.match(some.said, /should return a list or a pandas DataFrame.*The actual type of output is NoneType\./);
    const strict = run('return None if mini_batch[0].endswith("a.csv") else ["b"]', { error_threshold: 0 });
    assert.equal(strict.status, 1, strict.said);
  });

  for (const [what, body] of [
    ["None", "return None"],
    ["an empty list", "return []"],
    ["a text", 'return "done"'],
  ] as const)
    it(`whose run() always returns ${what} fails, also where any number of items may`, () => {
      const { status, said } = run(body);
      assert.equal(status, 1, said);
      assert.match(said, /There is no succeeded mini batch item returned from run\(\)\./);
    });

  it("that appends no rows needs none", () => {
    const { status, said } = run("return []", { task: { entry_script: "score.py" } });
    assert.equal(status, 0, said);
  });
});
