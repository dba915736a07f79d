// The names of evidence: no input and no file may give a tag that CheckModel takes for evidence, and nothing is written where one does.
import assert from "node:assert/strict";
import Apply from "../../tasks/Apply/index.ts";
import DeployEndpoint from "../../tasks/DeployEndpoint/index.ts";
import RegisterData from "../../tasks/RegisterData/index.ts";
import RegisterModel from "../../tasks/RegisterModel/index.ts";
import SubmitJob from "../../tasks/SubmitJob/index.ts";
import { project } from "../lib/ml/projects.ts";
import { runStory } from "./context.ts";

const NAMES = [
  "evaluation",
  "evaluationPipeline",
  "evaluationRun",
  "evaluationTime",
  "approval",
  "Evaluation",
  "APPROVAL",
];

describe("a tag that would be evidence", () => {
  const files = (tag: string) => {
    const tags = `tags: {owner: ada, ${tag}: passed}`;
    return project({
      "model/weights.txt": "model",
      "data.csv": "a,b\n1,2\n",
      "model.yml": `$schema: https://azuremlschemas.azureedge.net/latest/model.schema.json\nname: named-evidence\npath: model\n${tags}\n`,
      "all/data.yml":
        "$schema: https://azuremlschemas.azureedge.net/latest/data.schema.json\nname: named-evidence-data\ntype: uri_file\npath: ../data.csv\n",
      "all/model.yml": `$schema: https://azuremlschemas.azureedge.net/latest/model.schema.json\nname: named-evidence\npath: ../model\n${tags}\n`,
      "data.yml": `name: named-evidence\ntype: uri_file\npath: data.csv\n${tags}\n`,
      "job.yml": `type: command\ncommand: echo\nenvironment: {image: u}\n${tags}\n`,
      "endpoint.yml": "name: named-evidence\nauth_mode: key\n",
      "deployment.yml": `name: blue\nendpoint_name: named-evidence\nmodel: {path: model, ${tags}}\ninstance_type: Standard_DS3_v2\ninstance_count: 1\nenvironment: {image: u}\ncode_configuration: {code: model, scoring_script: weights.txt}\n`,
    });
  };
  // biome-ignore lint/suspicious/noExplicitAny: a task of any kind
  const roads: Record<string, (tag: string, at: string) => [any, Record<string, string>]> = {
    "the input tags of RegisterModel": (tag, at) => [
      RegisterModel,
      { source: "folder", modelPath: `${at}/model`, name: "named-evidence", tags: `${tag}=passed` },
    ],
    "the input tags of RegisterData": (tag, at) => [
      RegisterData,
      { dataFile: `${at}/data.yml`, tags: `${tag}=passed`, name: "named-evidence" },
    ],
    "the inputs of RegisterData without a file": (tag, at) => [
      RegisterData,
      { source: "inline", name: "named-evidence", type: "uri_file", path: `${at}/data.csv`, tags: `${tag}=passed` },
    ],
    "the file of RegisterData": (_tag, at) => [RegisterData, { dataFile: `${at}/data.yml` }],
    "a model's file that Apply reads": (_tag, at) => [Apply, { file: `${at}/model.yml` }],
    "a model among other documents that Apply reads": (_tag, at) => [Apply, { file: `${at}/all` }],
    "the file of SubmitJob": (_tag, at) => [SubmitJob, { jobFile: `${at}/job.yml`, wait: "false" }],
    "a model inside a deployment's file": (_tag, at) => [
      DeployEndpoint,
      { endpointFile: `${at}/endpoint.yml`, deploymentFile: `${at}/deployment.yml` },
    ],
  };
  for (const [road, inputs] of Object.entries(roads))
    it(`is refused from ${road}`, async () => {
      for (const tag of NAMES) {
        const at = files(tag);
        const [task, given] = inputs(tag, at);
        const ran = await runStory(task, given, at);
        assert.match(ran.error?.message ?? "(no error)", new RegExp(`tag "${tag}"`), `${road}, ${tag}`);
        assert.match(ran.error?.message ?? "", /evidence|EvaluateMetrics|approve/);
        const writes = ran.requests.filter((one) => /^(PUT|PATCH|DELETE) /.test(one));
        assert.deepEqual(writes, [], `${road}, ${tag}`);
      }
    });
});
