// MLflow's REST API and Azure ML's metric service, against the booted local cloud; a job logs through them as a real one does.
import assert from "node:assert/strict";
import { JobClient } from "../job-client.ts";

/** A training script as users write it without any package. */
const script = `
import json, math, os, time, urllib.request
base = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://").split("?")[0]
def post(endpoint, **body):
    request = urllib.request.Request(base + "/api/2.0/mlflow/" + endpoint, json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], **body}).encode(),
        {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=20))
for step in range(3):
    post("runs/log-metric", key="loss", value=1.0 / (step + 1), timestamp=int(time.time() * 1000), step=step)
post("runs/log-batch", metrics=[{"key": "auc", "value": 0.93, "timestamp": 1, "step": 0}, {"key": "broken", "value": "NaN", "timestamp": 1, "step": 0}],
     params=[{"key": "epochs", "value": "3"}], tags=[{"key": "flavour", "value": "plain"}])
post("runs/update", status="FINISHED")
print("logged")
`;

describe("local Azure: MLflow", () => {
  const jobs = JobClient.ofSuite();
  const pairs = (list: { key: string; value: unknown }[]) =>
    Object.fromEntries(list.map(({ key, value }) => [key, value]));

  before(async () => {
    await jobs.cloud.azure.blobs.put("mlflow-code", "src/train.py", script);
    const codeUri = jobs.cloud.azure.blobs.url("mlflow-code", "src");
    await jobs.arm("PUT", "/codes/mlflow/versions/1", { properties: { codeUri } });
  });
  afterEach(() => {
    jobs.cloud.azure.settings.metricDelay = 0;
  });
  const train = (more: object = {}) =>
    jobs.submit("python train.py", { codeId: jobs.id("codes/mlflow/versions/1"), ...more });

  describe("a job", () => {
    it("is a run of its own name and experiment, with what its process logged, under both prefixes", async () => {
      const name = await train({
        displayName: "Shown",
        tags: { team: "blue" },
        properties: { "mlflow.source.git.commit": "abc" },
      });
      await jobs.until(name, "Completed");
      assert.equal(await jobs.said(name), "logged\n");
      for (const version of ["v1.0", "v2.0"]) {
        const { run } = (await jobs.mlflow("GET", `runs/get?run_id=${name}`, undefined, version)).body;
        assert.equal(run.info.run_id, name);
        assert.equal(run.info.run_name, "Shown");
        assert.equal(run.info.status, "FINISHED");
        assert.ok(run.info.end_time >= run.info.start_time);
        assert.match(run.info.artifact_uri, new RegExp(`/runs/${name}/artifacts$`));
        assert.deepEqual(pairs(run.data.metrics), { loss: 1 / 3, auc: 0.93, broken: "NaN" });
        assert.deepEqual(pairs(run.data.params), { epochs: "3" });
        const tags = pairs(run.data.tags);
        assert.equal(tags["team"], "blue");
        assert.equal(tags["flavour"], "plain");
        assert.equal(tags["mlflow.source.git.commit"], "abc");
      }
      const { team, flavour } = (await jobs.arm("GET", `/jobs/${name}`)).body.properties.tags;
      assert.deepEqual([team, flavour], ["blue", "plain"]);
      const { experiment } = (await jobs.mlflow("GET", "experiments/get-by-name?experiment_name=tests")).body;
      assert.match(experiment.experiment_id, /^[\da-f-]{36}$/);
      const history = (await jobs.mlflow("GET", `metrics/get-history?run_id=${name}&metric_key=loss`)).body.metrics;
      assert.deepEqual(
        history.map(({ step, value }: { step: number; value: number }) => [step, value]),
        [
          [0, 1],
          [1, 0.5],
          [2, 1 / 3],
        ],
      );
    });

    it("that runs is RUNNING whatever a client says, and FAILED or KILLED at the end", async () => {
      const name = await jobs.submit("sleep 300");
      await jobs.until(name, "Running");
      await jobs.mlflow("POST", "runs/update", { run_id: name, status: "FINISHED" });
      assert.equal((await jobs.mlflow("GET", `runs/get?run_id=${name}`)).body.run.info.status, "RUNNING");
      await jobs.arm("POST", `/jobs/${name}/cancel`);
      await jobs.until(name, "Canceled");
      assert.equal((await jobs.mlflow("GET", `runs/get?run_id=${name}`)).body.run.info.status, "KILLED");
      const failed = await jobs.submit("exit 1");
      await jobs.until(failed, "Failed");
      assert.equal((await jobs.mlflow("GET", `runs/get?run_id=${failed}`)).body.run.info.status, "FAILED");
    });

    it("may have metrics that come late", async () => {
      jobs.cloud.azure.settings.metricDelay = 600_000;
      const name = await train();
      await jobs.until(name, "Completed");
      const metrics = async () => (await jobs.mlflow("GET", `runs/get?run_id=${name}`)).body.run.data.metrics.length;
      assert.equal(await metrics(), 0);
      assert.deepEqual(
        (await jobs.mlflow("GET", `metrics/get-history?run_id=${name}&metric_key=loss`)).body.metrics,
        [],
      );
      jobs.cloud.azure.clock.leap(600_000);
      assert.equal(await metrics(), 3);
    });

    it("shows the same metrics in Azure ML's metric service", async () => {
      const name = await train();
      await jobs.until(name, "Completed");
      const full = (await jobs.api("POST", "metric/v2.0", `/runs/${name}/full`, {})).body.value;
      const loss = full.find((one: { name: string }) => one.name === "loss");
      assert.deepEqual(
        loss.value.map((one: { data: object }) => one.data),
        [{ loss: 1 }, { loss: 0.5 }, { loss: 1 / 3 }],
      );
      assert.equal(loss.dataContainerId, `dcid.${name}`);
    });

    it("has its files as artifacts", async () => {
      const name = await jobs.run("mkdir -p outputs/deep; echo a > outputs/a.txt; echo b > outputs/deep/b.txt");
      const list = async (path: string) =>
        (await jobs.mlflow("GET", `artifacts/list?run_id=${name}&path=${path}`)).body.files;
      assert.deepEqual(await list(""), [
        { path: "outputs", is_dir: true },
        { path: "user_logs", is_dir: true },
      ]);
      assert.deepEqual(await list("outputs"), [
        { path: "outputs/deep", is_dir: true },
        { path: "outputs/a.txt", is_dir: false, file_size: 2 },
      ]);
    });
  });

  describe("runs that a client makes", () => {
    it("are created, logged to, ended, searched and ordered", async () => {
      const { experiment_id } = (
        await jobs.mlflow("POST", "experiments/create", { name: "by-hand", tags: [{ key: "k", value: "v" }] })
      ).body;
      const ids: string[] = [];
      for (const auc of [0.7, 0.9, 0.8]) {
        const { run } = (
          await jobs.mlflow("POST", "runs/create", {
            experiment_id,
            start_time: String(1000 + auc * 10),
            tags: [{ key: "kind", value: auc > 0.75 ? "good" : "bad" }],
          })
        ).body;
        ids.push(run.info.run_id);
        assert.equal(run.info.status, "RUNNING");
        assert.deepEqual(
          (
            await jobs.mlflow("POST", "runs/log-metric", {
              run_id: run.info.run_id,
              key: "auc",
              value: auc,
              timestamp: "5",
              step: "1",
            })
          ).body,
          {},
        );
        const updated = (
          await jobs.mlflow("POST", "runs/update", { run_id: run.info.run_id, status: "FINISHED", end_time: 2000 })
        ).body.run_info;
        assert.deepEqual([updated.status, updated.end_time], ["FINISHED", 2000]);
      }
      const search = async (body: object) => {
        const answer = await jobs.mlflow("POST", "runs/search", { experiment_ids: [experiment_id], ...body });
        assert.equal(answer.status, 200, answer.text);
        return answer.body.runs.map((run: { info: { run_id: string } }) => ids.indexOf(run.info.run_id));
      };
      assert.deepEqual(await search({ order_by: ["start_time DESC"] }), [1, 2, 0]);
      assert.deepEqual(
        await search({ filter: "metrics.auc > 0.75 and tags.kind = 'good'", order_by: ["attributes.start_time"] }),
        [2, 1],
      );
      assert.deepEqual(await search({ filter: `tags."kind" = 'bad' AND attributes.status = "Finished"` }), [0]);
      assert.deepEqual(await search({ filter: "metrics.f1 > 0" }), []);
      assert.equal((await jobs.mlflow("POST", "runs/delete", { run_id: ids[0] })).status, 200);
      assert.deepEqual(await search({ order_by: ["start_time ASC"] }), [2, 1]);
      const paged = (await jobs.mlflow("POST", "runs/search", { experiment_ids: [experiment_id], max_results: 1 }))
        .body;
      assert.equal(paged.runs.length, 1);
      const rest = (
        await jobs.mlflow("POST", "runs/search", {
          experiment_ids: [experiment_id],
          max_results: 1,
          page_token: paged.next_page_token,
        })
      ).body;
      assert.notEqual(rest.runs[0].info.run_id, paged.runs[0].info.run_id);
      assert.equal(rest.next_page_token, undefined);
    });

    it("go to the default experiment under its MLflow name 0", async () => {
      const { run } = (await jobs.mlflow("POST", "runs/create", { experiment_id: "0" })).body;
      const { experiment } = (await jobs.mlflow("GET", `experiments/get?experiment_id=${run.info.experiment_id}`)).body;
      assert.equal(experiment.name, "Default");
    });
  });

  describe("refusals", () => {
    const refusals: [string, string, string, object | undefined, number, string, RegExp][] = [
      [
        "a run that does not exist",
        "GET",
        "runs/get?run_id=nobody",
        undefined,
        404,
        "RESOURCE_DOES_NOT_EXIST",
        /nobody/,
      ],
      [
        "an experiment that does not exist",
        "GET",
        "experiments/get-by-name?experiment_name=none",
        undefined,
        404,
        "RESOURCE_DOES_NOT_EXIST",
        /'none'/,
      ],
      [
        "an experiment made twice",
        "POST",
        "experiments/create",
        { name: "Default" },
        400,
        "RESOURCE_ALREADY_EXISTS",
        /Default/,
      ],
      ["a field left out", "GET", "runs/get", undefined, 400, "INVALID_PARAMETER_VALUE", /run_id/],
      [
        "a filter that does not parse",
        "POST",
        "runs/search",
        { experiment_ids: ["0"], filter: "metrics.auc >> 1" },
        400,
        "INVALID_PARAMETER_VALUE",
        /filter/i,
      ],
    ];
    for (const [what, method, path, body, status, code, message] of refusals) {
      it(what, async () => {
        const answer = await jobs.mlflow(method, path, body);
        assert.equal(answer.status, status, answer.text);
        assert.deepEqual(Object.keys(answer.body), [
          "Error",
          "Correlation",
          "Environment",
          "Location",
          "Time",
          "ComponentName",
          "statusCode",
          "error_code",
        ]);
        assert.equal(answer.body.error_code, code);
        assert.equal(answer.body.ComponentName, "mlflow");
        assert.match(answer.body.Error.Message, message);
      });
    }

    it("a parameter logged again with another value", async () => {
      const { run } = (await jobs.mlflow("POST", "runs/create", { experiment_id: "0" })).body;
      const log = (value: string) =>
        jobs.mlflow("POST", "runs/log-parameter", { run_id: run.info.run_id, key: "lr", value });
      assert.equal((await log("1")).status, 200);
      assert.equal((await log("1")).status, 200);
      const again = await log("2");
      assert.deepEqual([again.status, again.body.error_code], [400, "INVALID_PARAMETER_VALUE"]);
    });

    it("what is not built, naming itself", async () => {
      const answer = await jobs.mlflow("POST", "webhooks", {});
      assert.equal(answer.status, 501);
      assert.match(answer.text, /webhooks/);
    });
  });

  describe("the model registry", () => {
    it("is the workspace's own", async () => {
      await jobs.mlflow("POST", "registered-models/create", { name: "net" });
      assert.equal(
        (await jobs.mlflow("POST", "registered-models/create", { name: "net" })).body.error_code,
        "RESOURCE_ALREADY_EXISTS",
      );
      const made = (
        await jobs.mlflow("POST", "model-versions/create", {
          name: "net",
          source: "azureml://artifacts/ExperimentRun/dcid.r1/model",
          run_id: "r1",
        })
      ).body.model_version;
      assert.deepEqual([made.version, made.status, made.run_id], ["1", "READY", "r1"]);
      const shown = (await jobs.arm("GET", "/models/net/versions/1")).body.properties;
      assert.deepEqual([shown.modelType, shown.jobName], ["mlflow_model", "r1"]);
      assert.ok(shown.modelUri.endsWith("/workspaceartifactstore/paths/ExperimentRun/dcid.r1/model"), shown.modelUri);
      assert.equal(made.source, "azureml://artifacts/ExperimentRun/dcid.r1/model");
      await jobs.arm("PUT", "/models/net/versions/2", {
        properties: { modelType: "custom_model", modelUri: "azureml://datastores/workspaceblobstore/paths/m" },
      });
      const versions = (await jobs.mlflow("GET", `model-versions/search?filter=${encodeURIComponent("name='net'")}`))
        .body.model_versions;
      assert.deepEqual(
        versions.map(({ version }: { version: string }) => version),
        ["2", "1"],
      );
      assert.equal(
        (await jobs.mlflow("GET", "model-versions/get?name=net&version=9")).body.error_code,
        "RESOURCE_DOES_NOT_EXIST",
      );
    });
  });
});
