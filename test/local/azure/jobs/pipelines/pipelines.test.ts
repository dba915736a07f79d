// Jobs that consist of others: pipelines as graphs, sweeps as trials, and the schedules that start them.
import assert from "node:assert/strict";
import { jobService } from "../../../../../local/azure/jobs/service.ts";
import { isCron, isDue } from "../../../../../local/azure/schedules/due.ts";
import { startDue } from "../../../../../local/azure/schedules/watch.ts";
import { until } from "../../../../harness/until.ts";
import { JobClient } from "../../job-client.ts";

// biome-ignore lint/suspicious/noExplicitAny: a wire body is looked at freely in tests
type Body = any;

describe("local Azure: jobs of several jobs", () => {
  const jobs = JobClient.ofSuite({ immediate: true });

  before(async () => {
    await component("write", {
      command: "echo ${{inputs.word}} > ${{outputs.out}}/said.txt",
      inputs: { word: { type: "string", default: "by default" } },
      outputs: { out: { type: "uri_folder" } },
    });
    await component("read", {
      command: "grep -q '${{inputs.word}}' ${{inputs.data}}/said.txt",
      inputs: { word: { type: "string" }, data: { type: "uri_folder" } },
    });
    await component("fail", { command: "exit 3" });
    await component("wait", { command: "sleep 300" });
  });

  async function component(name: string, specification: object): Promise<void> {
    const environment = `azureml:${jobs.id("environments/plain/versions/1")}`;
    const componentSpec = { name, version: "1", type: "command", environment, ...specification };
    const answer = await jobs.arm("PUT", `/components/${name}/versions/1`, { properties: { componentSpec } });
    assert.equal(answer.status, 201, answer.text);
  }

  const step = (name: string, inputs: Record<string, string> = {}) => ({
    type: "command",
    componentId: jobs.id(`components/${name}/versions/1`),
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([key, value]) => [key, { job_input_type: "literal", value }]),
    ),
  });
  const from = (name: string) => `\${{parent.jobs.${name}.outputs.out}}`;

  async function submit(steps: object, more: object = {}): Promise<string> {
    const name = jobs.name();
    const settings = { default_compute: jobs.id("computes/cpu-cluster") };
    const properties = { jobType: "Pipeline", jobs: steps, settings, inputs: {}, outputs: {}, ...more };
    const answer = await jobs.arm("PUT", `/jobs/${name}`, { properties });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.properties.status, "Preparing");
    return name;
  }

  async function childrenOf(name: string): Promise<Body[]> {
    const { body } = await jobs.api("GET", "history/v1.0", `/runs/${name}/children`);
    return body.value;
  }

  describe("pipelines", () => {
    it("pass what a step has made to the next, and show each step as a job of its own", async () => {
      const name = await submit({
        one: step("write", { word: "hello" }),
        two: step("read", { word: "hello", data: from("one") }),
      });
      await jobs.until(name, "Completed");
      const children = await childrenOf(name);
      assert.deepEqual(children.map((child) => [child.properties["azureml.nodeid"], child.status]).sort(), [
        ["one", "Completed"],
        ["two", "Completed"],
      ]);
      assert.ok(children.every((child) => child.parentRunId === name && child.rootRunId === name));
      const { logFiles } = await jobs.details(name);
      assert.ok("logs/azureml/executionlogs.txt" in logFiles, Object.keys(logFiles).join());
    });

    it("take a step's results over that did the very same before, unless they are told to run it again", async () => {
      const word = "the same";
      const first = await submit({ one: step("write", { word }) });
      await jobs.until(first, "Completed");
      const again = await submit({ one: step("write", { word }) });
      const forced = await submit(
        { one: step("write", { word }) },
        { settings: { default_compute: jobs.id("computes/cpu-cluster"), force_rerun: true } },
      );
      await jobs.until(again, "Completed");
      await jobs.until(forced, "Completed");
      const [ran] = await childrenOf(first);
      const [reused] = await childrenOf(again);
      const [anew] = await childrenOf(forced);
      assert.equal(reused.properties["azureml.isreused"], "true");
      assert.equal(reused.properties["azureml.reusedrunid"], ran.runId);
      assert.equal(anew.properties["azureml.isreused"], undefined);
    });

    it("run the first of two equal steps, and let the other take over what it does while it still does it", async () => {
      const two = { one: step("wait"), two: step("wait") };
      const name = await submit(two);
      const both = await until("one of two equal steps runs", async () => {
        const children = await childrenOf(name);
        return children.length === 2 && children.some(({ status }) => status === "Running") ? children : undefined;
      });
      assert.ok(both);
      const reused = both.find((one) => one.properties["azureml.isreused"] === "true");
      const ran = both.find((one) => one.properties["azureml.isreused"] === undefined);
      assert.ok(reused !== undefined && ran !== undefined, JSON.stringify(both));
      assert.equal(reused.properties["azureml.reusedrunid"], ran.runId);
      assert.equal(reused.status, "NotStarted");
      await jobs.arm("POST", `/jobs/${name}/cancel`);
      await jobs.until(name, "Canceled");
      assert.deepEqual(
        (await childrenOf(name)).map(({ status }) => status),
        ["Canceled", "Canceled"],
      );

      const done = await submit({ one: step("write", { word: "twice" }), two: step("write", { word: "twice" }) });
      await jobs.until(done, "Completed");
      const ended = await childrenOf(done);
      assert.deepEqual(
        ended.map(({ status }) => status),
        ["Completed", "Completed"],
      );
      assert.equal(ended.filter((one) => one.properties["azureml.isreused"] === "true").length, 1);
      const forced = await submit(
        { one: step("write", { word: "twice" }), two: step("write", { word: "twice" }) },
        { settings: { default_compute: jobs.id("computes/cpu-cluster"), force_rerun: true } },
      );
      await jobs.until(forced, "Completed");
      assert.ok((await childrenOf(forced)).every((one) => one.properties["azureml.isreused"] === undefined));
    });

    it("fail with a step, end those beside it where they are told to, and never begin what waits for it", async () => {
      const steps = {
        bad: step("fail"),
        beside: step("wait"),
        after: { ...step("read", { word: "x", data: from("bad") }) },
      };
      const settings = { default_compute: jobs.id("computes/cpu-cluster"), continue_on_step_failure: false };
      const name = await submit(steps, { settings });
      await jobs.until(name, "Failed");
      const ended = Object.fromEntries(
        (await childrenOf(name)).map((one) => [one.properties["azureml.nodeid"], one.status]),
      );
      assert.equal(ended["bad"], "Failed");
      // Whether it had begun when the other failed is not promised; it does not go on.
      assert.ok([undefined, "Canceled"].includes(ended["beside"]), ended["beside"]);
      assert.equal(ended["after"], undefined);
      assert.match((await jobs.details(name)).error.error.message, /failed steps/);
    });

    it("have properties of the service's own, more of them from one api-version on", async () => {
      const put = async (settings: object, apiVersion: string, more: object = {}) => {
        const properties = {
          jobType: "Pipeline",
          jobs: { a: step("write", { word: "x" }) },
          settings,
          inputs: {},
          ...more,
        };
        const answer = await jobs.arm("PUT", `/jobs/${jobs.name()}`, { properties }, apiVersion);
        assert.equal(answer.status, 201, answer.text);
        const shown = answer.body.properties.properties;
        return [
          ...["continue_on_step_failure", "enforceRerun", "DatasetAccessMode", "defaultComputeName"].map(
            (key) => shown[`azureml.${key}`],
          ),
        ];
      };
      const computeId = jobs.id("computes/cpu-cluster");
      const own = { default_compute: computeId };
      assert.deepEqual(await put(own, "2023-04-01-preview"), ["True", "False", "Asset", "cpu-cluster"]);
      assert.deepEqual(await put({ force_rerun: true }, "2023-02-01-preview", { computeId }), [
        ...["True", "True", "Asset", "cpu-cluster"],
      ]);
      assert.deepEqual(await put(own, "2022-10-01-preview"), ["False", undefined, undefined, "cpu-cluster"]);
      const said = { ...own, continue_on_step_failure: false };
      assert.equal((await put(said, "2025-12-01"))[0], "False");
    });

    it("go on beside a step that failed, unless they are told not to", async () => {
      const name = await submit({ bad: step("fail"), good: step("write", { word: "goes on" }) });
      await jobs.until(name, "Failed");
      const ended = Object.fromEntries(
        (await childrenOf(name)).map((one) => [one.properties["azureml.nodeid"], one.status]),
      );
      assert.deepEqual(ended, { bad: "Failed", good: "Completed" });
    });

    it("find a component by its name in any case, and show it as the pipeline names it", async () => {
      const named = { ...step("write", { word: "case" }), componentId: jobs.id("components/Write/versions/1") };
      const name = await submit({ one: named });
      const { body } = await jobs.arm("GET", `/jobs/${name}`);
      assert.equal(body.properties.jobs.one.componentId, named.componentId);
      await jobs.until(name, "Completed");
      const { status, body: found } = await jobs.arm("GET", "/components/WRITE/versions/1");
      assert.deepEqual([status, found.id.split("/").slice(-3)], [200, ["write", "versions", "1"]]);
      assert.equal((await jobs.arm("GET", "/environments/PLAIN/versions/1")).status, 404);
    });

    it("are shown as components with what they take over from their graph", async () => {
      const flag = { type: "boolean", is_control: true };
      await component("tells", { command: "true", outputs: { early: { ...flag, early_available: true }, late: flag } });
      const jobs_ = {
        one: {
          ...{
            type: "command",
            componentId: jobs.id("components/tells/versions/1"),
            computeId: "${{parent.inputs.machine}}",
          },
          outputs: Object.fromEntries(
            ["early", "late"].map((name) => [name, { type: "literal", value: `\${{parent.outputs.${name}}}` }]),
          ),
        },
      };
      const inputs = {
        machine: { type: "string", default: "azureml:cpu-cluster" },
        text: { type: "string", default: "azureml:cpu-cluster" },
      };
      const componentSpec = { type: "pipeline", jobs: jobs_, inputs, outputs: { early: flag, late: flag } };
      const answer = await jobs.arm("PUT", "/components/graph/versions/1", { properties: { componentSpec } });
      const shown = answer.body.properties.componentSpec;
      assert.deepEqual(
        [shown.inputs.machine.default, shown.inputs.text.default],
        ["cpu-cluster", "azureml:cpu-cluster"],
      );
      assert.deepEqual([shown.outputs.early.early_available, shown.outputs.late.early_available], ["True", undefined]);
    });

    it("are canceled with all their steps", async () => {
      const name = await submit({ long: step("wait") });
      await until("the step runs", async () => (await childrenOf(name))[0]?.status === "Running");
      assert.equal((await jobs.arm("POST", `/jobs/${name}/cancel`)).status, 202);
      await jobs.until(name, "Canceled");
      assert.equal((await childrenOf(name))[0].status, "Canceled");
      const late = await jobs.arm("POST", `/jobs/${name}/cancel`);
      assert.equal(late.status, 400);
      assert.equal(late.body.error.message, `The pipeline run ${name} is in terminal status, it can't be canceled.`);
    });

    for (const [what, steps, status, words] of [
      [
        "a place that is bound and more",
        () => ({
          a: step("write", { word: "x" }),
          b: step("read", {
            word: "${{parent.jobs.a.outputs.out}}/x",
            data: "${{parent.jobs.a.outputs.out}}/said.txt",
          }),
        }),
        400,
        /^Invalid component job since input data for component job b does not exist\.$/,
      ],
      [
        "steps that wait for each other",
        () => ({ a: step("read", { word: "x", data: from("b") }), b: step("read", { word: "x", data: from("a") }) }),
        400,
        /wait for each other/,
      ],
      ["a component that does not exist", () => ({ a: step("nothing") }), 404, /Not found component nothing/],
      ["an output of what is no step", () => ({ a: step("read", { word: "x", data: from("nobody") }) }), 400, /nobody/],
    ] as const) {
      it(`are refused with ${what}`, async () => {
        const properties = { jobType: "Pipeline", jobs: steps(), settings: {}, inputs: {}, outputs: {} };
        const answer = await jobs.arm("PUT", `/jobs/${jobs.name()}`, { properties });
        assert.equal(answer.status, status, answer.text);
        assert.match(answer.body.error.message, words);
      });
    }
  });

  describe("sweeps", () => {
    const ranked: string[] = [];

    before(() => {
      // A trial's score is what it drew, logged as it begins to run.
      const { tracking } = jobService(jobs.cloud.azure);
      jobs.cloud.azure.events.on("jobStatus", (job) => {
        const run = tracking.runs.get(job.name);
        const drawn = job.properties["hyperparameters"];
        if (job.status !== "Running" || run === undefined || drawn === undefined) return;
        ranked.push(job.name);
        const value = Number(JSON.parse(drawn)["x"]);
        tracking.logMetric(run, { key: "score", value, timestamp: jobs.cloud.azure.clock.now(), step: 0 });
      });
    });

    async function sweep(more: object): Promise<string> {
      const name = jobs.name();
      const properties = {
        jobType: "Sweep",
        trial: { command: "true # ${{search_space.x}}", environmentId: jobs.id("environments/plain/versions/1") },
        searchSpace: { x: ["choice", [[1, 2, 3]]] },
        samplingAlgorithm: { samplingAlgorithmType: "Grid" },
        objective: { goal: "Maximize", primaryMetric: "score" },
        limits: { jobLimitsType: "Sweep", maxTotalTrials: 5, maxConcurrentTrials: 3 },
        computeId: jobs.id("computes/cpu-cluster"),
        ...more,
      };
      const answer = await jobs.arm("PUT", `/jobs/${name}`, { properties });
      assert.equal(answer.status, 201, answer.text);
      return name;
    }

    for (const [goal, best] of [
      ["Maximize", "3"],
      ["Minimize", "1"],
    ] as const) {
      it(`try every combination of a grid, and call the ${best} the best of 1, 2 and 3 to ${goal}`, async () => {
        const name = await sweep({ objective: { goal, primaryMetric: "score" } });
        await jobs.until(name, "Completed");
        const { properties, tags } = (await jobs.arm("GET", `/jobs/${name}`)).body.properties;
        const drawn = [0, 1, 2].map((number) => JSON.parse(tags[`_aml_system_${name}_${number}`]).x);
        assert.deepEqual(drawn.toSorted(), [1, 2, 3]);
        assert.equal(properties["score"], best);
        assert.equal(JSON.parse(tags[`_aml_system_${properties["best_child_run_id"]}`]).x, Number(best));
      });
    }

    it("show resources of their own in the two api-versions that publish them", async () => {
      const name = await sweep({ resources: { instanceCount: 2, shmSize: "4g" } });
      const seen = async (apiVersion: string) =>
        (await jobs.arm("GET", `/jobs/${name}`, undefined, apiVersion)).body.properties.resources;
      for (const version of ["2023-08-01-preview", "2024-01-01-preview"]) {
        const { instanceCount, shmSize } = await seen(version);
        assert.deepEqual([instanceCount, shmSize], [2, "4g"], version);
      }
      for (const version of ["2023-04-01-preview", "2024-07-01-preview", "2025-12-01"])
        assert.equal(await seen(version), undefined, version);
      await jobs.until(name, "Completed");
    });

    it("draw the same points for the same seed", async () => {
      const more = {
        searchSpace: { x: ["uniform", [1, 100]] },
        samplingAlgorithm: { samplingAlgorithmType: "Random", seed: 7 },
        limits: { jobLimitsType: "Sweep", maxTotalTrials: 2, maxConcurrentTrials: 1 },
      };
      const drawn: string[][] = [];
      for (const name of [await sweep(more), await sweep(more)]) {
        await jobs.until(name, "Completed");
        const { tags } = (await jobs.arm("GET", `/jobs/${name}`)).body.properties;
        drawn.push([0, 1].map((number) => tags[`_aml_system_${name}_${number}`]));
      }
      assert.deepEqual(drawn[0], drawn[1]);
      assert.notEqual(drawn[0]?.[0], drawn[0]?.[1]);
    });

    it("end a trial that falls behind, and complete with the others", async () => {
      const name = await sweep({
        // The last one is the worst: by then there are better ones to be behind.
        trial: {
          command: "if [ ${{search_space.x}} = 1 ]; then sleep 300; fi",
          environmentId: jobs.id("environments/plain/versions/1"),
        },
        searchSpace: { x: ["choice", [[9, 8, 1]]] },
        earlyTermination: { policyType: "Bandit", slackAmount: 2, evaluationInterval: 1 },
        limits: { jobLimitsType: "Sweep", maxTotalTrials: 3, maxConcurrentTrials: 1 },
      });
      await jobs.until(name, "Completed");
      assert.equal(await jobs.status(`${name}_2`), "Canceled");
      assert.equal(await jobs.status(`${name}_0`), "Completed");
    });

    it("fail when every trial fails, and are canceled with their trials", async () => {
      const environmentId = jobs.id("environments/plain/versions/1");
      const failing = await sweep({ trial: { command: "exit 1 # ${{search_space.x}}", environmentId } });
      const long = await sweep({ trial: { command: "sleep 300 # ${{search_space.x}}", environmentId } });
      await until("the trial runs", () => ranked.includes(`${long}_0`));
      assert.equal((await jobs.arm("POST", `/jobs/${long}/cancel`)).status, 202);
      await jobs.until(long, "Canceled");
      assert.equal(await jobs.status(`${long}_0`), "Canceled");
      await jobs.until(failing, "Failed");
    });
  });

  describe("schedules", () => {
    const schedule = (more: object = {}) => ({
      properties: {
        trigger: { triggerType: "Cron", expression: "30 6 * * *", timeZone: "UTC" },
        action: { actionType: "CreateJob", jobDefinition: (jobs.properties("echo scheduled") as Body).properties },
        ...more,
      },
    });
    const startedBy = (name: string) =>
      jobService(jobs.cloud.azure)
        .all()
        .filter((job) => job.properties["azureml.scheduleName"] === name);

    async function put(name: string, more: object = {}): Promise<void> {
      const answer = await jobs.arm("PUT", `/schedules/${name}`, schedule(more));
      assert.equal(answer.status, 201, answer.text);
      await until(`the schedule ${name} is made`, async () => {
        const { properties } = (await jobs.arm("GET", `/schedules/${name}`)).body;
        return properties.provisioningState === "Succeeded";
      });
    }

    it("start their job at the minute that they name, once", async () => {
      await put("daily");
      const day = 24 * 60 * 60_000;
      const halfPastSix = 6.5 * 60 * 60_000;
      // The next one from two minutes on, at whatever time of the day this runs: also a minute before half past six.
      const from = jobs.cloud.azure.clock.now() + 2 * 60_000;
      startDue(jobs.cloud.azure, from);
      const before = startedBy("daily");
      const morning = Math.floor((from - halfPastSix) / day + 1) * day + halfPastSix;
      startDue(jobs.cloud.azure, morning - 60_000);
      assert.equal(startedBy("daily").length, before.length);
      startDue(jobs.cloud.azure, morning);
      startDue(jobs.cloud.azure, morning + 60_000);
      const [job, ...more] = startedBy("daily").filter((one) => !before.includes(one));
      assert.ok(job !== undefined && more.length === 0);
      await jobs.until(job.name, "Completed");
    });

    it("start nothing while they are disabled, and are deleted only then", async () => {
      await put("off", {
        trigger: { triggerType: "Cron", expression: "* * * * *", timeZone: "UTC" },
        isEnabled: false,
      });
      startDue(jobs.cloud.azure, jobs.cloud.azure.clock.now() + 5 * 60_000);
      assert.deepEqual(startedBy("off"), []);
      await put("on");
      const refused = await jobs.arm("DELETE", "/schedules/on");
      assert.equal(refused.status, 202);
      const told = await until("the operation has ended", async () => {
        const { body } = await jobs.armUrl("GET", refused.headers["azure-asyncoperation"]!);
        return /^(Succeeded|Failed)$/.test(body.status) ? body : undefined;
      });
      assert.equal(told.status, "Failed");
      assert.match(told.error.message, /Cannot delete an active trigger on/);
      assert.equal((await jobs.arm("GET", "/schedules/on")).status, 200);
      assert.equal((await jobs.arm("DELETE", "/schedules/off")).status, 202);
    });

    it("start their job when they are triggered by hand", async () => {
      await put("manual");
      const { status, body } = await jobs.arm("POST", "/schedules/manual/trigger", {
        scheduleTime: "2026-01-01T00:00:00Z",
      });
      assert.equal(status, 200);
      await jobs.until(body.submissionId, "Completed");
      assert.deepEqual(
        startedBy("manual").map((job) => job.name),
        [body.submissionId],
      );
    });

    it("are not triggered without a time, which is required", async () => {
      await put("timeless");
      assert.equal((await jobs.arm("POST", "/schedules/timeless/trigger", {})).status, 400);
      assert.deepEqual(startedBy("timeless"), []);
    });

    it("are refused with a cron expression that is none", async () => {
      const trigger = { triggerType: "Cron", expression: "every monday" };
      const answer = await jobs.arm("PUT", "/schedules/odd", schedule({ trigger }));
      assert.equal(answer.status, 400, answer.text);
      assert.match(answer.body.error.message, /every monday/);
    });

    it("take the expressions that NCrontab takes, and no others", () => {
      for (const good of ["5/15 * * * *", "0 3 * * monday", "0 3 * jan-mar SUN,sat", "0 0 * * 7", " 1-9/2  0 1 1 0 "])
        assert.ok(isCron(good), good);
      for (const bad of ["0 0 L * *", "0 0 ? * *", "60 * * * *", "@daily", "* * * *", "0 * * * * *", "*/0 * * * *", ""])
        assert.ok(!isCron(bad), bad);
    });

    for (const [what, trigger, moments] of [
      [
        "a cron expression, in its time zone",
        { triggerType: "Cron", expression: "15 10 * * 1", timeZone: "Pacific Standard Time" },
        {
          "2026-03-02T18:15:00Z": true,
          "2026-03-02T10:15:00Z": false,
          "2026-03-03T18:15:00Z": false,
          "2026-07-06T17:15:00Z": true,
        },
      ],
      [
        "lists, ranges and steps",
        { triggerType: "Cron", expression: "*/20 8-10 1,15 * *" },
        {
          "2026-03-15T09:40:00Z": true,
          "2026-03-15T09:30:00Z": false,
          "2026-03-16T09:40:00Z": false,
          "2026-03-15T11:00:00Z": false,
        },
      ],
      [
        // NCrontab, which Azure ML names for its expressions, counts a step from the smallest value of the field.
        "steps of days, counted from the first of the month",
        { triggerType: "Cron", expression: "0 3 */2 * *" },
        { "2026-03-01T03:00:00Z": true, "2026-03-02T03:00:00Z": false, "2026-03-03T03:00:00Z": true },
      ],
      [
        "a recurrence by week",
        {
          triggerType: "Recurrence",
          frequency: "Week",
          interval: 2,
          startTime: "2026-03-02T10:15:00",
          schedule: { hours: [10], minutes: [0, 30], weekDays: ["Monday", "Friday"] },
        },
        {
          "2026-03-02T10:30:00Z": true,
          "2026-03-02T10:00:00Z": false,
          "2026-03-06T10:00:00Z": true,
          "2026-03-09T10:00:00Z": false,
          "2026-03-16T10:00:00Z": true,
        },
      ],
      [
        "a recurrence by hours, until its end",
        {
          triggerType: "Recurrence",
          frequency: "Hour",
          interval: 3,
          startTime: "2026-03-02T10:15:00",
          endTime: "2026-03-02T20:00:00",
        },
        { "2026-03-02T13:15:00Z": true, "2026-03-02T12:15:00Z": false, "2026-03-02T22:15:00Z": false },
      ],
    ] as const) {
      it(`know when they are due by ${what}`, () => {
        for (const [moment, due] of Object.entries(moments)) {
          assert.equal(isDue(trigger, Date.parse(moment), Date.parse("2026-01-01T00:00:00Z")), due, moment);
        }
      });
    }
  });
});
