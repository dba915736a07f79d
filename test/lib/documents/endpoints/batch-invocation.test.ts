// Invocations of batch endpoints: what `az ml batch-endpoint invoke --file` takes, and the body that Azure's client sends for it.
import assert from "node:assert/strict";
import { batchInvocationBody, type GivenInvocation, parseBatchInvocation } from "../../../../lib/documents/index.ts";
import { faultsOf, offline, type Project, project, WORKSPACE } from "../project.ts";

describe("an invocation's YAML", () => {
  let files: Project;
  beforeEach(() => {
    files = project({ "data/a.txt": "1", "one.csv": "a,b\n" });
  });
  afterEach(() => files.remove());

  const body = (yaml: string, given: GivenInvocation = {}, overrides = "") =>
    batchInvocationBody(parseBatchInvocation(files.yaml(yaml), given, { overrides: { yaml: overrides } }), offline());
  const faults = (yaml: string, given: GivenInvocation = {}) =>
    faultsOf(() => parseBatchInvocation(files.yaml(yaml), given));

  it("becomes the body with the data plane's own names of types", async () => {
    const uri = "azureml://datastores/workspaceblobstore/paths/rows";
    assert.deepEqual(
      await body(
        `inputs:
  folder: {type: uri_folder, path: "${uri}"}
  file: {type: uri_file, path: https://account.blob.core.windows.net/c/a.csv}
  asset: {path: "azureml:rows:2"}
  word: hello
  count: 3
  typed: {type: string, default: 5}
  flag: {type: boolean, default: true}
outputs:
  score: {type: uri_file, path: "${uri}/out.csv", mode: upload}
experiment_name: greetings
mini_batch_size: 4
instance_count: 2
error_threshold: -1
output_file_name: out.csv
retry_settings: {max_retries: 1, timeout: 90}
tags: {a: b}
`.replace("  other:\n", ""),
      ),
      {
        inputData: {
          folder: { jobInputType: "UriFolder", uri },
          file: { jobInputType: "UriFile", uri: "https://account.blob.core.windows.net/c/a.csv" },
          asset: { jobInputType: "UriFolder", uri: `${WORKSPACE}/data/rows/versions/2` },
          word: { jobInputType: "Literal", value: "hello" },
          count: { jobInputType: "Literal", value: 3 },
          typed: { jobInputType: "Literal", value: "5" },
          flag: { jobInputType: "Literal", value: true },
        },
        outputData: { score: { jobOutputType: "UriFile", mode: "Upload", uri: `${uri}/out.csv` } },
        compute: { instanceCount: 2 },
        errorThreshold: -1,
        miniBatchSize: 4,
        outputFileName: "out.csv",
        retrySettings: { maxRetries: 1, timeout: "PT1M30S" },
        properties: { experimentName: "greetings" },
        tags: { a: "b" },
      },
    );
  });

  it("uploads what lies on this machine, a folder with a slash at its end", async () => {
    const sent = (await body("inputs: {rows: {path: data}, one: {type: uri_file, path: one.csv}}")) as {
      inputData: Record<string, { uri: string }>;
    };
    assert.match(sent.inputData["rows"]!.uri, /\/data\/$/);
    assert.match(sent.inputData["one"]!.uri, /\/one\.csv$/);
  });

  it("says nothing that it was not told", async () => {
    assert.deepEqual(await body("{}"), {});
  });

  it("is laid under what the task's inputs say", async () => {
    const given: GivenInvocation = {
      inputs: { rows: { input: "input", path: "azureml:rows:3", type: "uri_folder" } },
      parameters: { month: "11" },
      settings: {
        error_threshold: { input: "errorThreshold", value: "7" },
        deployment: { input: "deploymentName", value: "b" },
      },
    };
    const yaml = "inputs: {rows: {path: data}, mode: append}\ndeployment: a\nerror_threshold: 1\n";
    assert.equal(parseBatchInvocation(files.yaml(yaml), given).deployment, "b");
    assert.deepEqual(await body(yaml, given, "mini_batch_size: 2\ninputs: {mode: replace}"), {
      inputData: {
        rows: { jobInputType: "UriFolder", uri: `${WORKSPACE}/data/rows/versions/3` },
        mode: { jobInputType: "Literal", value: "replace" },
        month: { jobInputType: "Literal", value: "11" },
      },
      errorThreshold: 7,
      miniBatchSize: 2,
    });
  });

  for (const [what, yaml, fault] of [
    ["a field that it has not", "imputs: {a: 1}", /no field "imputs".*inputs/],
    ["a name for the job", "job_name: mine\ninputs: {a: 1}", /no field "job_name"/],
    ["a data input without a path", "inputs: {a: {type: uri_folder}}", /has no path/],
    ["a literal without a value", "inputs: {a: {type: string}}", /has no value/],
    ["an empty text", 'inputs: {a: ""}', /empty text/],
    ["a folder that is not there", "inputs: {a: {path: nothing}}", /no file or folder nothing/],
    ["a file as a folder", "inputs: {a: {path: one.csv}}", /is a file, but the input's type is uri_folder/],
    ["a name with a dash", "inputs: {a-b: 1}", /a-b.*Azure ML refuses/],
    ["a mini-batch of nothing", "mini_batch_size: 0", /at least 1/],
    ["a threshold below -1", "error_threshold: -2", /at least -1/],
    ["an endpoint's name with a slash", "endpoint: a/b", /holds "\/"/],
  ] as const)
    it(`is refused with ${what}`, () => {
      assert.match(faults(yaml).map(String).join("\n"), fault);
    });

  it("names the task's input in a fault of what that says", () => {
    const given: GivenInvocation = { settings: { mini_batch_size: { input: "miniBatchSize", value: "many" } } };
    assert.match(faults("{}", given).map(String).join("\n"), /miniBatchSize/);
  });
});
