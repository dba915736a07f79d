// Compare models, as shipped: the job that scores runs on local Azure, and the verdict reaches the step, the record, the page and the tests.
import assert from "node:assert/strict";
import { asked, assertSucceeded, Bench, NODES, needsNode, type TaskRun } from "../harness/bench.ts";
import { rowsOf, SCORING_SCRIPT } from "../tasks/comparing.ts";

const files = {
  "scoring/compare.py": SCORING_SCRIPT,
  "models/strong/model.json": '{"weight": 2}',
  "models/weak/model.json": '{"weight": 0.4, "other": 1}',
  "rows/holdout.csv": rowsOf(400),
  "environment.yml": "image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04\n",
};
const given = {
  ...{ challengerModel: "model:strong:1", championModel: "model:weak:1", testData: "azureml:holdout@latest" },
  ...{ targetColumn: "y", idColumn: "id", scoreWith: "script", scoringScript: "scoring/compare.py" },
  ...{ jobEnvironment: "file:environment.yml", jobCompute: "cpu-cluster", compareBy: "auc" },
};

describe("AzureMLCompareModels as shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
    for (const name of ["strong", "weak"]) {
      const model = { source: "folder", modelPath: `models/${name}`, name, type: "custom_model" };
      assertSucceeded(await bench.run("RegisterModel", model, { files }));
    }
    const data = { source: "inline", name: "holdout", type: "uri_file", path: "rows/holdout.csv" };
    assertSucceeded(await bench.run("RegisterData", data, { files }));
  });
  after(() => bench?.close());

  const compare = (inputs: Record<string, string> = {}, options: Parameters<Bench["run"]>[2] = {}) =>
    bench.run("CompareModels", { ...given, ...inputs }, { files, ...options });
  const tests = ({ build }: TaskRun) =>
    bench.cloud.devops.testRuns
      .ofBuild(build.id)
      .flatMap(({ results }) => results.map(({ values }) => [values["testCaseTitle"], values["outcome"]]));

  for (const node of NODES) {
    it(`passes a better model, and shows it on the run (Node ${node})`, async function () {
      needsNode(this, node);
      const run = await compare({}, { node });
      assertSucceeded(run);
      const { jobName, difference, ...outputs } = run.outputs;
      assert.deepEqual(outputs, {
        ...{ passed: "true", outcome: "better", challenger: "strong:1", champion: "weak:1", data: "holdout:1" },
      });
      assert.ok(Number(difference) > 0.05);
      assert.match(jobName ?? "", /^compare-strong-1-weak-1-[0-9a-f]{12}$/);
      assert.deepEqual(tests(run), [["strong:1 against weak:1 by auc on holdout:1", "Passed"]]);
      assert.equal(run.record?.comparison?.outcome, "better");
      assert.match(run.summaries[0] ?? "", /\*\*The challenger passes\*\*: The challenger is better/);
    });
  }

  it("needs no second job where the models were scored before", async () => {
    const run = await compare({ compareBy: "logLoss" });
    assertSucceeded(run);
    assert.deepEqual(asked(run, "arm", "PUT", /\/jobs\//), []);
    assert.match(run.log, /is Completed: its scores are used/);
  });

  it("fails with the sentence, and leaves its outputs, where the challenger is not better", async () => {
    const run = await compare({ challengerModel: "model:weak:1", championModel: "model:strong:1" });
    assert.equal(run.result, "Failed");
    assert.match(
      run.errors.join(),
      /weak:1 did not pass its comparison\. It was to be better than the champion\. The challenger is worse\./,
    );
    assert.equal(run.outputs["passed"], "false");
    assert.deepEqual(tests(run), [["weak:1 against strong:1 by auc on holdout:1", "Failed"]]);
    assert.equal(run.record?.error?.code, "AML1520");
  });
});
