// A job's process against the booted local cloud: code, inputs, outputs, environment, log, failure.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalCloud, startCloud } from "../../../../../local/cloud.ts";
import { until } from "../../../../harness/until.ts";
import { ask } from "../../client.ts";
import { JobClient } from "../../job-client.ts";

describe("local Azure: what a job's process gets and leaves", () => {
  let cloud: LocalCloud;
  let jobs: JobClient;

  before(async () => {
    process.env["LOCAL_TEST_HOST_SECRET"] = "of-the-host";
    cloud = await startCloud();
    jobs = new JobClient(cloud);
    await jobs.prepare();
    const { blobs } = cloud.azure;
    await blobs.put(jobs.blobstore, "LocalUpload/h1/table.csv", "a,b\n1,2\n");
    await blobs.put(jobs.blobstore, "LocalUpload/h2/folder/one.txt", "one");
    await blobs.put(jobs.blobstore, "LocalUpload/h2/folder/deep/two.txt", "two");
    await jobs.arm("PUT", "/data/table/versions/1", {
      properties: {
        dataType: "uri_file",
        dataUri: "azureml://datastores/workspaceblobstore/paths/LocalUpload/h1/table.csv",
      },
    });
    await jobs.arm("PUT", "/models/net/versions/1", {
      properties: {
        modelType: "custom_model",
        modelUri: "azureml://datastores/workspaceblobstore/paths/LocalUpload/h2/folder",
      },
    });
  });
  after(() => {
    delete process.env["LOCAL_TEST_HOST_SECRET"];
    return cloud.close();
  });

  async function withCode(files: Record<string, string>): Promise<{ codeId: string }> {
    const container = `code-${Object.keys(files)
      .join("")
      .replaceAll(/[^a-z]/g, "")}-${Date.now()}`;
    for (const [path, text] of Object.entries(files)) await cloud.azure.blobs.put(container, `src/${path}`, text);
    const url = new URL(cloud.azure.blobs.url(container, "src"));
    const name = crypto.randomUUID();
    const answer = await jobs.arm("PUT", `/codes/${name}/versions/1`, {
      properties: { codeUri: url.href, isAnonymous: true },
    });
    assert.equal(answer.status, 201, answer.text);
    return { codeId: jobs.id(`codes/${name}/versions/1`) };
  }

  describe("inputs", () => {
    it("are literals, files and folders, by asset, short and long datastore URI and blob URL", async () => {
      const { subscriptionId, resourceGroup, workspaceName } = cloud.azure;
      const long = `azureml://subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/workspaces/${workspaceName}/datastores/workspaceblobstore/paths/LocalUpload/h2/folder/`;
      const name = await jobs.run(
        [
          "echo literal=${{inputs.n}}",
          'echo "asset=$(cat ${{inputs.asset}} | tail -1)"',
          'echo "short=$(basename ${{inputs.short}})"',
          'echo "long=$(cat ${{inputs.long}}/deep/two.txt)"',
          'echo "model=$(cat ${{inputs.model}}/one.txt)"',
          'echo "url=$(head -1 ${{inputs.url}})"',
          "echo direct=${{inputs.direct}}",
          "echo optional $[[ --given ${{inputs.n}} ]] $[[ --absent ${{inputs.absent}} ]] end",
          'echo "variable=$OWN"',
        ].join("\n"),
        {
          inputs: {
            n: { jobInputType: "literal", value: "3.0" },
            asset: { jobInputType: "uri_file", uri: jobs.id("data/table/versions/1"), mode: "Download" },
            short: {
              jobInputType: "uri_file",
              uri: "azureml://datastores/workspaceblobstore/paths/LocalUpload/h1/table.csv",
              mode: "ReadOnlyMount",
            },
            long: { jobInputType: "uri_folder", uri: long },
            model: { jobInputType: "custom_model", uri: jobs.id("models/net/versions/1") },
            url: { jobInputType: "uri_file", uri: cloud.azure.blobs.url(jobs.blobstore, "LocalUpload/h1/table.csv") },
            direct: { jobInputType: "uri_folder", uri: long, mode: "Direct" },
          },
          environmentVariables: { OWN: "mine ${{inputs.n}}" },
        },
      );
      assert.equal(
        await jobs.said(name),
        `literal=3.0\nasset=1,2\nshort=table.csv\nlong=two\nmodel=one\nurl=a,b\ndirect=${long}\noptional --given 3.0 end\nvariable=mine 3.0\n`,
      );
    });

    it("that are not there fail the job with a sentence that names them", async () => {
      const uri = "azureml://datastores/workspaceblobstore/paths/nothing/here.csv";
      const name = await jobs.submit("cat ${{inputs.d}}", { inputs: { d: { jobInputType: "uri_file", uri } } });
      await jobs.until(name, "Failed");
      const { error } = await jobs.details(name);
      assert.equal(error.error.code, "UserError");
      assert.equal(
        error.error.message,
        `Input 'd': There is no file 'nothing/here.csv' in container '${jobs.blobstore}'.`,
      );
    });
  });

  describe("outputs", () => {
    it("are uploaded, registered under their asset's name, and can be the next job's input", async () => {
      const name = await jobs.run(
        "mkdir -p ${{outputs.model}}/deep && echo w > ${{outputs.model}}/deep/w.bin && echo t > ${{outputs.table}} && echo e > ${{outputs.elsewhere}}/e.txt",
        {
          outputs: {
            model: { jobOutputType: "custom_model", mode: "Upload", assetName: "trained" },
            table: { jobOutputType: "uri_file", assetName: "made-table" },
            elsewhere: {
              jobOutputType: "uri_folder",
              uri: "azureml://datastores/workspaceblobstore/paths/given/${{name}}",
            },
          },
        },
      );
      assert.equal(await jobs.blob(jobs.blobstore, `azureml/${name}/model/deep/w.bin`), "w\n");
      assert.equal(await jobs.blob(jobs.blobstore, `azureml/${name}/table`), "t\n");
      assert.equal(await jobs.blob(jobs.blobstore, `given/${name}/e.txt`), "e\n");
      const model = (await jobs.arm("GET", "/models/trained/versions/1")).body.properties;
      assert.match(model.modelUri, new RegExp(`/resourceGroups/rg1/.*/paths/azureml/${name}/model/$`));
      assert.equal(model.jobName, name);
      const data = (await jobs.arm("GET", "/data/made-table/versions/1")).body.properties;
      assert.match(data.dataUri, new RegExp(`/paths/azureml/${name}/table$`));
      assert.equal(data.dataType, "uri_file");

      const next = await jobs.run("cat ${{inputs.m}}/deep/w.bin ${{inputs.t}} ${{inputs.w}}", {
        inputs: {
          m: { jobInputType: "uri_folder", uri: `azureml://jobs/${name}/outputs/model/paths/` },
          t: { jobInputType: "uri_file", uri: jobs.id("data/made-table/versions/1") },
          w: { jobInputType: "uri_file", uri: `azureml://jobs/${name}/outputs/model/paths/deep/w.bin` },
        },
      });
      assert.equal(await jobs.said(next), "w\nt\nw\n");
    });

    it("that are MLflow models have the flavors of their MLmodel file", async () => {
      const name = await jobs.run(
        "printf 'flavors:\\n  sklearn:\\n    sklearn_version: \"1.5\"\\n' > ${{outputs.m}}/MLmodel",
        {
          outputs: { m: { jobOutputType: "mlflow_model", assetName: "flavoured" } },
        },
      );
      const model = (await jobs.arm("GET", "/models/flavoured/versions/1")).body.properties;
      assert.deepEqual(model.flavors, { sklearn: { data: { sklearn_version: "1.5" } } });
      const from = `azureml://jobs/${name}/outputs/m/paths/`;
      const again = await jobs.arm("PUT", "/models/from-output/versions/1", {
        properties: { modelType: "mlflow_model", modelUri: from },
      });
      assert.deepEqual(again.body.properties.flavors, model.flavors);
      const place = `workspaces/ws1/datastores/workspaceblobstore/paths/azureml/${name}/m/`;
      assert.ok(again.body.properties.modelUri.endsWith(place), again.body.properties.modelUri);
      assert.equal(again.body.properties.jobName, name);
    });

    it("of a failed job are neither uploaded nor registered, but its outputs folder is kept", async () => {
      const name = await jobs.submit(
        "mkdir outputs; echo kept > outputs/why.txt; echo x > ${{outputs.o}}/x.txt; exit 3",
        {
          outputs: { o: { jobOutputType: "uri_folder", assetName: "never" } },
        },
      );
      await jobs.until(name, "Failed");
      assert.equal(await jobs.blob("azureml", `ExperimentRun/dcid.${name}/outputs/why.txt`), "kept\n");
      assert.equal(await jobs.blob(jobs.blobstore, `azureml/${name}/o/x.txt`), undefined);
      assert.equal((await jobs.arm("GET", "/data/never")).status, 404);
    });
  });

  describe("the process", () => {
    it("runs in the code's folder, sees nothing of the host's secrets, and leaves no folder behind", async () => {
      const code = await withCode({
        "main.py":
          "import os, sys; print(open('data/x.txt').read(), os.environ['AZUREML_RUN_ID'], sys.version_info[0])",
        "data/x.txt": "x of the code",
      });
      const name = await jobs.run("python main.py && pwd && env", code);
      const said = await jobs.said(name);
      const lines = said.split("\n");
      assert.equal(lines[0], `x of the code ${name} 3`);
      assert.equal(existsSync(lines[1]!), false);
      assert.doesNotMatch(said, /of-the-host|LOCAL_TEST_HOST_SECRET/);
      const seen = new Set(lines.slice(2).map((line) => line.split("=")[0]));
      for (const variable of "AZUREML_ARM_SUBSCRIPTION AZUREML_ARM_RESOURCEGROUP AZUREML_ARM_WORKSPACE_NAME MLFLOW_TRACKING_URI MLFLOW_RUN_ID MLFLOW_EXPERIMENT_ID MLFLOW_EXPERIMENT_NAME MLFLOW_TRACKING_TOKEN HTTPS_PROXY SSL_CERT_FILE REQUESTS_CA_BUNDLE".split(
        " ",
      )) {
        assert.ok(seen.has(variable), variable);
      }
      const { properties } = (await jobs.arm("GET", `/jobs/${name}`)).body;
      assert.match(properties.properties.ContentSnapshotId, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    });

    it("that fails leaves a Failed job whose error names the exit code and the log", async () => {
      const name = await jobs.submit("echo to the log; echo to the log too >&2; exit 7");
      await jobs.until(name, "Failed");
      const { error, status } = await jobs.details(name);
      assert.equal(status, "Failed");
      assert.equal(error.error.code, "UserError");
      assert.equal(
        error.error.message,
        "Execution failed. User process 'bash' exited with status code 7. Please check log file 'user_logs/std_log.txt' for error details.",
      );
      assert.deepEqual(Object.keys(error), [
        "error",
        "correlation",
        "environment",
        "location",
        "time",
        "componentName",
      ]);
      assert.equal(await jobs.said(name), "to the log\nto the log too\n");
    });

    it("whose command is no command fails as well", async () => {
      const name = await jobs.submit("no-such-program --at all");
      await jobs.until(name, "Failed");
      assert.match((await jobs.details(name)).error.error.message, /status code 127/);
    });
  });

  describe("the log", () => {
    it("says first what is simulated", async () => {
      const name = await jobs.run("echo own", {
        resources: { instanceCount: 2 },
        distribution: { distributionType: "PyTorch" },
      });
      const lines = (await jobs.log(name)).split("\n");
      assert.match(
        lines[0]!,
        /^\[local Azure, simulated\] environment .*\/environments\/plain\/versions\/1 is not built; python is this machine's Python 3\.\d+\.\d+\.$/,
      );
      assert.match(lines[2]!, /2 instance\(s\), distribution PyTorch asked for; one process runs/);
      assert.equal(lines[3], "own");
    });

    it("grows while the job runs, and can be read from an offset", async () => {
      // Each line waits until the one before has been read.
      const gates = await mkdtemp(join(tmpdir(), "log-gates-"));
      const code = await withCode({
        "slow.py": `import os, time
for i in range(6):
    while not os.path.exists(f'${gates}/{i}'): time.sleep(0.01)
    print('line', i)
`,
      });
      const name = await jobs.submit("python slow.py", code);
      for (let line = 0; line < 6; line += 1) {
        await writeFile(join(gates, `${line}`), "");
        await until(`line ${line} is in the log`, async () => (await jobs.said(name)).endsWith(`line ${line}\n`));
        if (line < 5) assert.equal(await jobs.status(name), "Running");
      }
      await jobs.until(name, "Completed");
      await rm(gates, { recursive: true });
      const whole = await jobs.log(name);
      assert.match(whole, /line 0\nline 1\nline 2\nline 3\nline 4\nline 5\n$/);
      const url = (await jobs.details(name)).logFiles["user_logs/std_log.txt"];
      const rest = await ask(cloud, "GET", url, { headers: { Range: `bytes=${whole.length - 7}-` } });
      assert.deepEqual([rest.status, rest.text, rest.headers["x-ms-blob-type"]], [206, "line 5\n", "AppendBlob"]);
      const none = await ask(cloud, "GET", url, { headers: { Range: `bytes=${whole.length}-` } });
      assert.equal(none.status, 416);
      assert.equal(none.headers["x-ms-error-code"], "InvalidRange");
      assert.equal(none.headers["content-range"], `bytes */${whole.length}`);
    });

    it("holds what the job printed, byte for byte, commands of a pipeline too", async () => {
      const printed =
        "##vso[task.setvariable variable=x]y\n##vso[task.complete result=Succeeded]\n##[error]not ours\nümläut ✓\n\tno newline";
      const code = await withCode({
        "print.py": `import sys; sys.stdout.buffer.write(bytes.fromhex("${Buffer.from(printed).toString("hex")}"))`,
      });
      const name = await jobs.run("python print.py", code);
      assert.equal(await jobs.said(name), printed);
    });

    it("keeps up with a lot of output", async () => {
      const name = await jobs.run("for i in 1 2 3; do head -c 2000000 /dev/zero | tr '\\0' x; done");
      assert.equal((await jobs.said(name)).length, 6_000_000);
    });
  });
});
