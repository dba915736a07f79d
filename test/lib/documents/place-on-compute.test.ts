// Azure ML chooses where an input lies on the compute; a document that wants to choose it is refused wherever an input may stand.
import assert from "node:assert/strict";
import { planSource } from "../../../scripts/plan/plan.ts";
import { faultsOf, type Project, project } from "./project.ts";

const INPUT = "{rows: {type: uri_folder, path: azureml:rows:1, path_on_compute: /mnt/rows}}";
const STEP = "command: ls ${{inputs.rows}}\n    environment: azureml:e:1";
const DOCUMENTS: Readonly<Record<string, string>> = {
  "a command job": `command: ls\nenvironment: azureml:e:1\ncompute: c\ninputs: ${INPUT}\n`,
  "a sweep job": `type: sweep\ncompute: c\ntrial: {command: ls, environment: azureml:e:1}\nsearch_space: {a: {type: randint, upper: 3}}\nobjective: {goal: minimize, primary_metric: l}\nlimits: {max_total_trials: 1}\ninputs: ${INPUT}\n`,
  "a pipeline": `type: pipeline\nsettings: {default_compute: c}\ninputs: ${INPUT}\njobs: {a: {command: ls, environment: azureml:e:1}}\n`,
  "a step": `type: pipeline\nsettings: {default_compute: c}\njobs:\n  a:\n    ${STEP}\n    inputs: ${INPUT}\n`,
  "an AutoML job":
    "type: automl\ntask: regression\ncompute: c\ntarget_column_name: y\ntraining_data: {type: mltable, path: azureml:t:1, path_on_compute: /mnt/rows}\n",
};

describe("spec places of inputs on the compute", () => {
  let files: Project;
  before(() => {
    files = project();
  });
  after(() => files.remove());

  for (const [name, text] of Object.entries(DOCUMENTS))
    it(`refuses one in ${name}, with what to write instead`, async () => {
      let thrown: unknown;
      await planSource(files.yaml(text)).catch((error: unknown) => {
        thrown = error;
      });
      const [fault] = faultsOf(() => {
        if (thrown !== undefined) throw thrown;
      });
      assert.match(fault?.message ?? "it was taken", /has no field ".*path_on_compute"/);
      assert.match(fault?.hint ?? "", /\$\{\{inputs\.<name>\}\}/);
      assert.ok(fault?.where?.line);
    });
});
