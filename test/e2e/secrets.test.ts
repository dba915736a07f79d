// No secret that is given to a task appears in anything that a run leaves: logs, summaries, records, errors, tests, traffic.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { openStage } from "../../scripts/demo/stage.ts";
import { chapters, tell } from "../../scripts/demo/story.ts";
import { assertSucceeded, Bench, keepCredentials } from "../harness/bench.ts";
import { root } from "../harness/packages.ts";
import { preloaded, tap } from "../harness/preload.ts";
import { findLeaks, formsOf, SecretRecorder } from "../harness/secrets.ts";

const endpointFile = "azureml/endpoint.yml";
const deploymentFile = "azureml/deployment.yml";
const requestFile = "requests/ada.json";

describe("secrets", () => {
  describe("given to packaged tasks, with debug lines on", () => {
    let bench: Bench;
    const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-secrets-"));
    const spoken = path.join(folder, "spoken");

    before(async function () {
      this.timeout(1_800_000); // some twenty runs, one after the other
      bench = await Bench.open();
      const options = {
        nodes: preloaded(path.join(folder, "nodes"), tap(spoken)),
        variables: { "system.debug": "true" },
      };
      const data = { source: "inline", type: "uri_file", path: "data/about.txt" };
      const { endpoint, header } = bench.cloud.managedIdentity;
      bench.recorder.keep("managed identity header", header);
      const identity = { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header };
      for (const [connection, environment] of [
        ["azure-ml", {}],
        ["azure-ml-certificate", {}],
        ["azure-ml-federated", {}],
        ["azure-ml-identity", identity],
      ] as const) {
        const inputs = { ...data, name: `by-${connection}` };
        assertSucceeded(await bench.run("RegisterData", inputs, { ...options, connection, environment }));
      }
      const job = await bench.run("SubmitJob", { jobFile: "azureml/job.yml" }, options);
      assertSucceeded(job);
      const { jobName } = job.outputs;
      assertSucceeded(await bench.run("EvaluateMetrics", { jobName, rules: "metrics.auc > 0.5" }, options));
      assertSucceeded(await bench.run("RegisterModel", { jobName, outputName: "model", name: "m" }, options));
      for (const authMode of ["key", "aml_token", "aad_token"]) {
        const endpointName = `by-${authMode.replace("_", "-")}`;
        const files = { [endpointFile]: `name: ${endpointName}\nauth_mode: ${authMode}\n` };
        const deployed = await bench.run(
          "DeployEndpoint",
          { endpointFile, deploymentFile, endpointName, requestFile },
          { ...options, files },
        );
        assertSucceeded(deployed);
        // Its own error, and the error of a reply that is not as expected.
        for (const expectations of ["$.greeting", '$.greeting == "nothing"'])
          await bench.run("InvokeEndpoint", { endpointName, requestFile, expectations }, options);
      }
      // What fails talks more: a job, a container, a secret that has expired, one without a role.
      const failing = {
        "src/learn.py": "raise SystemExit(1)\n",
        "scoring/score.py": "def init():\n    raise OSError()\n",
      };
      const results = [
        await bench.run("SubmitJob", { jobFile: "azureml/job.yml" }, { ...options, files: failing }),
        await bench.run("DeployEndpoint", { endpointFile, deploymentFile }, { ...options, files: failing }),
        await bench.run("RegisterData", { ...data, name: "x" }, { ...options, connection: "azure-ml-expired" }),
        await bench.run("RegisterData", { ...data, name: "x" }, { ...options, connection: "azure-ml-forbidden" }),
        await bench.run("RegisterData", { ...data, name: "x", workspace: "ws2" }, options),
      ].map(({ result }) => result);
      assert.deepEqual(new Set(results), new Set(["Failed"]));
    });
    after(async () => {
      await bench.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it("are known to this test, of every kind", () => {
      const kinds = new Set(bench.recorder.secrets.values());
      for (const kind of [
        "access token",
        "account key",
        "bearer token",
        "certificate and private key",
        "client assertion",
        "client secret",
        "endpoint key",
        "endpoint token",
        "job token",
        "managed identity header",
        "OIDC assertion",
        "SAS",
        "SAS signature",
      ])
        assert.ok(kinds.has(kind), `${kind}; there are ${[...kinds].join(", ")}`);
      assert.ok(bench.recorder.secrets.size >= 20);
    });

    it("appear in no log, summary, record, error, variable, test result or recorded exchange", () => {
      const places = bench.left.map(([where]) => where.split(" ")[0]);
      for (const kind of ["log", "azureml-record", "Distributedtask.Core.Summary", "issues", "variables"])
        assert.ok(places.includes(kind), `${kind} is looked into`);
      assert.ok(bench.left.some(([where, text]) => where.startsWith("log") && /##\[debug\]/.test(text)));
      assert.deepEqual(bench.leaks(), []);
    });

    it("are spoken by the tasks to nobody but the agent's masker, before it masks anything", () => {
      const lines = readFileSync(spoken, "utf8").split(/\r\n|\r|\n/);
      const [told, rest] = [true, false].map((isTold) =>
        lines.filter((line) => line.startsWith("##vso[task.setsecret]") === isTold).join("\n"),
      );
      assert.deepEqual(findLeaks(bench.recorder.secrets, [["what the tasks wrote", rest!]]), []);
      assert.notDeepEqual(findLeaks(bench.recorder.secrets, [["what they told the masker", told!]]), []);
    });

    describe("the search", () => {
      it("finds every secret in every form", () => {
        for (const [secret, kind] of bench.recorder.secrets) {
          for (const [form, text] of formsOf(secret)) {
            const leaks = findLeaks(new Map([[secret, kind]]), [["planted", `{"message":"it is ${text}."}`]]);
            assert.ok(
              leaks.some((leak) => leak.kind === kind && leak.where === "planted"),
              `${kind}, ${form}`,
            );
          }
        }
      });

      it("finds one that is planted in a job's log", async () => {
        // A token of an earlier step: this step does not know it, so nobody masks it.
        const [token] = [...bench.recorder.secrets].find(([, kind]) => kind === "bearer token")!;
        const before = bench.left.length;
        const run = await bench.run(
          "SubmitJob",
          { jobFile: "azureml/job.yml" },
          { files: { "src/learn.py": `print("""the token is ${token}""")\n` } },
        );
        assertSucceeded(run);
        const leaks = bench.leaks();
        bench.left.length = before;
        assert.ok(leaks.some(({ kind, where }) => kind === "bearer token" && /^log of SubmitJob/.test(where)));
      });
    });
  });

  it("appear in nothing that the demo's first chapter leaves", async () => {
    const recorder = new SecretRecorder();
    const lines: string[] = [];
    const stage = await openStage({
      example: path.join(root, "examples", "breast-cancer"),
      har: recorder,
      log: (line) => void lines.push(line),
    });
    try {
      keepCredentials(recorder, stage.cloud);
      const { summary, broken, outcomes } = await tell(chapters[0]!, stage, []);
      assert.deepEqual(broken, []);
      const left = outcomes.flatMap((outcome): [string, string][] => [
        ...outcome.attachments.map(({ name, content }): [string, string] => [name, content.toString("utf8")]),
        ["issues", JSON.stringify(outcome.issues)],
        ["variables", JSON.stringify(outcome.variables)],
      ]);
      assert.ok(recorder.secrets.size >= 10);
      assert.ok([...recorder.secrets.values()].includes("endpoint key"));
      const leaks = findLeaks(recorder.secrets, [
        ...left,
        ["log", lines.join("\n")],
        ["summary.json", JSON.stringify(summary)],
        ["traffic.har", JSON.stringify(stage.cloud.har.toHar())],
      ]);
      assert.deepEqual(leaks, []);
    } finally {
      await stage.close();
    }
  });
});
