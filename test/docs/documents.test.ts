// YAML blocks of the documentation that are no pipelines: each is a file that a task or a program takes, and is read by it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readDataChecks } from "../../lib/ml/data-checks/check-data.ts";
import { readScenarios } from "../../local/azure/scenarios/document.ts";
import { readSettings } from "../../local/commands/project/settings.ts";
import { planFile } from "../../scripts/plan/plan.ts";
import { documents } from "./samples.ts";

/** By words of the block: the name that its file has, and what reads that. */
const READERS: readonly (readonly [RegExp, string, (file: string) => unknown])[] = [
  [/^# scenario\.yml$/m, "scenario.yml", readScenarios],
  [/^type: Microsoft\.Insights\//m, "insights.yml", (file) => planFile(file)],
  [/^leaveOut:/m, "azureml-local.yml", (file) => readSettings(path.dirname(file))],
  [/^baseline:/m, "expectations.yml", (expectationsFile) => readDataChecks({ expectationsFile })],
];

describe("files that the documentation shows", () => {
  const all = documents();
  let folder: string;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "documents-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = async (text: string): Promise<void> => {
    const reader = READERS.find(([words]) => words.test(text));
    assert.ok(reader !== undefined, "nothing reads it; add its reader to READERS");
    const file = path.join(folder, reader[1]);
    writeFileSync(file, text);
    await reader[2](file);
  };

  it("are found, of every kind", () => {
    for (const [words] of READERS)
      assert.ok(
        all.some(({ text }) => words.test(text)),
        String(words),
      );
  });

  for (const { name, text } of all) {
    it(`${name} is read, and is refused with a key that its reader does not know`, async () => {
      await read(text);
      await assert.rejects(read(`${text}\nnoSuchKey: 1\n`), /noSuchKey/);
    });
  }
});
