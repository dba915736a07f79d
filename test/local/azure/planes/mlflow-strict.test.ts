// Limits of Azure ML's MLflow against MLflow's own server, as its documentation and public reports have them.
import assert from "node:assert/strict";
import type { Answer } from "../client.ts";
import { JobClient } from "../job-client.ts";

describe("local Azure: MLflow as the service is strict", () => {
  const jobs = JobClient.ofSuite();
  const pairs = (list: { key: string; value: unknown }[]) =>
    Object.fromEntries(list.map(({ key, value }) => [key, value]));

  const post = (path: string, body: object) => jobs.mlflow("POST", path, body);
  const get = (path: string, query: Record<string, string> = {}) =>
    jobs.mlflow("GET", `${path}?${new URLSearchParams(query)}`);
  const newExperiment = async (name: string): Promise<string> =>
    (await post("experiments/create", { name })).body.experiment_id;
  const newRun = async (body: object = { experiment_id: "0" }) => (await post("runs/create", body)).body.run;
  const refused = async (answer: Promise<Answer>, words: string | RegExp) => {
    const { status, body, text } = await answer;
    assert.equal(status, 400, text);
    assert.equal(body.error_code, "INVALID_PARAMETER_VALUE", text);
    if (typeof words === "string") assert.equal(body.Error.Message, words);
    else assert.match(body.Error.Message, words);
    return body;
  };
  const over = (field: string, limit: number, size: number) =>
    `A field of the entity is over the size limit. FieldName=${field}, Limit=${limit}, Size=${size}. See https://aka.ms/azure-machine-learning-limits for service limits documentation.`;
  const many = (count: number, name = "n") =>
    Array.from({ length: count }, (_, index) => ({ key: `${name}${index}`, value: "1" }));

  describe("runs are searched", () => {
    let experiment: string;
    let ids: string[];
    before(async () => {
      experiment = await newExperiment("searched");
      ids = [];
      for (const [index, status] of ["FINISHED", "FAILED", undefined].entries()) {
        const { info } = await newRun({
          experiment_id: experiment,
          run_name: `run ${index}`,
          start_time: 1000,
          tags: [{ key: "kind", value: "a" }],
        });
        ids.push(info.run_id);
        if (status) await post("runs/update", { run_id: info.run_id, status, end_time: 1000 + (index + 1) * 500 });
      }
    });
    const search = async (filter: string, order_by: string[] = ["run_name"]) => {
      const answer = await post("runs/search", { experiment_ids: [experiment], filter, order_by });
      assert.equal(answer.status, 200, answer.text);
      return answer.body.runs.map((run: { info: { run_id: string } }) => ids.indexOf(run.info.run_id));
    };

    it("by a status in any case", async () => {
      for (const written of ["Failed", "FAILED", "failed"])
        assert.deepEqual(await search(`attributes.status = '${written}'`), [1]);
      assert.deepEqual(await search("attributes.status != 'Finished'"), [1, 2]);
    });
    it("by duration and by the time they came to be", async () => {
      assert.deepEqual(await search("attributes.duration > '700'"), [1]);
      assert.deepEqual(await search("duration <= 500"), [0]);
      assert.deepEqual(await search("attributes.creation_time > '1655717568000'"), [0, 1, 2]);
    });
    it("in the order of attributes, with what is absent last", async () => {
      assert.deepEqual(await search("", ["attributes.duration DESC"]), [1, 0, 2]);
      assert.deepEqual(await search("", ["duration"]), [0, 1, 2]);
      assert.deepEqual(await search("", ["start_time", "run_name DESC"]), [2, 1, 0]);
    });

    const refusals: [string, object, RegExp][] = [
      ["LIKE of a tag", { filter: "tags.kind LIKE '%a%'" }, /^Operator 'LIKE' not supported for key type 'Tag'\.$/],
      ["!= of a tag", { filter: "tags.kind != 'b'" }, /^Operator '!=' not supported for key type 'Tag'\.$/],
      ["OR", { filter: "tags.kind = 'a' OR tags.kind = 'b'" }, /we currently do not support OR/],
      ["an unknown attribute", { filter: "attributes.state = 'Failed'" }, /Invalid attribute key 'state'.*'status'/],
      ["an unknown status", { filter: "attributes.status = 'Completed'" }, /Invalid value 'Completed' for 'status'/],
      ["a metric that needs quotes", { filter: "metrics.`f 1` > 1" }, /Quoted names/],
      ["an unknown kind", { filter: "datasets.name = 'd'" }, /Invalid entity type 'datasets'/],
      ["an order by metrics", { order_by: ["metrics.auc DESC"] }, /Ordering by key type 'Metric' is not supported/],
      ["an order by an unknown attribute", { order_by: ["auc"] }, /Invalid attribute key 'auc'/],
      ["a field that a search has not", { filter_string: "status = 'FAILED'" }, /Unknown field 'filter_string'/],
      ["a view that there is none of", { run_view_type: "DELETED" }, /Invalid view type 'DELETED'/],
      ["a page that nobody gave", { page_token: "next" }, /page_token/],
    ];
    for (const [what, body, words] of refusals) {
      it(`not by ${what}`, () => refused(post("runs/search", { experiment_ids: [experiment], ...body }), words));
    }
    it("not in an experiment that there is none of", async () => {
      assert.equal((await post("runs/search", { experiment_ids: [experiment, "none"] })).status, 404);
    });
  });

  describe("a run", () => {
    it("holds 200 parameters, counted over all of its batches, and takes none of a batch that is too big", async () => {
      const { info } = await newRun();
      assert.equal((await post("runs/log-batch", { run_id: info.run_id, params: many(150) })).status, 200);
      const body = await refused(
        post("runs/log-batch", { run_id: info.run_id, params: many(60, "m"), tags: [{ key: "t", value: "1" }] }),
        over("Parameters", 200, 210),
      );
      assert.equal(body.Error.Code, "ValidationError");
      const { data } = (await get("runs/get", { run_id: info.run_id })).body.run;
      assert.deepEqual([data.params.length, "t" in pairs(data.tags)], [150, false]);
    });
    it("takes 250 rows of one metric in a batch", async () => {
      const { info } = await newRun();
      const rows = (count: number) => ({
        run_id: info.run_id,
        metrics: Array.from({ length: count }, (_, step) => ({ key: "loss", value: 1, timestamp: 1, step })),
      });
      await refused(post("runs/log-batch", rows(251)), over("MetricV2Dto.Value/Count", 250, 251));
      assert.equal((await post("runs/log-batch", rows(250))).status, 200);
    });
    const metric = (key: string) => ({ key, value: 1, timestamp: 1, step: 0 });
    const limits: [string, (run_id: string) => Promise<Answer>, RegExp][] = [
      ["51 tags", (run_id) => post("runs/log-batch", { run_id, tags: many(51) }), /RunDto\.Tags\/Count, Limit=50/],
      [
        "a tag's name of 101 letters",
        (run_id) => post("runs/set-tag", { run_id, key: "k".repeat(101), value: "v" }),
        /Tags\.Key\/Length, Limit=100, Size=101/,
      ],
      [
        "a tag of 1001 letters",
        (run_id) => post("runs/set-tag", { run_id, key: "k", value: "v".repeat(1001) }),
        /Tags\.Value\/Length, Limit=1000, Size=1001/,
      ],
      [
        "51 names of metrics",
        (run_id) => post("runs/log-batch", { run_id, metrics: many(51).map(({ key }) => metric(key)) }),
        /MetricNames\/Count, Limit=50, Size=51/,
      ],
      [
        "a metric's name of 256 letters",
        (run_id) => post("runs/log-metric", { run_id, ...metric("m".repeat(256)) }),
        /MetricV2Dto\.Name\/Length, Limit=255, Size=256/,
      ],
      [
        "a name of 257 letters",
        (run_id) => post("runs/update", { run_id, run_name: "r".repeat(257) }),
        /DisplayName\/Length, Limit=256, Size=257/,
      ],
      ["a status that there is none of", (run_id) => post("runs/update", { run_id, status: "Done" }), /status 'DONE'/],
      [
        "a step that is no integer",
        (run_id) => post("runs/log-metric", { run_id, ...metric("m"), step: 1.5 }),
        /'step': it is no 64-bit integer/,
      ],
    ];
    for (const [what, ask, words] of limits) {
      it(`refuses ${what}`, async () => {
        const { info } = await newRun();
        await refused(ask(info.run_id), words);
      });
    }

    it("loses its source tags where it is created, and keeps them where they are set later", async () => {
      const tags = [
        { key: "mlflow.source.name", value: "train.py" },
        { key: "mlflow.source.type", value: "LOCAL" },
        { key: "mine", value: "1" },
      ];
      const { info, data } = await newRun({ experiment_id: "0", tags });
      assert.deepEqual(
        Object.keys(pairs(data.tags)).filter((key) => !key.startsWith("mlflow.r")),
        ["mine"],
      );
      await post("runs/set-tag", { run_id: info.run_id, ...tags[0] });
      const { run } = (await get("runs/get", { run_id: info.run_id })).body;
      assert.equal(pairs(run.data.tags)["mlflow.source.name"], "train.py");
    });
    it("that is a job's is renamed with its job", async () => {
      const name = await jobs.run("true", { displayName: "before" });
      await post("runs/update", { run_id: name, run_name: "after" });
      assert.equal((await jobs.arm("GET", `/jobs/${name}`)).body.properties.displayName, "after");
      assert.equal((await get("runs/get", { run_id: name })).body.run.info.run_name, "after");
    });
    it("without a name gets one that is its own", async () => {
      const names = new Set<string>();
      for (let index = 0; index < 5; index++) names.add((await newRun()).info.run_name);
      assert.equal(names.size, 5);
      for (const name of names) assert.match(name, /^[a-z]+_[a-z]+_[a-z0-9]{8}$/);
    });
    it("that is nested names the run at the top, at any depth, and run history says so too", async () => {
      const top = await newRun();
      const below = async (parent: { info: { run_id: string } }) =>
        newRun({ experiment_id: "0", tags: [{ key: "mlflow.parentRunId", value: parent.info.run_id }] });
      const middle = await below(top);
      const leaf = await below(middle);
      for (const run of [top, middle, leaf]) assert.equal(pairs(run.data.tags)["mlflow.rootRunId"], top.info.run_id);
      const history = (await jobs.api("GET", "history/v1.0", `/runs/${leaf.info.run_id}`)).body;
      assert.deepEqual(
        [history.parentRunId, history.parentRunUuid, history.rootRunId, history.rootRunUuid],
        [middle.info.run_id, middle.info.run_id, top.info.run_id, top.info.run_id],
      );
    });
    it("keeps steps that no floating-point number holds", async () => {
      const { info } = await newRun();
      const raw = (step: string) =>
        `{"run_id":"${info.run_id}","key":"loss","value":0.5,"timestamp":1,"step":${step},"note":"\\"step\\":12345678901234567890"}`;
      for (const step of ["9007199254740993", "9007199254740992", "9223372036854775807"])
        assert.equal((await jobs.mlflow("POST", "runs/log-metric", raw(step))).status, 200);
      assert.equal((await jobs.mlflow("POST", "runs/log-metric", raw("9223372036854775808"))).status, 400);
      const history = await get("metrics/get-history", { run_id: info.run_id, metric_key: "loss" });
      assert.deepEqual(
        history.body.metrics.map(({ step }: { step: unknown }) => String(step)),
        ["9007199254740993", "9007199254740992", "9223372036854775807"],
      );
      const { data } = (await get("runs/get", { run_id: info.run_id })).body.run;
      assert.equal(String(data.metrics[0].step), "9223372036854775807");
    });
  });

  describe("an experiment", () => {
    it("with a slash in its name is made and read by its id, and found neither by name nor by a search", async () => {
      const id = await newExperiment("team/one");
      assert.equal((await get("experiments/get", { experiment_id: id })).body.experiment.name, "team/one");
      assert.equal((await get("experiments/get-by-name", { experiment_name: "team/one" })).status, 404);
      const { experiments } = (await post("experiments/search", { max_results: 1000 })).body;
      assert.ok(experiments.length > 0);
      assert.ok(!experiments.some((one: { name: string }) => one.name.includes("/")));
    });
    it("is searched by name, id, time and tag, and ordered", async () => {
      const ids = [await newExperiment("ordered-b"), await newExperiment("ordered-a")];
      await post("experiments/set-experiment-tag", { experiment_id: ids[0], key: "framework", value: "torch" });
      const search = async (filter: string, order_by: string[] = []) =>
        (await post("experiments/search", { filter, order_by, max_results: 1000 })).body.experiments.map(
          (one: { experiment_id: string }) => ids.indexOf(one.experiment_id),
        );
      assert.deepEqual(await search("name LIKE 'ordered-%'", ["name"]), [1, 0]);
      assert.deepEqual(await search("name LIKE 'ordered-%'", ["name DESC"]), [0, 1]);
      assert.deepEqual(await search(`experiment_id IN ('${ids[1]}') and creation_time > 1655717568000`), [1]);
      assert.deepEqual(await search("tags.framework = 'torch'"), [0]);
      await refused(post("experiments/search", { filter: "tags.framework LIKE 't%'" }), /key type 'Tag'/);
      await refused(post("experiments/search", { filter: "lifecycle = 'active'" }), /Invalid attribute key/);
      await refused(post("experiments/search", { order_by: ["tags.framework"] }), /not supported/);
    });
    it("is not renamed, and holds what its tags may hold", async () => {
      const id = await newExperiment("kept");
      await refused(post("experiments/update", { experiment_id: id, new_name: "other" }), /renaming experiments/);
      assert.equal((await get("experiments/get", { experiment_id: id })).body.experiment.name, "kept");
      await refused(post("experiments/create", { name: "n".repeat(257) }), /ExperimentDto\.Name\/Length, Limit=256/);
      await refused(post("experiments/create", { name: "tagged", tags: many(51) }), /ExperimentDto\.Tags\/Count/);
      await refused(
        post("experiments/set-experiment-tag", { experiment_id: id, key: "k", value: "v".repeat(1001) }),
        /Tags\.Value\/Length, Limit=1000/,
      );
    });
  });

  describe("the model registry", () => {
    const source = (path = "model") => `azureml://artifacts/ExperimentRun/dcid.r1/${path}`;
    const versions = async (name: string, count: number) => {
      await post("registered-models/create", { name });
      for (let index = 0; index < count; index++)
        await post("model-versions/create", { name, source: source(`m${index}`), run_id: `r${index}` });
    };
    const numbers = (list: { version: string }[]) => list.map(({ version }) => version);

    it("refuses what MLflow 2.22 and 3 ask of every search of registered models", async () => {
      const filter = "tag.`mlflow.prompt.is_prompt` != 'true'";
      await refused(
        get("registered-models/search", { filter }),
        `Currently unsupported filter string format (we currently do not support OR). Provided filter string: ${filter}`,
      );
      await refused(get("registered-models/search", { filter: `name='m' AND ${filter}` }), /unsupported filter/);
      await refused(get("registered-models/search", { filter: "tags.team = 'a'" }), /unsupported filter/);
      await refused(get("registered-models/search", { order_by: "version" }), /Invalid attribute key 'version'/);
    });
    it("orders models and versions", async () => {
      await versions("ordered-2", 2);
      await versions("ordered-1", 1);
      const models = async (order_by: string) =>
        (
          await get("registered-models/search", { filter: "name LIKE 'ordered-%'", order_by })
        ).body.registered_models.map(({ name }: { name: string }) => name);
      assert.deepEqual(await models("name ASC"), ["ordered-1", "ordered-2"]);
      assert.deepEqual(await models("name DESC"), ["ordered-2", "ordered-1"]);
      const found = async (query: Record<string, string>) =>
        numbers((await get("model-versions/search", query)).body.model_versions);
      const filter = "name='ordered-2'";
      assert.deepEqual(await found({ filter, order_by: "version_number ASC" }), ["1", "2"]);
      assert.deepEqual(await found({ filter, order_by: "version_number DESC" }), ["2", "1"]);
      assert.deepEqual(await found({ filter: `${filter} and run_id = 'r1'` }), ["2"]);
      await refused(get("model-versions/search", { filter: "tags.a = 'b'" }), /unsupported filter/);
      await refused(get("model-versions/search", { filter, order_by: "stage" }), /Invalid attribute key 'stage'/);
    });
    it("gives the latest version of each stage", async () => {
      await versions("staged", 4);
      const move = (version: string, stage: string) =>
        post("model-versions/transition-stage", { name: "staged", version, stage });
      await move("1", "Production");
      await move("2", "production");
      await move("3", "Staging");
      const latest = async (stages?: string[]) =>
        numbers(
          (await post("registered-models/get-latest-versions", { name: "staged", stages })).body.model_versions,
        ).toSorted();
      assert.deepEqual(await latest(), ["2", "3", "4"]);
      assert.deepEqual(await latest(["Production"]), ["2"]);
      const { registered_model } = (await get("registered-models/get", { name: "staged" })).body;
      assert.deepEqual(numbers(registered_model.latest_versions).toSorted(), ["2", "3", "4"]);
      await refused(post("registered-models/get-latest-versions", { name: "staged", stages: ["Live"] }), /stage: Live/);
    });
    it("shows aliases with the version, moves them, and drops them with it", async () => {
      await versions("aliased", 2);
      const alias = (version: string) =>
        post("registered-models/alias", { name: "aliased", alias: "champion", version });
      const shown = async (version: string) =>
        (await get("model-versions/get", { name: "aliased", version })).body.model_version.aliases;
      await alias("1");
      assert.deepEqual([await shown("1"), await shown("2")], [["champion"], []]);
      await alias("2");
      assert.deepEqual([await shown("1"), await shown("2")], [[], ["champion"]]);
      // A PUT of the management plane leaves it, a deletion there takes it away, and a new version does not have it.
      const { modelUri, modelType } = (await jobs.arm("GET", "/models/aliased/versions/2")).body.properties;
      await jobs.arm("PUT", "/models/aliased/versions/2", { properties: { modelUri, modelType, description: "d" } });
      assert.deepEqual(await shown("2"), ["champion"]);
      assert.equal((await jobs.arm("DELETE", "/models/aliased/versions/2")).status, 200);
      assert.deepEqual((await get("registered-models/get", { name: "aliased" })).body.registered_model.aliases, []);
      await post("model-versions/create", { name: "aliased", source: source() });
      await refused(get("registered-models/alias", { name: "aliased", alias: "champion" }), /champion not found/);
    });
    it("gives the number of a deleted version to no other one", async () => {
      await versions("counted", 2);
      for (const version of ["1", "2"])
        await jobs.mlflow("DELETE", "model-versions/delete", { name: "counted", version });
      const made = await post("model-versions/create", { name: "counted", source: source() });
      assert.equal(made.body.model_version.version, "3");
    });
    it("takes sources of Azure ML alone", async () => {
      await versions("sourced", 0);
      const make = (from: string) => post("model-versions/create", { name: "sourced", source: from });
      for (const bad of ["dummy-source", "runs:/r1/model", "s3://bucket/model", "models:/sourced/1", "azureml://x"])
        await refused(
          make(bad),
          `Model source from file must be in the following format: azureml://artifacts/<origin>/<container>/<artifact_prefix>. Provided model source: ${bad}`,
        );
      for (const good of [
        "azureml://artifacts/LocalUpload/u1/model",
        "azureml://experiments/e/runs/r1/artifacts/model",
        "azureml://jobs/j/outputs/model",
        "azureml://datastores/workspaceblobstore/paths/m",
      ])
        assert.equal((await make(good)).status, 200, good);
    });
    it("deletes no model and renames none", async () => {
      await versions("stays", 1);
      await refused(
        jobs.mlflow("DELETE", "registered-models/delete", { name: "stays" }),
        /deleting entire model containers/,
      );
      await refused(post("registered-models/rename", { name: "stays", new_name: "gone" }), /renaming models/);
      assert.equal((await get("registered-models/get", { name: "stays" })).status, 200);
    });
  });

  describe("what the service lacks", () => {
    for (const [method, path, status] of [
      ["POST", "logged-models", 404],
      ["GET", "logged-models/m-1", 404],
      ["POST", "logged-models/search", 404],
      ["POST", "traces", 403],
      ["GET", "traces/tr-1/info", 403],
    ] as const) {
      it(`${method} ${path} is ${status} without a body`, async () => {
        const answer = await jobs.mlflow(method, path, method === "POST" ? {} : undefined);
        assert.deepEqual([answer.status, answer.text], [status, ""]);
      });
    }
    it("a body that is no object is refused", async () => {
      for (const body of ["{", "[1]", '"x"'])
        await refused(jobs.mlflow("POST", "runs/search", body), "The request is invalid.");
    });
  });
});
