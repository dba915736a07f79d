// Tags that the input `tags` of SubmitJob adds to those of the file: what Azure takes of nobody is refused before anything is asked of it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import task from "../../tasks/SubmitJob/index.ts";
import { theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { runStory } from "./context.ts";

describe("tags of a job, from its file and from the input", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "own-tags-"));
  const jobFile = path.join(folder, "job.yml");
  before(async () => {
    await new JobClient(await theCloud()).prepare();
    const tags = Array.from({ length: 40 }, (_, index) => `  tag${index}: "${index}"\n`).join("");
    const top = 'command: "true"\nenvironment: azureml:plain:1\ncompute: azureml:cpu-cluster\n';
    writeFileSync(jobFile, `${top}tags:\n${tags}`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const submit = (tags: readonly string[]) =>
    runStory(task, { jobFile, wait: "false", tags: tags.join("\n") }, folder, { stepIdentity: `tags ${tags.length}` });
  const many = (count: number) => Array.from({ length: count }, (_, index) => `own${index}=x`);

  for (const [what, tags, says] of [
    ["51 together", many(11), /^The job has 51 tags, with those of the input tags; Azure takes 50\.$/],
    [
      "a value of 1,001 characters",
      [`a=${"x".repeat(1_001)}`],
      /^The tag "a" has 1,001 characters; Azure takes 1,000\.$/,
    ],
    ["a name of 101 characters", [`${"n".repeat(101)}=x`], /^The name of a tag has 101 characters; Azure takes 100\.$/],
  ] as const)
    it(`are refused before anything is sent: ${what}`, async () => {
      const { error, requests } = await submit(tags);
      assert.match(error?.message ?? "submitted", says);
      assert.deepEqual(
        requests.filter((one) => /^(PUT|PATCH|POST) /.test(one) && !/\/token\?/.test(one)),
        [],
      );
    });

  for (const [what, key] of [
    ["a branch of 90 characters", `refs/heads/${"b".repeat(79)}`],
    ["250 characters that are not all of a tag's name", `train:${"k".repeat(244)}`],
  ] as const)
    it(`leave room for the lock of a concurrency key: ${what}`, async () => {
      const given = { jobFile, wait: "false", concurrencyKey: key };
      const { error, log } = await runStory(task, given, folder, { stepIdentity: `key ${key.length}` });
      assert.equal(error, undefined, log);
    });

  it("are taken up to 50 together", async () => {
    const { error, log } = await submit(many(10));
    assert.equal(error, undefined, log);
  });
});
