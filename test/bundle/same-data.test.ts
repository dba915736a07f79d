// Evaluate metrics, as shipped: whether job and champion were measured on the same data, by what their runs really read.
import assert from "node:assert/strict";
import { jobService } from "../../local/azure/jobs/service.ts";
import { assertSucceeded, Bench } from "../harness/bench.ts";
import { logging } from "../harness/logging.ts";

type Document = Readonly<Record<string, unknown>>;
const RULES = "metrics.auc >= champion.auc";

describe("AzureMLEvaluateMetrics and the data", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());

  const registered = async (name: string, content: string): Promise<string> => {
    const run = await bench.run(
      "RegisterData",
      { source: "inline", name, type: "uri_file", path: `${name}.csv` },
      { files: { [`${name}.csv`]: content } },
    );
    assertSucceeded(run);
    return `azureml:${name}:${run.outputs["version"]}`;
  };
  const submitted = async (job: Document): Promise<string> => {
    const files = { "job.yml": JSON.stringify(job) };
    const run = await bench.run("SubmitJob", { jobFile: "job.yml", wait: "false" }, { files });
    assertSucceeded(run);
    await jobService(bench.cloud.azure).ended(run.outputs["jobName"]!);
    return run.outputs["jobName"]!;
  };
  const uri = (path: string) => ({ type: "uri_file", path });
  const step = (inputs: Document, more: Document = {}) => ({
    type: "command",
    command: logging({ auc: 0.8 }),
    environment: { image: "ubuntu" },
    inputs,
    ...more,
  });
  const command = (inputs: Document) => ({ ...step(inputs), compute: "azureml:cpu-cluster" });
  const gate = (jobName: string, champion: string, more: Document = {}) =>
    bench.run("EvaluateMetrics", { jobName, rules: RULES, champion: `job:${champion}`, ...more });

  it("are the same version, another, or another with the same files", async () => {
    const [one, two] = [await registered("house-test", "a,b\n1,2\n"), await registered("house-test", "a,b\n1,3\n")];
    const copy = await registered("house-copy", "a,b\n1,2\n");
    const [first, second, twin, copied] = await Promise.all(
      [one, one, two, copy].map((path) => submitted(command({ test: uri(path) }))),
    );
    const same = await gate(second!, first!, { sameData: "require" });
    assertSucceeded(same);
    assert.equal(same.record?.gate?.sameData?.why, "Both were measured on house-test:1.");
    const warned = await gate(twin!, first!);
    assert.equal(warned.result, "Succeeded", warned.log);
    assert.match(
      warned.warnings.join(),
      /measured on other data\. The input test is house-test:2, and that of the champion house-test:1: 1 of 1 files differ/,
    );
    assert.match(warned.record?.gate?.rules[0]?.detail ?? "", /measured on other data/);
    const refused = await gate(twin!, first!, { sameData: "require" });
    assert.equal(refused.result, "Failed");
    assert.match(refused.errors.join(), /measured on other data\..* The input sameData is require\./);
    const ignored = await gate(twin!, first!, { sameData: "ignore" });
    assertSucceeded(ignored);
    assert.equal(ignored.record?.gate?.sameData, undefined);
    const equal = await gate(copied!, first!, { sameData: "require" });
    assertSucceeded(equal);
    assert.match(equal.record?.gate?.sameData?.inputs[0]?.why ?? "", /both hold the same files/);
  });

  it("are told apart by the inputs that metrics are measured on, where these are named", async () => {
    const [train1, train2] = [await registered("train", "1"), await registered("train", "2")];
    const test = await registered("held-out", "3");
    const [old, fresh] = await Promise.all(
      [train1, train2].map((train) => submitted(command({ train: uri(train), test: uri(test) }))),
    );
    const all = await gate(fresh!, old!, { sameData: "require" });
    assert.match(all.errors.join(), /The input train is train:2, and that of the champion train:1/);
    assertSucceeded(await gate(fresh!, old!, { sameData: "require", measuredOn: "test" }));
    const misspelt = await gate(fresh!, old!, { sameData: "require", measuredOn: "tset" });
    assert.match(misspelt.errors.join(), /is not known\. The input tset is none/);
    const odd = await gate(fresh!, old!, { measuredOn: "te st!" });
    assert.match(odd.errors.join(), /measuredOn has "te st!", which names no input/);
  });

  it("are compared by the files that a step before wrote", async () => {
    const source = await registered("rows", "1\n2\n");
    const made = (text: string) => ({
      type: "pipeline",
      settings: { default_compute: "azureml:cpu-cluster" },
      inputs: { rows: uri(source) },
      jobs: {
        prep: {
          ...step({ rows: { type: "uri_file", path: "${{parent.inputs.rows}}" } }),
          command: `echo ${text} > \${{outputs.out}}/test.csv`,
          outputs: { out: { type: "uri_folder", mode: "upload" } },
        },
        evaluate: step(
          { test: { type: "uri_folder", path: "${{parent.jobs.prep.outputs.out}}" } },
          { description: text },
        ),
      },
    });
    const [one, other] = [await submitted(made("x")), await submitted(made("y"))];
    // The same words in another command: it is run again, and writes the same.
    const again = await submitted(made("'x'"));
    const differ = await gate(other, one, { sameData: "require" });
    assert.match(differ.errors.join(), /The input test is .*: 1 of 1 files differ, such as test\.csv/);
    const equal = await gate(again, one, { sameData: "require" });
    assertSucceeded(equal);
    assert.equal(equal.record?.gate?.sameData?.inputs[0]?.input, "test");
    // What prep read is the same for all.
    assertSucceeded(await gate(other, one, { sameData: "require", measuredOn: "prep.rows" }));
    const missing = await gate(other, one, { sameData: "require", measuredOn: "preparation.rows" });
    assert.match(
      missing.errors.join(),
      /measuredOn names the step "preparation", and the job \S+ has no step of that name; it has /,
    );
  });

  it("are not known where a path was written anew after the champion had read it", async () => {
    const path = "azureml://datastores/workspaceblobstore/paths/moving/test.csv";
    const { blobs } = bench.cloud.azure;
    const write = (text: string) =>
      blobs.put(`azureml-blobstore-${bench.cloud.azure.workspaceGuid}`, "moving/test.csv", text);
    await write("1");
    const old = await submitted(command({ test: uri(path) }));
    const still = await submitted({ ...command({ test: uri(path) }) });
    assertSucceeded(await gate(still, old, { sameData: "require" }));
    jobService(bench.cloud.azure).get(old)!.started! -= 3_600_000;
    const unknown = await gate(still, old, { sameData: "require" });
    assert.match(
      unknown.errors.join(),
      /is not known\. The input test is workspaceblobstore\/moving\/test\.csv: moving\/test\.csv was written after a run had begun/,
    );
    assertSucceeded(await gate(still, old));
  });

  it("are not known of jobs that name none: required, that fails", async () => {
    const [one, other] = await Promise.all([submitted(command({})), submitted(command({}))]);
    const run = await gate(one!, other!, { sameData: "require" });
    assert.match(run.errors.join(), /is not known: neither run names an input with data/);
    const warned = await gate(one!, other!);
    assertSucceeded(warned);
    assert.deepEqual(warned.warnings, []);
  });

  it("of a sweep are those of its best trial", async () => {
    const [one, two] = [await registered("swept", "1"), await registered("swept", "2")];
    const sweep = (path: string) => ({
      type: "sweep",
      compute: "azureml:cpu-cluster",
      inputs: { test: uri(path) },
      trial: { command: logging({ auc: "${{search_space.auc}}" }), environment: { image: "ubuntu" } },
      search_space: { auc: { type: "choice", values: [0.6, 0.9] } },
      sampling_algorithm: "grid",
      objective: { goal: "maximize", primary_metric: "auc" },
      limits: { max_total_trials: 2, max_concurrent_trials: 2 },
    });
    const [old, same, other] = await Promise.all([one, one, two].map((path) => submitted(sweep(path))));
    assertSucceeded(await gate(same!, old!, { sameData: "require" }));
    const run = await gate(other!, old!, { sameData: "require" });
    assert.match(run.errors.join(), /The input test is swept:2, and that of the champion swept:1/);
  });
});
