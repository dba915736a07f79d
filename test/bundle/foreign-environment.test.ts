// Environment variables that libraries read: none changes where a credential goes or what stands in the log.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { assertSucceeded, Bench } from "../harness/bench.ts";
import { probeFolder } from "../harness/probe.ts";

describe("environment variables of libraries, in packaged tasks", () => {
  let bench: Bench;
  let stranger: Server;
  let callers = 0;
  let address: string;

  before(async () => {
    bench = await Bench.open();
    stranger = createServer((socket) => {
      callers += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const { port } = stranger.address() as { port: number };
    address = `127.0.0.1:${port}`;
  });
  beforeEach(() => {
    callers = 0;
  });
  after(async () => {
    stranger?.close();
    await bench?.close();
  });

  const direct = () => ({ caFile: bench.cloud.caFile });

  for (const connection of ["azure-ml", "azure-ml-certificate", "azure-ml-federated"] as const)
    for (const name of [
      "AZURE_REGIONAL_AUTHORITY_NAME",
      "MSAL_FORCE_REGION",
      "REGION_NAME",
      "AZURE_AUTHORITY_HOST",
      "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    ])
      it(`${name} sends the credential of ${connection} nowhere else`, async () => {
        const value = /HOST$/.test(name) ? `https://${address}/` : `${address}/`;
        const run = await bench.run(
          "SubmitJob",
          {},
          { connection, network: direct(), variables: { [name]: value }, taskFolder: await probeFolder() },
        );
        assert.equal(callers, 0, "somebody else was called");
        assertSucceeded(run);
      });

  for (const [title, oidc] of [
    ["with an OIDC address of its own", (home: string) => `${home}oidc`],
    ["and no OIDC address", () => ""],
  ] as const)
    it(`a collection that a pipeline variable names gets no token of the job, ${title}`, async () => {
      const home = `http://${address}/`;
      const run = await bench.run(
        "SubmitJob",
        {},
        {
          connection: "azure-ml-federated",
          network: direct(),
          variables: { "System.CollectionUri": home, "System.OidcRequestUri": oidc(home) },
          taskFolder: await probeFolder(),
        },
      );
      assert.equal(callers, 0, "somebody else was called");
      if (oidc(home) === "") assertSucceeded(run);
      else assert.match(run.errors.join("\n"), /System\.OidcRequestUri .* does not belong to https:/);
    });

  it("a managed identity is not asked of an address that a pipeline variable names", async () => {
    const variables = {
      IDENTITY_ENDPOINT: `http://${address}/`,
      IDENTITY_HEADER: "x",
      MSI_ENDPOINT: `http://${address}/`,
    };
    const { header } = bench.cloud.managedIdentity;
    const run = await bench.run(
      "SubmitJob",
      {},
      {
        connection: "azure-ml-identity",
        network: direct(),
        variables: { ...variables, AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://${address}/` },
        environment: { IDENTITY_HEADER: header },
        taskFolder: await probeFolder(),
        timeoutInMinutes: 1,
      },
    );
    assert.equal(callers, 0, "somebody else was called");
    assert.doesNotMatch(run.log, /##vso/);
  });

  it("NODE_TLS_REJECT_UNAUTHORIZED does not take away what certificates are for", async () => {
    const run = await bench.run(
      "SubmitJob",
      {},
      { network: {}, variables: { NODE_TLS_REJECT_UNAUTHORIZED: "0" }, taskFolder: await probeFolder() },
    );
    assert.equal(run.result, "Failed");
    assert.match(run.errors[0] ?? "", /could not be asked for a token.*certificate/s);
  });

  it("AZURE_LOG_LEVEL, DEBUG and their like print nothing that a blob's author wrote", async () => {
    const { azure } = bench.cloud;
    const evil = "##vso[task.setvariable variable=x]y";
    const container = `azureml-blobstore-${azure.workspaceGuid}`;
    await azure.blobs.put(container, "m/loud/1/model.json", "{}", evil);
    const properties = {
      modelType: "custom_model",
      modelUri: "azureml://datastores/workspaceblobstore/paths/m/loud/1",
      ...{ tags: {}, properties: {}, flavors: {}, jobName: null, stage: null },
    };
    azure.assets.models.put("loud", "1", properties, { name: "Ada", type: "User" });
    const variables = {
      AZURE_LOG_LEVEL: "verbose",
      TYPESPEC_RUNTIME_LOG_LEVEL: "verbose",
      DEBUG: "*",
      NODE_DEBUG: "http,https,tls,net,tunnel,stream,undici",
      LOG_STREAM: "1",
      LOG_TOKENS: "1",
      Q_DEBUG: "1",
    };
    const build = bench.newBuild();
    const run = await bench.run("DownloadModel", { modelName: "loud" }, { build, variables });
    assertSucceeded(run);
    assert.deepEqual(run.variables, [], "no variable was set");
    assert.equal(build.tags.size, 0);
    assert.doesNotMatch(run.log, /##vso/);
    assert.doesNotMatch(run.log, /^(azure:|@azure|typeSpecRuntime)/m, "no library speaks for itself");
  });
});
