// Waiting and checking without an agent: pipelines with `pool: server`, from task.json to the end of the Azure ML job.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { readTaskFolder } from "../../local/agent/index.ts";
import { registriesOf, registryAssets } from "../../local/azure/workspace/registries.ts";
import { root } from "../harness/packages.ts";
import { holdTimer } from "../harness/timers.ts";
import { VirtualClock } from "../local/devops/virtual-clock.ts";
import { Agentless, jobsOf } from "./agentless.ts";

const WAITING = /^Waiting for the service to report/;

/** An agentless job that waits for an Azure ML job. */
const wait = (name: string, job: string, more = "") => `
- job: ${name}
  pool: server
  timeoutInMinutes: 0${more}
  steps:
  - task: AzureMLWaitForJob@1
    inputs: {azureSubscription: azure-ml-workspace, jobName: ${job}}`;

describe("agentless jobs", () => {
  let place: Agentless;

  before(async () => {
    place = await Agentless.open();
  });
  after(() => place?.close());

  describe("that wait", () => {
    it("end as their Azure ML jobs end, and keep no agent busy", async () => {
      const job = (command: string) => `
type: command
command: ${command}
environment: azureml:plain:1
`;
      const submit = (name: string) => `
  - task: AzureMLSubmitJob@1
    name: ${name}
    inputs: {azureSubscription: azure-ml-workspace, jobFile: ${name}.yml, wait: false}`;
      const names = ["good", "bad", "gone"];
      const [held, failing] = [place.hold(), place.hold()];
      const outcome = await place.run(
        `jobs:
- job: submit
  steps:${names.map(submit).join("")}${names
    .map((name) =>
      wait(
        name,
        "$(job)",
        `\n  dependsOn: submit\n  variables: {job: "$[ dependencies.submit.outputs['${name}.jobName'] ]"}`,
      ),
    )
    .join("")}
- job: after
  dependsOn: good
  steps: [{checkout: none}, {bash: echo "$(job) after", name: after}]
`,
        {
          files: {
            "good.yml": job(held.command),
            "bad.yml": job(`${failing.command}; exit 3`),
            "gone.yml": job("sleep 600"),
          },
          // The first one ends, and somebody cancels the third one in studio, once the pipeline waits for it.
          seen: (line, where) => {
            if (!WAITING.test(line)) return;
            if (where.job === "good") held.end();
            if (where.job === "bad") failing.end();
            if (where.job !== "gone") return;
            const gone = /\/jobs\/([^?/]+)\?/.exec(
              place.lines.findLast((one) => /PATCH .*-gone-/.test(one)) ?? "",
            )?.[1];
            void place.jobs.arm("POST", `/jobs/${gone}/cancel`);
          },
        },
      );
      const jobs = jobsOf(outcome);
      assert.deepEqual(
        Object.fromEntries(Object.entries(jobs).map(([name, { result }]) => [name, result])),
        { submit: "Succeeded", good: "Succeeded", bad: "Failed", gone: "Canceled", after: "Succeeded" },
        place.log,
      );
      for (const name of names) assert.equal(jobs[name]?.agentMilliseconds, 0);
      assert.ok((jobs["submit"]?.agentMilliseconds ?? 0) > 0);
      const folders = readdirSync(place.workRoot, { recursive: true });
      assert.deepEqual(
        folders.filter((folder) => /\b(good|bad|gone)\b/.test(String(folder))),
        [],
        "no work folder either",
      );
      assert.equal(outcome.result, "failed");
      // Whether it failed before the step asked or while it waited.
      const failed =
        /^The service reported that the task has failed\.$|^The answer does not meet the expression: not\(in/;
      assert.ok(outcome.issues.some(({ message }) => failed.test(message)));
    });

    it("show nothing of their token, in no log and in no recorded traffic", async () => {
      const { job, end } = await place.submitHeld();
      const outcome = await place.run(`jobs:${wait("w", job)}`, { seen: (line) => void (WAITING.test(line) && end()) });
      assert.equal(outcome.result, "succeeded", place.log);
      const har = JSON.stringify(place.cloud.har.toHar());
      const patch = place.cloud.har.toHar() as {
        log: { entries: { request: { method: string; postData?: { text: string } } }[] };
      };
      const sent =
        patch.log.entries.findLast(({ request }) => request.method === "PATCH")?.request.postData?.text ?? "";
      const { Webhooks } = JSON.parse(sent).Properties.NotificationSetting;
      const [hook] = Object.values(Webhooks) as Record<string, string>[];
      assert.equal(hook?.["AuthToken"], "***");
      assert.equal(hook?.["WebhookType"], "AzureDevOps");
      assert.equal(hook?.["PlanUri"], place.cloud.devops.collectionUri);
      assert.ok(!/eyJ[\w-]{5,}\.eyJ/.test(har) && !/eyJ[\w-]{5,}\.eyJ/.test(place.log));
      const shown = (await place.jobs.arm("GET", `/jobs/${job}`)).text;
      assert.ok(!/authToken/i.test(shown), shown);
    });

    it("end at once where the job has ended already, though Azure ML tells nothing of it any more", async () => {
      const [good, bad] = [await place.submit("true"), await place.submit("false")];
      await place.until(good, "Completed");
      await place.until(bad, "Failed");
      const outcome = await place.run(`jobs:${wait("good", good)}${wait("bad", bad)}`);
      assert.deepEqual(
        Object.values(jobsOf(outcome)).map(({ name, result }) => `${name} ${result}`),
        ["good Succeeded", "bad Failed"],
        place.log,
      );
      assert.doesNotMatch(place.log, /Waiting for the service to report/, "no wait began that could not end");
      assert.match(place.log, /A request is skipped: its SkipSectionExpression holds/);
      assert.match(place.log, /does not meet the expression: not\(in\(root\['properties'\]\['status'\], 'Failed'/);
    });

    it("end at once where only the failed jobs of a run are run again", async () => {
      const job = await place.submit("sleep 600");
      const first = place.run(`jobs:${wait("w", job)}`, {
        seen: (line) => {
          if (/Waiting for the service/.test(line)) void place.jobs.arm("POST", `/jobs/${job}/cancel`);
        },
      });
      assert.equal(jobsOf(await first)["w"]?.result, "Canceled", place.log);
      await place.until(job, "Canceled");
      // The job that submitted has succeeded, so it is not run again: the wait meets a job that has ended.
      const again = await place.run(`jobs:${wait("w", job)}`);
      assert.equal(jobsOf(again)["w"]?.result, "Failed", place.log);
    });

    it("wait step by step in one job, and go on after a failure where a condition says so", async () => {
      const held = await place.submitHeld();
      const jobs = [held.job, await place.submit("false"), await place.submit("true")];
      await place.until(jobs[1]!, "Failed");
      await place.until(jobs[2]!, "Completed");
      const step = (job: string, more = "") => `
  - task: AzureMLWaitForJob@1
    inputs: {azureSubscription: azure-ml, resourceGroup: rg1, workspace: ws1, jobName: ${job}}${more}`;
      const outcome = await place.run(
        `jobs:
- job: all
  pool: server
  timeoutInMinutes: 0
  steps:${step(jobs[0]!)}${step(jobs[1]!)}${step(jobs[2]!)}${step(jobs[2]!, "\n    condition: succeededOrFailed()")}`,
        { seen: (line) => void (WAITING.test(line) && held.end()) },
      );
      const { steps, agentMilliseconds } = jobsOf(outcome)["all"]!;
      assert.deepEqual(
        steps.map(({ name, result }) => `${name} ${result}`),
        [
          "AzureMLWaitForJob Succeeded",
          "AzureMLWaitForJob2 Failed",
          "AzureMLWaitForJob3 Skipped",
          "AzureMLWaitForJob4 Succeeded",
        ],
        place.log,
      );
      assert.equal(agentMilliseconds, 0);
    });

    it("two at once for the same job, each told by itself", async () => {
      const { job, end } = await place.submitHeld();
      let waiting = 0;
      const outcome = await place.run(`jobs:${wait("one", job)}${wait("other", job)}`, {
        seen: (line) => {
          if (WAITING.test(line)) waiting += 1;
          if (waiting === 2) end();
        },
      });
      assert.equal(outcome.result, "succeeded", place.log);
    });

    it("cancel the Azure ML jobs when the pipeline is cancelled", async () => {
      const jobs = await Promise.all(["sleep 600", "sleep 601", "sleep 602"].map((command) => place.submit(command)));
      const stop = new AbortController();
      let waiting = 0;
      const outcome = await place.run(
        `jobs:${jobs.map((job, index) => wait(`w${index}`, job)).join("")}
- job: tidy
  dependsOn: [w0, w1, w2]
  condition: always()
  steps: [{checkout: none}, {bash: echo tidied, name: tidy}]
`,
        {
          signal: stop.signal,
          seen: (line) => {
            if (WAITING.test(line)) waiting += 1;
            if (waiting === 3) stop.abort();
          },
        },
      );
      assert.deepEqual(
        Object.values(jobsOf(outcome)).map(({ name, result }) => `${name} ${result}`),
        ["w0 Canceled", "w1 Canceled", "w2 Canceled", "tidy Succeeded"],
        place.log,
      );
      assert.equal(outcome.result, "canceled");
      for (const job of jobs) await place.until(job, "Canceled");
    });

    it("cancel the Azure ML job when their own time is over", async () => {
      const job = await place.submit("sleep 600");
      const limit = holdTimer(13 * 60_000);
      const outcome = await place
        .run(`jobs:${wait("w", job).replace("timeoutInMinutes: 0", "timeoutInMinutes: 13")}`, {
          seen: (line) => {
            if (WAITING.test(line)) limit.end();
          },
        })
        .finally(limit.restore);
      assert.equal(jobsOf(outcome)["w"]?.result, "Canceled", place.log);
      assert.match(place.log, /##\[error\]The job ran longer than the maximum time of 13 minutes/);
      await place.until(job, "Canceled");
    });

    it("fail where there is no such job, no such workspace, or no way to sign in", async () => {
      const step = (connection: string, job: string, more = "") =>
        `jobs: [{job: w, pool: server, steps: [{task: AzureMLWaitForJob@1, inputs: {azureSubscription: ${connection}, jobName: ${job}${more}}}]}]`;
      const failure = async (yaml: string) => {
        const outcome = await place.run(yaml);
        assert.equal(outcome.result, "failed", place.log);
        return outcome.issues.map(({ message }) => message).join("\n");
      };
      assert.match(await failure(step("azure-ml-workspace", "nobody")), /404 NotFound.*Job nobody not found/s);
      assert.match(await failure(step("azure-ml", "nobody")), /404 NotFound|400 BadRequest/);
      // A connection of another type is refused before anything begins; of how one signs in, nothing is asked before.
      await assert.rejects(
        place.run(step("workspace-secret", "nobody")),
        /expects a service connection of type AzureRM but .* is of type azureml-workspace/,
      );
      assert.match(
        await failure(step("azure-ml-identity", "nobody")),
        /azure-ml-identity signs in as a managed identity, which lives on the agent's machine/,
      );
      assert.match(
        await failure(step("azure-ml-expired", "nobody", ", resourceGroup: rg1, workspace: ws1")),
        /AADSTS7000222/,
      );
    });
  });

  describe("in a pipeline", () => {
    it("are refused with tasks that need an agent, and agents with tasks of the server", async () => {
      await assert.rejects(
        place.run(
          "jobs: [{job: a, pool: server, steps: [{task: AzureMLSubmitJob@1, inputs: {azureSubscription: azure-ml, jobFile: j}}]}]",
        ),
        /AzureMLSubmitJob@1' is not valid for the job a: it runs on Agent, DeploymentGroup, and here is none/,
      );
      await assert.rejects(
        place.run(
          "jobs: [{job: a, steps: [{task: AzureMLCheckModel@1, inputs: {azureSubscription: azure-ml, modelName: m, modelVersion: 1}}]}]",
        ),
        /AzureMLCheckModel@1' is not valid for the job a: it runs on Server, ServerGate, in a job of its own with pool: server/,
      );
    });
  });

  describe("that check a model", () => {
    const check = (model: string, more = "", inputs = "") => `
- job: check
  pool: server${more}
  steps:
  - task: AzureMLCheckModel@1
    inputs: {azureSubscription: azure-ml-workspace, modelName: ${model}, modelVersion: 1${inputs}}`;
    const job = `
type: command
command: mkdir -p outputs && echo model > outputs/model.txt
environment: azureml:plain:1
`;

    const resultOf = async (name: string, inputs = "") => (await place.run(`jobs:${check(name, "", inputs)}`)).result;

    it("pass one that was evaluated and passed, and no other", async () => {
      await place.model("passed", { evaluation: "passed", evaluationPipeline: "train" });
      await place.model("failed", { evaluation: "failed", evaluationPipeline: "train" });
      await place.model("unjudged", { stage: "production" });
      await place.model("bare", {});
      await place.model("almost", { Evaluations: "passed" });
      assert.equal(await resultOf("passed"), "succeeded", place.log);
      for (const name of ["failed", "unjudged", "bare", "almost", "gone"])
        assert.equal(await resultOf(name), "failed", name);
      assert.equal(await resultOf("failed", ", evidence: evaluated"), "succeeded", place.log);
      assert.equal(await resultOf("unjudged", ", evidence: evaluated"), "failed");
    });

    it("pass one that was judged by the pipeline asked for, and approved where that is asked", async () => {
      await place.model("ours", { evaluation: "passed", evaluationPipeline: "train", approval: "approved" });
      assert.equal(await resultOf("ours", ", pipeline: train"), "succeeded", place.log);
      assert.equal(await resultOf("ours", ", pipeline: 'nightly,train'"), "succeeded", place.log);
      assert.equal(await resultOf("ours", ", pipeline: nightly"), "failed");
      assert.equal(await resultOf("ours", ", approved: true"), "succeeded", place.log);
      await place.model("rejected", { evaluation: "passed", approval: "rejected" });
      assert.equal(await resultOf("rejected", ", approved: true"), "failed");
      assert.equal(await resultOf("rejected"), "succeeded");
      assert.equal(await resultOf("rejected", ", pipeline: train"), "failed");
    });

    it("pass no other version than the one asked for, however the name or the version leads to it", async () => {
      await place.model("judged", { evaluation: "passed" });
      await place.model("other", { evaluation: "failed" });
      const checked = async (name: string, version: string) =>
        (
          await place.run(`jobs:
- job: check
  pool: server
  steps:
  - task: AzureMLCheckModel@1
    inputs: {azureSubscription: azure-ml-workspace, modelName: '${name}', modelVersion: '${version}'}`)
        ).result;
      assert.equal(await checked("judged", "1"), "succeeded", place.log);
      for (const [name, version] of [
        ["other", "../../judged/versions/1"],
        ["other", "./../../judged/versions/1"],
        ["other", "1/../../../judged/versions/1"],
        ["other", "1,../../../judged/versions/1"],
        ["other/../judged", "1"],
        ["judged,other/../judged", "1"],
        ["judged/versions/1,../../../judged", "1"],
      ] as const)
        assert.equal(await checked(name, version), "failed", `${name} ${version}\n${place.log}`);
    });

    it("pass one of a registry", async () => {
      const { azure: world } = place.cloud;
      registriesOf(world).set("shared", { name: "shared", id: "r", location: "eastus2", tags: {}, properties: {} });
      const put = (name: string, tags: object) =>
        registryAssets(world, "shared")?.models.put(name, "1", { tags }, { name: "Ada", type: "User" });
      put("common", { evaluation: "passed" });
      put("poor", { evaluation: "failed" });
      assert.equal(await resultOf("common", ", registry: shared"), "succeeded", place.log);
      assert.equal(await resultOf("poor", ", registry: shared"), "failed");
    });

    it("pass what EvaluateMetrics and RegisterModel leave, and not what was registered unjudged", async () => {
      const training = (rules: string, judge = true) => `jobs:
- job: train
  steps:
  - task: AzureMLSubmitJob@1
    name: train
    inputs: {azureSubscription: azure-ml-workspace, jobFile: job.yml}
${
  judge
    ? `  - task: AzureMLEvaluateMetrics@1
    inputs: {azureSubscription: azure-ml-workspace, jobName: $(train.jobName), rules: "${rules}", onFail: continue}
`
    : ""
}  - task: AzureMLRegisterModel@1
    inputs: {azureSubscription: azure-ml-workspace, name: NAME, jobName: $(train.jobName), outputPath: outputs/model.txt}
${check("NAME", "\n  dependsOn: train", ", pipeline: train").slice(1)}
`;
      const files = { "job.yml": job };
      const run = (name: string, yaml: string) => place.run(yaml.replaceAll("NAME", name), { files });
      // A rule over no metric at all: true and false.
      const outcomes = [
        (await run("story-good", training("1 < 2"))).result,
        (await run("story-bad", training("2 < 1"))).result,
        (await run("story-unjudged", training("", false))).result,
      ];
      assert.deepEqual(outcomes, ["succeeded", "failed", "failed"], place.log);
    });

    it("pass as a gate when the evidence appears, and not before", async () => {
      const { devops } = place.cloud;
      await place.model("gated", { evaluation: "failed" });
      const clock = new VirtualClock();
      const { plan } = devops.createBuild("release", { branch: "main", commit: "0".repeat(40), requestedFor: "Ada" });
      const jobId = "00000000-0000-4000-8000-0000000000aa";
      const running = devops.serverTasks.on(clock).evaluateGates(
        [
          {
            name: "evidence",
            task: readTaskFolder(path.join(root, "tasks", "CheckModel")).manifest,
            inputs: {
              azureSubscription: place.cloud.connections["azure-ml-federated"].id,
              resourceGroup: "rg1",
              workspace: "ws1",
              modelName: "gated",
              modelVersion: "$(Release.Artifacts.model.BuildNumber)",
              approved: "true",
            },
            variable: (name) => (/buildnumber$/i.test(name) ? "1" : undefined),
          },
        ],
        { plan, jobId, token: devops.issueJobToken({ plan, jobId }), times: { interval: 300_000, timeout: 3_600_000 } },
      );
      // Each sample is over before the model changes: what is seen when is no accident.
      await clock.elapse(300_000);
      await clock.awaited(300_000);
      await place.model("gated", { evaluation: "passed" });
      await clock.elapse(300_000);
      await clock.awaited(300_000);
      await place.model("gated", { evaluation: "passed", approval: "approved" });
      await clock.elapse(300_000);
      const { result, samples } = await running;
      assert.equal(result, "succeeded");
      assert.deepEqual(
        samples.map(({ verdicts }) => verdicts[0]?.passed),
        [false, false, false, true],
      );
    });
  });

  it("need no file beside task.json and icon", () => {
    for (const name of ["WaitForJob", "CheckModel", "CheckRollout", "CheckMonitorResult"]) {
      const files = readdirSync(path.join(root, "tasks", name)).sort();
      // Strings is for translators, and is not packaged.
      assert.deepEqual(files, ["README.md", "Strings", "contract.json", "icon.png", "icon.svg", "task.json"]);
      assert.ok(!existsSync(path.join(root, "tasks", name, "dist")));
    }
  });
});
