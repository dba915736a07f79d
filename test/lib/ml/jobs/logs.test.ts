// A growing log: whole lines, whole characters, only once.
import assert from "node:assert/strict";
import fc from "fast-check";
import { LineReader, LogCursor, logsToShow } from "../../../../lib/ml/jobs/logs.ts";

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

  it("cuts a line at 16 KB with a word about it, however it comes, and never within a character", () => {
    for (const character of ["x", "ä", "€", "😀"]) {
      const line = character.repeat(100_000);
      const bytes = Buffer.from(`${line}\nnext`);
      for (const piece of [bytes.length, 4_099]) {
        const reader = new LineReader();
        const seen: string[] = [];
        for (let at = 0; at < bytes.length; at += piece) seen.push(...reader.push(bytes.subarray(at, at + piece)));
        seen.push(...reader.end());
        assert.equal(seen.length, 2);
        const [, kept = "", word = ""] = /^(\P{ASCII}+|x+)(.*)$/su.exec(seen[0]!) ?? [];
        assert.ok(Buffer.byteLength(kept) <= 16_384 && Buffer.byteLength(kept) > 16_000, `${Buffer.byteLength(kept)}`);
        assert.equal(kept.replaceAll(character, ""), "");
        assert.match(word, new RegExp(`cut.*${Buffer.byteLength(line)} bytes`));
        assert.equal(seen[1], "next");
      }
    }
  });

  it("keeps of a progress bar its last state, however often it is drawn", () => {
    const reader = new LineReader();
    const seen: string[] = [];
    for (let turn = 0; turn < 100_000; turn++) seen.push(...reader.push(Buffer.from(`\r${turn} of 100000`)));
    seen.push(...reader.push(Buffer.from("\r")), ...reader.push(Buffer.from("\ndone")), ...reader.end());
    assert.deepEqual(seen, ["99999 of 100000", "done"]);
  });

  it("keeps at most 8 KB for the error that may come", () => {
    const cursor = new LogCursor(20);
    for (let turn = 0; turn < 20; turn++) cursor.take(Buffer.from(`${turn} ${"x".repeat(5_000)}\n`));
    const tail = cursor.tail().join("\n");
    assert.ok(tail.length <= 8_192 && tail.length > 4_000, `${tail.length}`);
    assert.match(cursor.tail().at(-1)!, /^19 /);
  });

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
