// A growing log: whole lines, whole characters, only once.
import assert from "node:assert/strict";
import fc from "fast-check";
import { LineReader, LogCursor, logsToShow } from "../../../lib/ml/logs.ts";

describe("a growing log", () => {
  it("gives the same lines however its bytes are cut", () => {
    const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, " "));
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(7), { minLength: 1 }),
        (lines, cuts) => {
          const bytes = Buffer.from(`${lines.join("\n")}\n`);
          const reader = new LineReader();
          const seen: string[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const length = 1 + (cuts[turn % cuts.length] ?? 0);
            seen.push(...reader.push(bytes.subarray(at, at + length)));
            at += length;
          }
          assert.deepEqual([...seen, ...reader.end()], lines);
        },
      ),
    );
  });

  const cases: [string, string[], string[]][] = [
    ["CRLF", ["a\r\nb\r", "\nc"], ["a", "b", "c"]],
    ["a progress bar", ["\r10 %", "\r20 %\r", "30 %\ndone\n"], ["30 %", "done"]],
    ["no newline at the end", ["a\nb"], ["a", "b"]],
    ["empty lines", ["\n\na\n"], ["", "", "a"]],
    ["nothing", [], []],
  ];
  for (const [what, pieces, expected] of cases) {
    it(`reads ${what}`, () => {
      const reader = new LineReader();
      assert.deepEqual([...pieces.flatMap((piece) => reader.push(Buffer.from(piece))), ...reader.end()], expected);
    });
  }

  it("keeps the last lines that hold anything", () => {
    const cursor = new LogCursor(3);
    cursor.take(Buffer.from("1\n2\n\n3\n4\n  \n5"));
    cursor.end();
    assert.deepEqual(cursor.tail(), ["3", "4", "5"]);
    assert.equal(cursor.offset, 13);
  });

  const choices: [string[], string[]][] = [
    [["user_logs/std_log.txt", "system_logs/x.log", "azureml-logs/70_driver_log.txt"], ["user_logs/std_log.txt"]],
    [["user_logs/std_log_process_0.txt", "user_logs/std_log_process_1.txt"], ["user_logs/std_log_process_0.txt"]],
    [
      ["azureml-logs/55_x.txt", "azureml-logs/70_driver_log.txt"],
      ["azureml-logs/55_x.txt", "azureml-logs/70_driver_log.txt"],
    ],
    [["logs/azureml/executionlogs.txt", "logs/azureml/stderrlogs.txt"], ["logs/azureml/executionlogs.txt"]],
    [["azureml-logs/hyperdrive.txt"], ["azureml-logs/hyperdrive.txt"]],
    [["outputs/x.txt"], []],
  ];
  for (const [paths, shown] of choices) {
    it(`shows ${shown.join(", ") || "nothing"} of ${paths.join(", ")}`, () =>
      assert.deepEqual(logsToShow(paths), shown));
  }
});
