// Batch endpoints and deployments.
import assert from "node:assert/strict";
import { batchDeploymentKind, batchEndpointKind, kindOf } from "../../../../lib/documents/index.ts";
import { faultsOf, offline, type Project, project, WORKSPACE } from "../project.ts";

const HEAD = "name: classifier\nendpoint_name: heart\n";

describe("spec batch", () => {
  let files: Project;
  beforeEach(() => {
    files = project({ "code/driver.py": "def run(): pass", "pipeline.yml": PIPELINE });
  });
  afterEach(() => files.remove());

  const body = async (yaml: string, resolver = offline()) => {
    const write = await batchDeploymentKind.translate(batchDeploymentKind.parse(files.yaml(HEAD + yaml)), resolver);
    return { write, properties: write.body["properties"] as Record<string, unknown>, puts: resolver.writes };
  };

  it("writes an endpoint with its default deployment", async () => {
    const yaml = "name: heart\ndescription: d\ntags: {a: 1}\ndefaults: {deployment_name: blue}\n";
    assert.deepEqual(await batchEndpointKind.translate(batchEndpointKind.parse(files.yaml(yaml)), offline()), {
      method: "PUT",
      path: "batchEndpoints/heart",
      apiVersion: "2023-10-01",
      body: {
        location: "eastus2",
        tags: { a: "1" },
        properties: {
          description: "d",
          authMode: "aadToken",
          properties: {},
          defaults: { deploymentName: "blue" },
        },
      },
    });
  });

  it("is recognised by the default deployment that only a batch endpoint has", () => {
    assert.equal(kindOf(files.yaml("name: heart\ndefaults: {deployment_name: blue}\n")), "batch endpoint");
    assert.equal(kindOf(files.yaml("name: heart\nauth_mode: aad_token\ndefaults: {}\n")), "batch endpoint");
  });

  it("flattens the settings of a model deployment", async () => {
    const { write, properties } = await body(`type: model
model: azureml:m:3
compute: azureml:cpu
code_configuration: {code: code, scoring_script: driver.py}
environment: azureml:e:1
resources: {instance_count: 2}
settings:
  mini_batch_size: 10
  output_action: append_row
  retry_settings: {max_retries: 3, timeout: 300}
  error_threshold: -1
  environment_variables: {A: 1}
`);
    assert.equal(write.apiVersion, "2024-01-01-preview");
    assert.equal(write.path, "batchEndpoints/heart/deployments/classifier");
    const { codeConfiguration, ...rest } = properties;
    assert.equal((codeConfiguration as { scoringScript: string }).scoringScript, "driver.py");
    assert.deepEqual(rest, {
      model: { referenceType: "Id", assetId: `${WORKSPACE}/models/m/versions/3` },
      environmentId: `${WORKSPACE}/environments/e/versions/1`,
      compute: `${WORKSPACE}/computes/cpu`,
      resources: { instanceCount: 2, properties: {} },
      miniBatchSize: 10,
      outputAction: "AppendRow",
      retrySettings: { maxRetries: 3, timeout: "PT5M" },
      errorThreshold: -1,
      environmentVariables: { A: "1" },
      properties: {},
    });
  });

  it("takes the number of machines from the settings", async () => {
    const { properties } = await body("type: model\ncompute: c\nsettings: {instance_count: 4}\n");
    assert.deepEqual(properties["resources"], { instanceCount: 4, properties: {} });
  });

  it("reads the older form without a type", async () => {
    const { properties } = await body("compute: c\nmini_batch_size: 3\noutput_file_name: p.csv\n");
    assert.deepEqual(properties, {
      compute: `${WORKSPACE}/computes/c`,
      miniBatchSize: 3,
      outputFileName: "p.csv",
      environmentVariables: {},
      properties: {},
    });
  });

  it("writes a deployment of a registered pipeline component, its settings as text", async () => {
    const yaml = "type: pipeline\ncomponent: azureml:hello@latest\nsettings: {continue_on_step_failure: false, n: 3}\n";
    const { write, properties } = await body(yaml);
    assert.equal(write.apiVersion, "2023-02-01-preview");
    assert.deepEqual(properties["deploymentConfiguration"], {
      deploymentConfigurationType: "PipelineComponent",
      componentId: { referenceType: "Id", assetId: `${WORKSPACE}/components/hello/versions/7` },
      settings: { continue_on_step_failure: "False", n: "3" },
    });
  });

  it("registers a pipeline component that lies in a file, under a version of its content", async () => {
    const first = await body("type: pipeline\ncomponent: pipeline.yml\n");
    files.write("pipeline.yml", PIPELINE.replace("echo 1", "echo 2"));
    const second = await body("type: pipeline\ncomponent: pipeline.yml\n");
    const ids = [first, second].map(({ puts }) => puts.at(-1)?.path);
    assert.match(ids[0] ?? "", /\/components\/azureml_anonymous\/versions\/[0-9a-f-]{36}$/);
    assert.notEqual(ids[0], ids[1]);
  });

  it("registers the component of a job, one version for each job", async () => {
    const first = await body("type: pipeline\njob_definition: azureml:job1\n");
    const second = await body("type: pipeline\njob_definition: azureml:job2\n");
    assert.match(JSON.stringify(first.puts[0]?.body), /"sourceJobId":"job1"/);
    assert.notEqual(first.puts[0]?.path, second.puts[0]?.path);
  });

  const REFUSED: readonly [string, RegExp, string][] = [
    ["type: model\nmodel: azureml:m:1\n", /needs the field "compute"/, ""],
    [
      "type: model\ncompute: c\nresources: {instance_count: 1}\nsettings: {instance_count: 2}\n",
      /both say/,
      "settings.instance_count",
    ],
    ["type: model\ncompute: c\nmini_batch_size: 3\n", /no field "mini_batch_size"/, "mini_batch_size"],
    ["compute: c\noutput_action: summary_only\noutput_file_name: x\n", /no output file/, "output_file_name"],
    ["type: pipeline\n", /either a component or a job_definition/, ""],
    ["type: pipeline\ncomponent: azureml:c:1\njob_definition: azureml:j\n", /either a component/, ""],
    [
      "compute: c\ncode_configuration: {code: code, scoring_script: drive.py}\n",
      /there is no scoring script/,
      "code_configuration.scoring_script",
    ],
  ];
  for (const [yaml, pattern, path] of REFUSED)
    it(`refuses ${JSON.stringify(yaml)}`, () => {
      const [fault] = faultsOf(() => batchDeploymentKind.parse(files.yaml(HEAD + yaml)));
      assert.match(fault?.message ?? "", pattern);
      assert.equal(fault?.path ?? "", path);
    });
});

const PIPELINE = `
type: pipeline
jobs:
  one: {type: command, command: echo 1, environment: "azureml:e:1"}
`;
