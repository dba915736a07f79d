// The transcript that a pipeline may ask for, as packaged tasks leave it.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { assertSucceeded, Bench } from "../harness/bench.ts";

const inputs = { source: "inline", name: "told", type: "uri_file", path: "data/about.txt" };
const variables = (folder: string) => ({ "AzureML.Transcript": { value: folder } });

describe("a transcript", () => {
  let bench: Bench;
  let elsewhere: string;
  before(async () => {
    bench = await Bench.open();
    elsewhere = mkdtempSync(path.join(tmpdir(), "transcript-"));
  });
  after(async () => {
    rmSync(elsewhere, { recursive: true, force: true });
    await bench?.close();
  });

  it("is not written unless the pipeline wishes for one", async () => {
    const run = await bench.run("RegisterData", inputs);
    assertSucceeded(run);
    assert.doesNotMatch(run.log, /transcript/i);
  });

  it("is written nowhere but in the agent's own folders of the job", async () => {
    for (const folder of [elsewhere, "relative", path.join(elsewhere, "..", path.basename(elsewhere), "deeper")]) {
      const run = await bench.run("RegisterData", inputs, { variables: variables(folder) });
      assert.equal(run.result, "Succeeded", run.log);
      assert.match(run.warnings.join("\n"), /The transcript is not written: AzureML\.Transcript names/);
    }
    assert.deepEqual(readdirSync(elsewhere), []);
    assert.equal(existsSync("relative"), false);
  });

  for (const below of ["", "/deeper"])
    it(`goes through no link of the repository: ${below || "the folder itself"}`, async () => {
      const run = await bench.run("RegisterData", inputs, {
        variables: variables(`$(Build.SourcesDirectory)/link${below}`),
        prepare: (sources) => symlinkSync(elsewhere, path.join(sources, "link")),
      });
      assert.equal(run.result, "Succeeded", run.log);
      assert.deepEqual(readdirSync(elsewhere), []);
      assert.match(run.warnings.join("\n"), /The transcript is not written: .* is a link/);
    });

  it("goes through no link of the repository: a file of its own name", async () => {
    const victim = path.join(mkdtempSync(path.join(tmpdir(), "transcript-")), "victim");
    writeFileSync(victim, "as it was");
    const run = await bench.run("RegisterData", inputs, {
      variables: variables("$(Build.SourcesDirectory)/told"),
      prepare: (sources) => {
        mkdirSync(path.join(sources, "told"), { recursive: true });
        symlinkSync(victim, path.join(sources, "told", "Job.RegisterData.jsonl"));
      },
    });
    assert.equal(run.result, "Succeeded", run.log);
    assert.equal(readFileSync(victim, "utf8"), "as it was");
    assert.match(run.warnings.join("\n"), /The transcript cannot be written/);
    rmSync(path.dirname(victim), { recursive: true });
  });

  it("that cannot be written is told once and fails nothing", async () => {
    const run = await bench.run("RegisterData", inputs, {
      variables: variables("$(Build.SourcesDirectory)/taken"),
      prepare: (sources) => writeFileSync(path.join(sources, "taken"), "a file, and no folder"),
    });
    assert.equal(run.result, "Succeeded", run.log);
    assert.equal(run.warnings.length, 1, run.warnings.join("\n"));
    assert.match(
      run.warnings[0] ?? "",
      /The transcript cannot be written to .*taken \(E[A-Z]+\); the task continues without it/,
    );
  });
});
