// Deploy endpoint and Invoke endpoint, as shipped: beside what is live, called without traffic, and as before where it fails.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { deploymentsOfEndpoint, endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { asked, assertSucceeded, Bench, NODES, needsNode, type TaskRun } from "../harness/bench.ts";
import { pausesWhenStopped, preloaded } from "../harness/preload.ts";
import { until } from "../harness/until.ts";
import { ask } from "../local/azure/client.ts";

const endpointFile = "azureml/endpoint.yml";
const deploymentFile = "azureml/deployment.yml";
const requestFile = "requests/ada.json";
const brokenInit = {
  "scoring/score.py":
    'def init():\n    print("looking for the weights")\n    raise RuntimeError("no such weights")\ndef run(raw):\n    return 1\n',
};
const wrongReply = {
  "scoring/score.py":
    'def init():\n    pass\ndef run(raw):\n    return {"greeting": "go away", "predictions": [1, 3]}\n',
};

describe("AzureMLDeployEndpoint and AzureMLInvokeEndpoint as shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());
  const endpoint = (name: string) => endpointsOf(bench.cloud.azure).get(name);
  const deployments = (name: string) => deploymentsOfEndpoint(bench.cloud.azure, name).map((one) => one.name);

  for (const node of NODES) {
    it(`makes the endpoint, then stands beside what is live and takes its traffic (Node ${node})`, async function () {
      needsNode(this, node);
      const name = `greeter-${node}`;
      const inputs = {
        endpointFile,
        deploymentFile,
        endpointName: name,
        requestFile,
        expectations: "$.predictions[1] == 2",
      };
      const first = await bench.run("DeployEndpoint", inputs, { node });
      assertSucceeded(first);
      assert.deepEqual(endpoint(name)?.traffic, { blue: 100 });
      assert.deepEqual([first.outputs["endpointName"], first.outputs["deploymentName"]], [name, "blue"]);
      assert.equal(first.outputs["scoringUri"], endpoint(name)?.scoringUri);
      assert.equal(first.outputs["traffic.blue"], "100");

      // The same again changes nothing.
      const again = await bench.run("DeployEndpoint", inputs, { node });
      assertSucceeded(again);
      assert.deepEqual(asked(again, "arm", "PUT", /onlineEndpoints/), []);
      assert.deepEqual(asked(again, "storage", "PUT"), []);

      const second = await bench.run(
        "DeployEndpoint",
        { ...inputs, deploymentName: "green" },
        { node, files: { "weights/greeting.txt": "hello" } },
      );
      assertSucceeded(second);
      assert.deepEqual(endpoint(name)?.traffic, { green: 100 });
      assert.deepEqual(deployments(name), ["blue", "green"], "the old one stays to go back to");
      const called = second.lines.findIndex((line) => /^green answered in \d+ ms at 0 % of the traffic/.test(line));
      const moved = second.lines.findIndex((line) => /^The traffic of .* is green 100 %; it was blue 100 %/.test(line));
      assert.ok(called > 0 && moved > called, second.log);
      assert.deepEqual(second.record?.deployment?.trafficBefore, { blue: 100 });
      assert.deepEqual(second.record?.deployment?.traffic, { green: 100 });

      const call = await bench.run("InvokeEndpoint", { endpointName: name, requestFile }, { node });
      assertSucceeded(call);
      assert.deepEqual(JSON.parse(call.outputs["reply"]!), { greeting: "hello, Ada", predictions: [1, 2] });
      assert.deepEqual([call.outputs["statusCode"], call.outputs["deploymentName"]], ["200", "green"]);
      const past = await bench.run(
        "InvokeEndpoint",
        { endpointName: name, deploymentName: "blue", requestFile },
        { node },
      );
      assertSucceeded(past);
      assert.match(past.outputs["reply"]!, /good day, Ada/);
    });
  }

  it("never changes a deployment that gets traffic: another content stands beside it", async () => {
    const inputs = { endpointFile, deploymentFile, endpointName: "beside", requestFile };
    assertSucceeded(await bench.run("DeployEndpoint", inputs));
    const next = await bench.run(
      "DeployEndpoint",
      { ...inputs, trafficPercent: "10" },
      { files: { "weights/greeting.txt": "hello" } },
    );
    assertSucceeded(next);
    assert.deepEqual(endpoint("beside")?.traffic, { blue: 90, "blue-2": 10 });
    // What the task does not manage stays as it was.
    endpoint("beside")!.description = "Kept by hand";
    endpoint("beside")!.tags["owner"] = "ada";
    const all = await bench.run(
      "DeployEndpoint",
      { ...inputs, deleteOldDeployments: "true" },
      { files: { "weights/greeting.txt": "hello" } },
    );
    assertSucceeded(all);
    assert.deepEqual(endpoint("beside")?.traffic, { "blue-2": 100 });
    assert.deepEqual(deployments("beside"), ["blue-2"]);
    assert.equal(endpoint("beside")?.description, "Kept by hand");
    assert.equal(endpoint("beside")?.tags["owner"], "ada");
  });

  describe("where the new deployment fails", () => {
    const inputs = { endpointFile, deploymentFile, endpointName: "steady", requestFile };
    before(async () => {
      assertSucceeded(await bench.run("DeployEndpoint", inputs));
    });
    const asBefore = async () => {
      assert.deepEqual(endpoint("steady")?.traffic, { blue: 100 });
      const { scoringUri, keys } = endpoint("steady")!;
      const reply = await ask(bench.cloud, "POST", scoringUri!, { body: { name: "Ada" }, token: keys.primaryKey });
      assert.equal(reply.body.greeting, "good day, Ada");
    };

    for (const node of NODES) {
      it(`init() raises: traffic as before, logs shown, deployment deleted (Node ${node})`, async function () {
        needsNode(this, node);
        const run = await bench.run(
          "DeployEndpoint",
          { ...inputs, deploymentName: "bad" },
          { node, files: brokenInit },
        );
        assert.deepEqual([run.result, run.exitCode], ["Failed", 0]);
        assert.match(run.log, /looking for the weights/);
        assert.match(run.log, /RuntimeError: no such weights/);
        assert.deepEqual(deployments("steady"), ["blue"]);
        assert.equal(run.record?.deployment?.state, "Failed");
        assert.deepEqual(run.record?.deployment?.traffic, { blue: 100 });
        await asBefore();
      });
    }

    it("init() raises: the deployment is kept where that is wished", async () => {
      const run = await bench.run(
        "DeployEndpoint",
        { ...inputs, deploymentName: "kept", onFailure: "keepDeployment" },
        { files: brokenInit },
      );
      assert.equal(run.result, "Failed");
      assert.match(run.log, /RuntimeError: no such weights/);
      assert.deepEqual(deployments("steady"), ["blue", "kept"]);
      await asBefore();
    });

    it("a wrong reply at 0 % keeps the traffic where it is, and shows the difference", async () => {
      const run = await bench.run(
        "DeployEndpoint",
        { ...inputs, deploymentName: "wrong", expectations: "$.predictions[1] == 2" },
        { files: wrongReply },
      );
      assert.equal(run.result, "Failed");
      assert.match(run.errors[0]!, /\$\.predictions\[1\]/);
      assert.match(run.errors[0]!, /- 2\n\s*\+ 3/);
      assert.ok(!deployments("steady").includes("wrong"));
      await asBefore();
    });
  });

  describe("stopped half way", () => {
    const inputs = { endpointFile, deploymentFile, endpointName: "stopped", requestFile };
    const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-stopped-"));
    const gate = path.join(folder, "come-up");
    /** Comes up once the step itself has ended. */
    const slow = {
      "scoring/score.py": `import os, time\ndef init():\n    while not os.path.exists("${gate}"):\n        time.sleep(0.02)\ndef run(raw):\n    return {}\n`,
    };
    before(async () => {
      assertSucceeded(await bench.run("DeployEndpoint", inputs));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    /** Runs a rollout that is cancelled once its log has a line and Azure is `busy` with it. */
    async function cancelledAt(
      line: RegExp,
      more: Record<string, string>,
      files: Record<string, string> = slow,
      busy = () =>
        ["Creating", "Updating"].includes(
          deploymentsOfEndpoint(bench.cloud.azure, "stopped").at(-1)?.provisioningState ?? "",
        ),
    ): Promise<TaskRun> {
      const cancel = new AbortController();
      const pauses = path.join(folder, "pauses");
      for (const file of [gate, pauses]) rmSync(file, { force: true });
      const run = await bench.run(
        "DeployEndpoint",
        { ...inputs, ...more },
        {
          files,
          signal: cancel.signal,
          // As long as this machine needs: what the step waits for by itself is told by its pauses.
          variables: { PROCESS_SIGINT_TIMEOUT: "100000" },
          nodes: preloaded(folder, pausesWhenStopped(pauses)),
          onLine: (text) => {
            if (line.test(text)) void until("Azure is busy with it", busy).then(() => cancel.abort());
            if (/^##\[section\]Finishing: (?!Initialize)/.test(text)) writeFileSync(gate, "");
          },
        },
      );
      assert.equal(run.result, "Canceled", run.jobLog);
      assert.deepEqual(run.stages[0]?.signals, ["SIGINT"], "it ended by itself");
      const paused = existsSync(pauses) ? readFileSync(pauses, "utf8") : "";
      const own = [...paused.matchAll(/^main (\d+)$/gm)].reduce((sum, [, pause]) => sum + Number(pause), 0);
      assert.ok(own < 7_000, `it paused ${own} ms; the agent gives it 7500`);
      assert.deepEqual([run.stages[1]?.stage, run.stages[1]?.result], ["postjob", "Succeeded"], run.jobLog);
      assert.deepEqual(endpoint("stopped")?.traffic, { blue: 100 });
      return run;
    }

    it("while the deployment comes up: it is deleted after the job", async () => {
      const run = await cancelledAt(/^##\[group\]Deployment late/, { deploymentName: "late" });
      assert.deepEqual(deployments("stopped"), ["blue"]);
      assert.match(run.jobLog, /Deleted the deployment late, which this step left when it was stopped/);
      assert.equal(run.record?.deployment?.state, "Canceled");
    });

    it("while the deployment comes up: it is kept where that is wished", async () => {
      await cancelledAt(/^##\[group\]Deployment kept/, { deploymentName: "kept", onFailure: "keepDeployment" });
      assert.deepEqual(deployments("stopped"), ["blue", "kept"]);
      // It still comes up, and until then Azure refuses to move the endpoint's traffic.
      const comesUp = () =>
        deploymentsOfEndpoint(bench.cloud.azure, "stopped").some((one) => /ing$/.test(one.provisioningState));
      await until("the deployment has come up", () => !comesUp());
    });

    it("while the traffic moves: it is as it was, and the deployment is deleted", async () => {
      const { online } = bench.cloud.azure.settings;
      online.endpoint = 2_000;
      try {
        const quick = { "weights/greeting.txt": "hello" };
        const run = await cancelledAt(
          /^moving answered in/,
          { deploymentName: "moving" },
          quick,
          () => endpoint("stopped")?.provisioningState === "Updating",
        );
        assert.match(run.jobLog, /The traffic of stopped is blue 100 % again/);
        assert.deepEqual(deployments("stopped"), ["blue", "kept"]);
        assert.match(run.jobLog, /Deleted the deployment moving/);
      } finally {
        online.endpoint = 50;
      }
    });
  });

  describe("Invoke endpoint", () => {
    for (const [authMode, node] of [
      ["key", "20"],
      ["aml_token", "24"],
      ["aad_token", "20"],
    ] as const) {
      it(`calls an endpoint whose auth_mode is ${authMode} (Node ${node})`, async function () {
        needsNode(this, node);
        const name = `by-${authMode.replace("_", "-")}`;
        const deployed = await bench.run(
          "DeployEndpoint",
          { endpointFile, deploymentFile, endpointName: name, requestFile },
          { node, files: { [endpointFile]: `name: ${name}\nauth_mode: ${authMode}\n` } },
        );
        assertSucceeded(deployed);
        const inputs = { endpointName: name, requestFile, expectations: '$.greeting == "good day, Ada"' };
        const run = await bench.run("InvokeEndpoint", inputs, { node });
        assertSucceeded(run);
        assert.equal(run.record?.invocation?.statusCode, 200);
        assert.equal(asked(run, "arm", "POST", /\/listKeys$/).length, authMode === "key" ? 1 : 0);
        assert.equal(asked(run, "arm", "POST", /\/token$/).length, authMode === "aml_token" ? 1 : 0);
      });
    }

    it("calls a serverless endpoint that Apply has made, by its key and by a token", async () => {
      const model = "model_id: azureml://registries/azureml-meta/models/Meta-Llama-3-8B-Instruct\n";
      const schema = "$schema: https://azuremlschemas.azureedge.net/latest/serverlessEndpoint.schema.json\n";
      const file = "azureml/serverless.yml";
      const chat = { [requestFile]: JSON.stringify({ messages: [{ role: "user", content: "hello" }] }) };
      for (const [mode, keys] of [
        ["key", 1],
        ["aad", 0],
      ] as const) {
        const endpointName = `llama-${mode}`;
        const files = { [file]: `${schema}name: ${endpointName}\n${model}auth_mode: ${mode}\n` };
        assertSucceeded(await bench.run("Apply", { file }, { files }));
        const inputs = { endpointName, requestFile, expectations: '$.choices[0].message.role == "assistant"' };
        const run = await bench.run("InvokeEndpoint", inputs, { files: chat });
        assertSucceeded(run);
        assert.match(run.outputs["reply"] ?? "", /local Azure, simulated/);
        assert.equal(run.record?.invocation?.endpoint, endpointName);
        assert.equal(asked(run, "arm", "POST", /serverlessEndpoints\/[^/]+\/listKeys$/).length, keys);
      }
    });

    it("fails with a diff where the reply is not as expected", async () => {
      const run = await bench.run("InvokeEndpoint", {
        endpointName: "by-key",
        requestFile,
        expectations: '$.predictions[0] == 1\n$.greeting == "hello, Ada"',
      });
      assert.deepEqual([run.result, run.exitCode], ["Failed", 0]);
      assert.equal(run.errors.length, 1);
      assert.match(run.errors[0]!, /- "hello, Ada"\n\s*\+ "good day, Ada"/);
    });

    it("fails where the reply takes longer than allowed", async () => {
      const slow = {
        "scoring/score.py": "import time\ndef init():\n    pass\ndef run(raw):\n    time.sleep(1)\n    return 1\n",
      };
      const deployed = await bench.run(
        "DeployEndpoint",
        { endpointFile, deploymentFile, endpointName: "by-key", deploymentName: "slow", trafficPercent: "0" },
        { files: slow },
      );
      assertSucceeded(deployed);
      const inputs = { endpointName: "by-key", deploymentName: "slow", requestFile, maxLatencyInMilliseconds: "300" };
      const run = await bench.run("InvokeEndpoint", inputs);
      assert.equal(run.result, "Failed");
      assert.match(run.errors[0]!, /took \d+ ms to reply; at most 300 ms are allowed/);
    });

    it("says what a failing scoring script answered", async () => {
      const run = await bench.run(
        "InvokeEndpoint",
        { endpointName: "by-key", requestFile },
        { files: { [requestFile]: "{}" } },
      );
      assert.equal(run.result, "Failed");
      assert.match(run.errors[0]!, /The scoring script of the endpoint by-key failed/);
    });
  });
});
