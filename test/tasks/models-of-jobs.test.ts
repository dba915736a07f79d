// Models that a file makes of a job's output: applied twice they are the same, whatever form the address has; of nothing none is made.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import apply from "../../tasks/Apply/index.ts";
import registerData from "../../tasks/RegisterData/index.ts";
import submitJob from "../../tasks/SubmitJob/index.ts";
import { project } from "../lib/ml/projects.ts";
import { runStory } from "./context.ts";

describe("models of a job's output", () => {
  let job = "";
  before(async () => {
    const folder = project({
      "job.yml": `type: command
command: mkdir -p outputs && echo m > outputs/model.pkl && echo m > \${{outputs.model}}/m.txt
environment: {image: ubuntu}
compute: azureml:cpu-cluster
outputs: {model: {type: custom_model, mode: upload}}
`,
    });
    const ran = await runStory(submitJob, { jobFile: path.join(folder, "job.yml") }, folder, {
      stepIdentity: randomUUID(),
    });
    assert.equal(ran.error, undefined, ran.error?.message);
    job = ran.outputs?.jobName ?? "";
  });

  const FORMS: Readonly<Record<string, string>> = {
    "a file of its artifacts": "azureml://jobs/JOB/outputs/artifacts/paths/outputs/model.pkl",
    "a folder of its artifacts, with a slash": "azureml://jobs/JOB/outputs/artifacts/paths/outputs/",
    "an output": "azureml://jobs/JOB/outputs/model",
    "an output's file": "azureml://jobs/JOB/outputs/model/paths/m.txt",
    "a run": "runs:/JOB/outputs",
  };
  for (const [what, at] of Object.entries(FORMS))
    for (const version of ["1", undefined])
      it(`are unchanged the second time: ${what}${version ? "" : ", without a version"}`, async () => {
        const name = `of-job-${randomUUID().slice(0, 8)}`;
        const folder = project({
          "model.yml": `name: ${name}\n${version ? `version: ${version}\n` : ""}type: custom_model\npath: ${at.replace("JOB", job)}\n`,
        });
        const first = await runStory(apply, { file: path.join(folder, "model.yml") }, folder);
        assert.equal(first.error, undefined, first.error?.message);
        assert.equal(first.outputs?.changed, true);
        for (const round of [2, 3]) {
          const again = await runStory(apply, { file: path.join(folder, "model.yml") }, folder);
          assert.equal(again.error, undefined, again.error?.message);
          assert.equal(again.outputs?.changed, false, `round ${round}: ${again.log}`);
          assert.deepEqual(again.outputs?.versions, { [`models.${name}`]: "1" });
        }
      });

  it("are others where the output is another", async () => {
    const name = `of-job-${randomUUID().slice(0, 8)}`;
    const yaml = (at: string) =>
      `name: ${name}\nversion: 1\ntype: custom_model\npath: azureml://jobs/${job}/outputs/${at}\n`;
    const one = project({ "model.yml": yaml("model") });
    assert.equal((await runStory(apply, { file: path.join(one, "model.yml") }, one)).error, undefined);
    const other = project({ "model.yml": yaml("artifacts/paths/outputs/model.pkl") });
    const ran = await runStory(apply, { file: path.join(other, "model.yml") }, other);
    assert.match(ran.error?.message ?? "", /version 1 of the model .* is there already and is another/);
  });

  for (const [what, at, says] of [
    [
      "a file that is not there",
      "artifacts/paths/outputs/nothing.pkl",
      /no "outputs\/nothing\.pkl" in the output "artifacts".*there are .*outputs/,
    ],
    ["an output that the job has not", "modle", /no output "modle"; it has model/],
  ] as const)
    it(`are not made of ${what}`, async () => {
      const folder = project({
        "model.yml": `name: of-nothing\nversion: 1\ntype: custom_model\npath: azureml://jobs/${job}/outputs/${at}\n`,
      });
      const ran = await runStory(apply, { file: path.join(folder, "model.yml") }, folder);
      assert.match(ran.error?.message ?? "", says);
      assert.match(ran.error?.message ?? "", /^model\.yml:4:7: /);
      assert.ok(!ran.requests.some((one) => one.startsWith("PUT ")), ran.requests.join("\n"));
    });

  it("leaves data of a job's output as it is, too", async () => {
    const name = `data-of-job-${randomUUID().slice(0, 8)}`;
    const folder = project({
      "data.yml": `name: ${name}\ntype: uri_folder\npath: azureml://jobs/${job}/outputs/model/paths/\n`,
    });
    const register = () => runStory(registerData, { dataFile: path.join(folder, "data.yml") }, folder);
    const applied = () => runStory(apply, { file: path.join(folder, "data.yml") }, folder);
    assert.equal((await register()).outputs?.created, true);
    assert.equal((await register()).outputs?.created, false);
    assert.equal((await applied()).outputs?.changed, false);
  });
});
