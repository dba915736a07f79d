// Task steps against task.json: names and aliases, required and unknown inputs, values, connections by name.
import assert from "node:assert/strict";
import type { ServiceConnection } from "../../../../local/agent/index.ts";
import { PipelineError } from "../../../../local/pipeline/index.ts";
import { isVisible } from "../../../../local/pipeline/running/visible-rule.ts";
import { CONNECTION_ID, PRINT_ENVIRONMENT } from "../../agent/fixture.ts";
import { linesOf, Workshop } from "../fixture.ts";

const MANIFEST = {
  name: "AzureMLTrain",
  inputs: [
    { name: "connection", aliases: ["azureSubscription"], type: "connectedService:AzureRM", required: true },
    {
      name: "mode",
      type: "pickList",
      options: { file: "File", inline: "Inline" },
      defaultValue: "file",
      required: true,
    },
    { name: "jobFile", type: "filePath", required: true, visibleRule: "mode = file" },
    { name: "job", type: "multiLine", required: true, visibleRule: "mode = inline" },
    { name: "compute", type: "pickList", options: {}, properties: { EditableOptions: "True" } },
    { name: "wait", type: "boolean", defaultValue: true },
  ],
};
const CONNECTION: ServiceConnection = {
  id: CONNECTION_ID,
  type: "azurerm",
  url: "https://localhost/",
  scheme: "ServicePrincipal",
  parameters: { tenantid: "t", serviceprincipalid: "client-of-ours", serviceprincipalkey: "s3cr3t-key" },
  data: { subscriptionId: "sub" },
};

describe("task steps of a pipeline", () => {
  let workshop: Workshop;
  beforeEach(() => {
    workshop = new Workshop();
    workshop.tasks.set("AzureMLTrain@1", workshop.bench.task(MANIFEST, PRINT_ENVIRONMENT));
    workshop.tasks.set("AzureMLWait@1", workshop.bench.task({ name: "AzureMLWait", runsOn: ["Server"] }, ""));
  });
  afterEach(() => workshop.close());

  const faultsOf = async (task: string, inputs: Record<string, string>, head = "") => {
    const rows = Object.entries(inputs).map(([name, value]) => `    ${name}: ${value}`);
    const yaml = `${head}steps:\n- task: ${task}\n  inputs:\n${rows.join("\n") || "    {}"}\n`;
    try {
      const other = { ...CONNECTION, id: CONNECTION_ID.replace(/.$/, "9"), type: "azureml-workspace" };
      await workshop.run(yaml, { connections: { "azure-ml": CONNECTION, other } });
      return [];
    } catch (error) {
      assert.ok(error instanceof PipelineError, String(error));
      return error.message.split("\n");
    }
  };
  const good = { azureSubscription: "azure-ml", jobFile: "job.yml" };

  it("hands over inputs under their own names, the connection by its id and with its secrets masked", async () => {
    const yaml = `variables: {subscription: AZURE-ML}
steps:
- checkout: none
- task: azuremltrain@1
  name: train
  inputs:
    azureSubscription: $(subscription)
    jobFile: azureml/job.yml
    compute: $(compute)
    wait: true
`;
    const outcome = await workshop.run(yaml, { connections: { "azure-ml": CONNECTION } });
    const line = linesOf(outcome, "train").find((text) => text.startsWith("ENV "))!;
    const environment = JSON.parse(line.slice(4)) as Record<string, string>;
    assert.equal(environment["INPUT_CONNECTION"], CONNECTION_ID);
    assert.equal(environment["INPUT_AZURESUBSCRIPTION"], undefined);
    assert.match(environment["INPUT_JOBFILE"]!, /\/1\/s\/azureml\/job\.yml$/);
    assert.equal(environment["INPUT_WAIT"], "true");
    assert.equal(environment[`ENDPOINT_AUTH_PARAMETER_${CONNECTION_ID}_SERVICEPRINCIPALKEY`], "***");
    assert.equal(environment[`ENDPOINT_DATA_${CONNECTION_ID}_SUBSCRIPTIONID`], "sub");
    assert.equal(environment["ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION"], "OAuth");
    assert.ok(
      environment["SYSTEM_OIDCREQUESTURI"]!.endsWith(
        `/plans/${environment["SYSTEM_PLANID"]}/jobs/${environment["SYSTEM_JOBID"]}/oidctoken`,
      ),
    );
  });

  const table: readonly (readonly [string, string, Record<string, string>, RegExp])[] = [
    [
      "a task that is not there",
      "AzureMLTran@1",
      good,
      /^azure-pipelines\.yml:2:9: A task is missing: .*'AzureMLTran@1'; did you mean 'AzureMLTrain@1'\?/,
    ],
    ["another major version", "AzureMLTrain@2", good, /no task 'AzureMLTrain@2'; did you mean 'AzureMLTrain@1'/],
    [
      "a connection of another type",
      "AzureMLTrain@1",
      { ...good, azureSubscription: "other" },
      /:4:\d+: The pipeline is not valid\. Job Job: Step AzureMLTrain1 input connection expects a service connection of type AzureRM but the provided service connection other is of type azureml-workspace\./,
    ],
    ["a reference without a version", "AzureMLTrain", good, /:2:9: 'AzureMLTrain' is no task reference/],
    [
      "a task of the server",
      "AzureMLWait@1",
      {},
      /:2:9: The task 'AzureMLWait@1' is not valid for the job Job: it runs on Server, in a job of its own with pool: server/,
    ],
    [
      "a missing input",
      "AzureMLTrain@1",
      { azureSubscription: "azure-ml" },
      /:2:9: The input 'jobFile' of AzureMLTrain@1 is required and missing/,
    ],
    [
      "an empty input",
      "AzureMLTrain@1",
      { ...good, jobFile: '""' },
      /:5:14: The input 'jobFile' of AzureMLTrain@1 is required and empty/,
    ],
    [
      "an input required by a rule",
      "AzureMLTrain@1",
      { ...good, mode: "inline" },
      /:2:9: The input 'job' of AzureMLTrain@1 is required and missing/,
    ],
    [
      "an unknown input",
      "AzureMLTrain@1",
      { ...good, jobfle: "x" },
      /:6:5: AzureMLTrain@1 has no input 'jobfle'; did you mean 'jobFile'\?/,
    ],
    [
      "one input under two names",
      "AzureMLTrain@1",
      { ...good, connection: "azure-ml" },
      /:6:5: The input 'connection' is given twice/,
    ],
    [
      "a value outside a list",
      "AzureMLTrain@1",
      { ...good, mode: "files" },
      /:6:11: The input 'mode' must be one of file, inline, not 'files'/,
    ],
    ["no boolean", "AzureMLTrain@1", { ...good, wait: "maybe" }, /:6:11: The input 'wait' must be true or false/],
    [
      "an unknown connection",
      "AzureMLTrain@1",
      { ...good, azureSubscription: "azure" },
      /:4:24: There was a resource authorization issue: "The pipeline is not valid\. Job Job: Step AzureMLTrain1 input connection references service connection azure which could not be found\./,
    ],
  ];
  for (const [title, task, inputs, expected] of table) {
    it(`refuses ${title}`, async () => {
      const faults = await faultsOf(task, inputs);
      assert.ok(
        faults.some((fault) => expected.test(fault)),
        `expected ${expected}, found:\n${faults.join("\n") || "no fault"}`,
      );
      assert.equal(workshop.devops.builds.all.length, 0, "nothing ran");
    });
  }

  it("reads visible rules", () => {
    const value = (name: string) => ({ a: "X", b: "" })[name] ?? "";
    assert.ok(isVisible(undefined, value));
    assert.ok(isVisible("a = x && b != y", value));
    assert.ok(isVisible("a = y || a EndsWith X", value));
    assert.ok(!isVisible("a NotEndsWith x", value));
    assert.throws(() => isVisible("(a)", value), /cannot be read/);
  });
});
