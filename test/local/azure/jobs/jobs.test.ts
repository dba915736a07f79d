// Command jobs on the management plane, against the booted local cloud: bodies, states, lists, cancel, refusals.
import assert from "node:assert/strict";
import { holdTimer } from "../../../harness/timers.ts";
import { until } from "../../../harness/until.ts";
import { JobClient } from "../job-client.ts";

describe("local Azure: jobs", () => {
  const jobs = JobClient.ofSuite();

  describe("bodies", () => {
    it("answers a PUT with 201, a Location and every key of the recording, in its order", async () => {
      const name = jobs.name();
      const body = jobs.properties("echo ${{inputs.x}}", {
        inputs: { x: { jobInputType: "literal", value: "1" } },
        outputs: { model: { jobOutputType: "custom_model", mode: "Upload" } },
        resources: { instanceCount: 2, properties: {} },
        distribution: { distributionType: "PyTorch" },
        limits: { jobLimitsType: "Command", timeout: "PT1M" },
        displayName: "Train",
        tags: { a: "1" },
        properties: { "mlflow.source.git.commit": "abc" },
      });
      const answer = await jobs.arm("PUT", `/jobs/${name}`, body);
      assert.equal(answer.status, 201);
      assert.equal(
        answer.headers["location"],
        `${jobs.cloud.urls.arm}${jobs.id(`jobs/${name}`)}?api-version=2025-12-01`,
      );
      const { properties, ...envelope } = answer.body;
      assert.deepEqual(Object.keys(answer.body), ["id", "name", "type", "properties", "systemData"]);
      assert.equal(envelope.id, jobs.id(`jobs/${name}`));
      assert.equal(envelope.type, "Microsoft.MachineLearningServices/workspaces/jobs");
      assert.deepEqual(Object.keys(envelope.systemData), ["createdAt", "createdBy", "createdByType"]);
      assert.deepEqual(
        Object.keys(properties),
        "description tags properties displayName status experimentName services computeId isArchived identity componentId notificationSetting jobType resources codeId command environmentId inputs outputs distribution limits environmentVariables parameters queueSettings".split(
          " ",
        ),
      );
      assert.equal(properties.status, "Starting");
      assert.equal(properties.codeId, null);
      assert.deepEqual(properties.properties, {
        "mlflow.source.git.commit": "abc",
        "_azureml.ComputeTargetType": "amlctrain",
      });
      assert.deepEqual(properties.resources, {
        instanceCount: 2,
        instanceType: null,
        properties: {},
        shmSize: "2g",
        dockerArgs: null,
      });
      assert.deepEqual(properties.distribution, { distributionType: "PyTorch", processCountPerInstance: null });
      assert.deepEqual(properties.limits, { timeout: "PT1M", jobLimitsType: "Command" });
      assert.deepEqual(properties.inputs, { x: { description: null, value: "1", jobInputType: "literal" } });
      assert.deepEqual(properties.outputs, {
        model: { description: null, uri: null, assetName: null, mode: "Upload", jobOutputType: "custom_model" },
        default: {
          description: null,
          uri: `azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.${name}`,
          assetName: null,
          mode: "ReadWriteMount",
          jobOutputType: "uri_folder",
        },
      });
      assert.deepEqual(Object.keys(properties.services), ["Tracking", "Studio"]);
      assert.match(
        properties.services.Tracking.endpoint,
        /^azureml:\/\/localhost:\d+\/mlflow\/v1\.0\/subscriptions\/.+\/workspaces\/ws1\?$/,
      );
      assert.match(
        properties.services.Studio.endpoint,
        new RegExp(`/runs/${name}\\?wsid=/subscriptions/.+/resourcegroups/rg1/workspaces/ws1$`),
      );
      await jobs.until(name, "Completed");
    });

    it("shows the keys that the api-version knows, and no others", async () => {
      const name = await jobs.run("true", {
        outputs: { o: { jobOutputType: "uri_folder", assetName: "kept-folder" } },
      });
      const seen = async (apiVersion: string) => {
        const { properties } = (await jobs.arm("GET", `/jobs/${name}`, undefined, apiVersion)).body;
        return {
          job: ["notificationSetting", "secretsConfiguration", "queueSettings", "autologgerSettings"].filter(
            (key) => key in properties,
          ),
          resources: Object.keys(properties.resources),
          service: "nodes" in properties.services.Studio,
          output: Object.keys(properties.outputs.o),
          default: Object.keys(properties.outputs.default),
        };
      };
      const plain = ["instanceCount", "instanceType", "properties", "shmSize", "dockerArgs"];
      const output = ["description", "uri", "mode", "jobOutputType"];
      assert.deepEqual(await seen("2022-10-01"), {
        job: [],
        resources: plain,
        service: false,
        output,
        default: output,
      });
      assert.deepEqual(await seen("2025-12-01"), {
        job: ["notificationSetting", "queueSettings"],
        resources: plain,
        service: true,
        output: ["description", "uri", "assetName", "mode", "jobOutputType"],
        default: ["description", "uri", "assetName", "mode", "jobOutputType"],
      });
      assert.deepEqual(await seen("2023-04-01-preview"), {
        job: ["notificationSetting", "secretsConfiguration", "queueSettings", "autologgerSettings"],
        resources: [
          "instanceCount",
          "maxInstanceCount",
          "instanceType",
          "locations",
          "properties",
          "shmSize",
          "dockerArgs",
        ],
        service: true,
        output: ["description", "uri", "assetName", "assetVersion", "mode", "autoDeleteSetting", "jobOutputType"],
        default: ["description", "uri", "assetName", "assetVersion", "mode", "autoDeleteSetting", "jobOutputType"],
      });
      // Recorded, though published types of that version do not have them.
      const early = await seen("2022-10-01-preview");
      assert.deepEqual([early.service, early.job, early.resources], [true, ["autologgerSettings"], plain]);
    });

    it("mounts an asset's input for reading where no mode was sent, and leaves a mode that was", async () => {
      const uri = "azureml://datastores/workspaceblobstore/paths/somewhere/";
      const asset = (more: object) => ({ jobInputType: "uri_folder", uri, ...more });
      const inputs = { a: asset({}), b: asset({ mode: null }), c: asset({ mode: "Download" }) };
      const name = await jobs.submit("true", {
        inputs: { ...inputs, d: { jobInputType: "literal", value: "1" } },
      });
      const shown = (await jobs.arm("GET", `/jobs/${name}`)).body.properties.inputs;
      const modes = Object.entries(shown).map(([key, one]) => [key, (one as { mode?: string }).mode]);
      assert.deepEqual(modes, [
        ["a", "ReadOnlyMount"],
        ["b", "ReadOnlyMount"],
        ["c", "Download"],
        ["d", undefined],
      ]);
    });

    it("answers 404 JobNotFound for a job that does not exist", async () => {
      const answer = await jobs.arm("GET", "/jobs/nobody");
      assert.equal(answer.status, 404);
      assert.equal(answer.body.error.code, "UserError");
      assert.equal(answer.body.error.message, "Job nobody not found.");
      // biome-ignore lint/suspicious/noExplicitAny: a wire body is looked at freely in tests
      const inner = answer.body.error.additionalInfo.find((item: any) => item.type === "InnerError").info.value;
      assert.deepEqual(inner, { code: "NotFound", innerError: { code: "JobNotFound", innerError: null } });
    });
  });

  describe("a repeated PUT", () => {
    it("changes tags, display name, description and archiving, and nothing else", async () => {
      const name = await jobs.submit("sleep 300", { tags: { old: "1" }, properties: { commit: "abc" } });
      const changed = jobs.properties("echo second", {
        tags: { fresh: "2" },
        displayName: "New name",
        description: "New words",
        isArchived: true,
        properties: { commit: "abc", added: "later", "_azureml.ComputeTargetType": "amlctrain" },
      });
      const answer = await jobs.arm("PUT", `/jobs/${name}`, changed);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["location"], undefined);
      const { properties } = (await jobs.arm("GET", `/jobs/${name}`)).body;
      assert.deepEqual(properties.tags, { fresh: "2" });
      assert.equal(properties.displayName, "New name");
      assert.equal(properties.description, "New words");
      assert.equal(properties.isArchived, true);
      assert.deepEqual(properties.properties, {
        commit: "abc",
        "_azureml.ComputeTargetType": "amlctrain",
        added: "later",
      });
      assert.equal(properties.command, "sleep 300");
      const { tags } = (await jobs.mlflow("GET", `runs/get?run_id=${name}`)).body.run.data;
      const own = Object.fromEntries(tags.map(({ key, value }: { key: string; value: string }) => [key, value]));
      assert.equal(own.fresh, "2");
      assert.equal("old" in own, false);
      await jobs.arm("POST", `/jobs/${name}/cancel`);
    });

    it("of a finished job is answered with it where it changes nothing, and refused where it does", async () => {
      const name = await jobs.run("echo first", { tags: { old: "1" } });
      const same = await jobs.arm("PUT", `/jobs/${name}`, jobs.properties("echo first", { tags: { old: "1" } }));
      assert.deepEqual([same.status, same.body.properties.status], [200, "Completed"]);
      for (const change of [
        { tags: { fresh: "2" } },
        { tags: { old: "2" } },
        { description: "new" },
        { isArchived: true },
      ]) {
        const refused = await jobs.arm("PUT", `/jobs/${name}`, jobs.properties("echo first", change));
        assert.equal(refused.status, 400);
        assert.match(refused.body.error.message, /^A job with this name already exists\. /);
      }
      const { old, fresh } = (await jobs.arm("GET", `/jobs/${name}`)).body.properties.tags;
      assert.deepEqual([old, fresh], ["1", undefined]);
    });

    it("refuses to change a property that is there", async () => {
      const name = await jobs.submit("sleep 300", { properties: { commit: "abc" } });
      const answer = await jobs.arm(
        "PUT",
        `/jobs/${name}`,
        jobs.properties("true", { tags: { t: "1" }, properties: { commit: "def" } }),
      );
      assert.equal(answer.status, 400);
      assert.match(answer.body.error.message, /'commit'/);
      const { properties } = (await jobs.arm("GET", `/jobs/${name}`)).body;
      assert.equal(properties.properties.commit, "abc");
      assert.deepEqual(properties.tags, {});
      await jobs.arm("POST", `/jobs/${name}/cancel`);
    });
  });

  describe("lists", () => {
    before(async () => {
      for (const [name, tags] of [
        ["list_a", { team: "blue" }],
        ["list_b", { team: "green" }],
        ["list_c", { team: "blue" }],
      ] as const) {
        await jobs.submit("true", { tags, properties: { "azureml.git.build_id": name } }, name);
      }
      for (const name of ["list_a", "list_b", "list_c"]) await jobs.until(name, "Completed");
    });
    const names = async (query: string) => {
      const found = (await jobs.arm("GET", `/jobs?${query}`)).body.value;
      return found.map(({ name }: { name: string }) => name).filter((name: string) => name.startsWith("list_"));
    };

    it("gives the newest first", async () => assert.deepEqual(await names(""), ["list_c", "list_b", "list_a"]));
    it("filters by tag", async () => assert.deepEqual(await names("tag=team=blue"), ["list_c", "list_a"]));
    it("filters by property", async () =>
      assert.deepEqual(await names("properties=azureml.git.build_id=list_b"), ["list_b"]));
    it("filters by jobType", async () => {
      assert.deepEqual(await names("jobType=Sweep"), []);
      assert.equal((await names("jobType=Command")).length, 3);
    });
    it("leaves archived ones out unless asked", async () => {
      const { experimentName } = (await jobs.arm("GET", "/jobs/list_a")).body.properties;
      await jobs.api("PATCH", "history/v1.0", `/experiments/${experimentName}/runs/list_a`, { hidden: true });
      assert.deepEqual(await names(""), ["list_c", "list_b"]);
      assert.deepEqual(await names("listViewType=ArchivedOnly"), ["list_a"]);
      assert.deepEqual(await names("listViewType=All"), ["list_c", "list_b", "list_a"]);
    });
    it("pages by an opaque nextLink", async () => {
      const board = jobs.cloud.azure.store("jobs");
      const model = board.get("list_b") as object;
      for (let index = 0; index < 35; index += 1) {
        board.set(`page_${index}`, { ...model, name: `page_${index}`, sequence: 10_000 + index, tags: { page: "" } });
      }
      const first = await jobs.arm("GET", "/jobs?tag=page");
      assert.match(first.body.nextLink, /[?&]\$?(%24)?skip=/);
      const url = new URL(first.body.nextLink);
      const second = await jobs.arm("GET", `/jobs${url.search}`);
      assert.equal(second.body.nextLink, undefined);
      const all = [...first.body.value, ...second.body.value].map(({ name }) => name);
      assert.equal(all[0], "page_34");
      assert.equal(new Set(all).size, 35);
      for (let index = 0; index < 35; index += 1) board.delete(`page_${index}`);
    });
  });

  describe("cancel", () => {
    it("answers 202 null with a Location that is 202 {} and then 200 empty, and ends the whole process group", async () => {
      const name = await jobs.submit("trap 'echo asked to end' TERM; sleep 300 & echo child $!; wait; sleep 300");
      await jobs.until(name, "Running");
      await until("the child has its line in the log", async () => /child \d+/.test(await jobs.log(name)));
      jobs.cloud.azure.settings.killGrace = 600_000;
      const grace = holdTimer(600_000);
      const answer = await jobs.arm("POST", `/jobs/${name}/cancel`, undefined, "2022-12-01-preview");
      assert.equal(answer.status, 202);
      assert.equal(answer.text, "null");
      assert.equal(answer.headers["azure-asyncoperation"], undefined);
      assert.equal(answer.headers["x-ms-async-operation-timeout"], "PT1H");
      const location = answer.headers["location"]!;
      assert.match(
        location,
        new RegExp(
          `/mfeOperationResults/jc:${jobs.cloud.azure.workspaceGuid}:${name}\\?api-version=2022-12-01-preview$`,
        ),
      );
      assert.equal(await jobs.status(name), "CancelRequested");
      const poll = () => jobs.armUrl("GET", location);
      const early = await poll();
      assert.deepEqual([early.status, early.text, early.headers["location"]], [202, "{}", location]);
      await until("the job was asked to end", async () => (await jobs.said(name)).includes("asked to end"));
      grace.end();
      grace.restore();
      assert.equal(await jobs.until(name, "Canceled"), "Canceled");
      const late = await poll();
      assert.deepEqual([late.status, late.text], [200, ""]);
      const said = await jobs.said(name);
      assert.match(said, /asked to end/);
      const child = Number(/child (\d+)/.exec(said)?.[1]);
      assert.throws(() => process.kill(child, 0), { code: "ESRCH" });
      jobs.cloud.azure.settings.killGrace = 2_000;
    });

    it("ends a job that has not begun to run", async () => {
      jobs.cloud.azure.settings.phases.queued = 60_000;
      const name = await jobs.submit("echo never");
      await jobs.until(name, "Queued");
      jobs.cloud.azure.settings.phases.queued = 50;
      assert.equal((await jobs.arm("POST", `/jobs/${name}/cancel`)).status, 202);
      assert.equal(await jobs.until(name, "Canceled"), "Canceled");
      assert.equal((await jobs.details(name)).startTimeUtc, null);
    });

    it("leaves a job that has ended as it is, and answers 404 for one that does not exist", async () => {
      const name = await jobs.run("true");
      const answer = await jobs.arm("POST", `/jobs/${name}/cancel`);
      assert.equal(answer.status, 200);
      assert.deepEqual([answer.text, answer.headers["location"]], ["", undefined]);
      assert.equal(await jobs.status(name), "Completed");
      assert.equal((await jobs.arm("POST", "/jobs/nobody/cancel")).status, 404);
    });

    it("is what the system does when the limit is reached", async () => {
      const name = await jobs.submit("sleep 300", { limits: { jobLimitsType: "Command", timeout: "PT0.3S" } });
      await jobs.until(name, "Canceled");
      assert.match((await jobs.details(name)).warnings[0].message, /limit of PT0\.3S/);
    });
  });

  describe("states", () => {
    it("come in the service's order and are told to whoever listens", async () => {
      const seen: string[] = [];
      const name = jobs.name();
      const listen = (job: { name: string; status: string }) =>
        job.name === name && seen.at(-1) !== job.status && seen.push(job.status);
      jobs.cloud.azure.events.on("jobStatus", listen);
      const over = new Promise<{ name: string; status: string }>((resolve) => {
        jobs.cloud.azure.events.on("jobTerminal", (job) => job.name === name && resolve(job));
      });
      await jobs.submit("true", {}, name);
      const ended = await over;
      jobs.cloud.azure.events.off("jobStatus", listen);
      assert.deepEqual(seen, ["Starting", "Preparing", "Queued", "Running", "Finalizing", "Completed"]);
      assert.deepEqual([ended.name, ended.status], [name, "Completed"]);
    });
  });

  describe("delete", () => {
    it("forgets a job that has ended, and does not mind one that is gone", async () => {
      const name = await jobs.run("true");
      assert.equal((await jobs.arm("DELETE", `/jobs/${name}`)).status, 200);
      assert.equal((await jobs.arm("GET", `/jobs/${name}`)).status, 404);
      assert.equal((await jobs.arm("DELETE", `/jobs/${name}`)).status, 204);
    });

    it("refuses a job that runs", async () => {
      const name = await jobs.submit("sleep 300");
      await jobs.until(name, "Running");
      assert.equal((await jobs.arm("DELETE", `/jobs/${name}`)).status, 400);
      await jobs.arm("POST", `/jobs/${name}/cancel`);
      await jobs.until(name, "Canceled");
    });
  });

  describe("refusals, with nothing made", () => {
    const refused: [string, object, number, RegExp][] = [
      ["a missing command", { command: "" }, 400, /command is required/],
      [
        "an unknown compute",
        {
          computeId:
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/ws1/computes/nowhere",
        },
        404,
        /Unknown compute target 'nowhere'/,
      ],
      [
        "a missing environment",
        {
          environmentId:
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/ws1/environments/none/versions/3",
        },
        404,
        /No environment exists for name: none, version: 3, label: $/,
      ],
      [
        "a missing code",
        {
          codeId:
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/ws1/codes/c/versions/1",
        },
        404,
        /Code version c:1 not found/,
      ],
      [
        "a missing data asset",
        {
          inputs: {
            d: {
              jobInputType: "uri_file",
              uri: "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/ws1/data/none/versions/4",
            },
          },
        },
        404,
        /Data version none:4 \(dataContainerName:version\) not found\./,
      ],
      [
        "a missing model",
        {
          inputs: {
            m: {
              jobInputType: "custom_model",
              uri: "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/ws1/models/none/versions/4",
            },
          },
        },
        404,
        /Model version none:4 not found/,
      ],
      [
        "an input that the command names and the job lacks",
        { command: "echo ${{inputs.absent}}" },
        400,
        /\$\{\{inputs\.absent\}\}/,
      ],
      ["a duration that is none", { limits: { jobLimitsType: "Command", timeout: "60" } }, 400, /'60'/],
    ];
    for (const [what, more, status, message] of refused) {
      it(what, async () => {
        const name = jobs.name();
        const answer = await jobs.arm("PUT", `/jobs/${name}`, jobs.properties("true", more));
        assert.equal(answer.status, status, answer.text);
        assert.match(answer.body.error.message, message);
        assert.equal((await jobs.arm("GET", `/jobs/${name}`)).status, 404);
      });
    }

    it("another job type, naming itself", async () => {
      const answer = await jobs.arm("PUT", "/jobs/labels", { properties: { jobType: "Labeling" } });
      assert.equal(answer.status, 501);
      assert.match(answer.body.error.message, /jobType Labeling/);
    });

    it("but not a datastore that does not exist: the job fails later", async () => {
      const name = await jobs.submit("echo ${{inputs.d}}", {
        inputs: { d: { jobInputType: "uri_file", uri: "azureml://datastores/nowhere/paths/x.csv" } },
      });
      await jobs.until(name, "Failed");
      assert.match((await jobs.details(name)).error.error.message, /Input 'd': Datastore 'nowhere' does not exist/);
    });
  });
});
