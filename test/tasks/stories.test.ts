// The six stories, each as it is told: inputs as a pipeline gives them, outputs, record, tests on the run, and what goes wrong.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { getJob } from "../../lib/ml/jobs/jobs.ts";
import DeployEndpoint from "../../tasks/DeployEndpoint/index.ts";
import EvaluateMetrics from "../../tasks/EvaluateMetrics/index.ts";
import InvokeEndpoint from "../../tasks/InvokeEndpoint/index.ts";
import RegisterData from "../../tasks/RegisterData/index.ts";
import RegisterModel from "../../tasks/RegisterModel/index.ts";
import SubmitJob from "../../tasks/SubmitJob/index.ts";
import { project } from "../lib/ml/projects.ts";
import { openLocal } from "../lib/ml/world.ts";
import { runAfterJob, runStory } from "./context.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), "stories-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => path.join(folder, name);
const JOB = { azureSubscription: "azure-ml", jobFile: file("azureml/job.yml") };

describe("the stories", () => {
  let jobName = "";
  let assetId = "";
  before(() => cpSync(path.join(root, "examples", "breast-cancer"), folder, { recursive: true }));

  it("register the data", async () => {
    const first = await runStory(
      RegisterData,
      { dataFile: file("azureml/data.yml"), tags: "owner=team a\n# remark" },
      folder,
    );
    assert.deepEqual([first.outputs?.name, first.outputs?.created], ["breast-cancer", true]);
    assert.equal(first.record.data?.created, true);
    const inline = { source: "inline", name: "breast-cancer", type: "uri_file", path: "data/breast-cancer.csv" };
    const again = await runStory(RegisterData, inline, folder);
    assert.deepEqual([again.outputs?.version, again.outputs?.created], [first.outputs?.version, false]);
  });

  it("train, and join when they are told again", async () => {
    const overrides = "inputs: { features: 5 }";
    const first = await runStory(SubmitJob, { ...JOB, overrides, environmentVariables: "A=b", tags: "x=y" }, folder);
    assert.equal(first.error, undefined);
    assert.equal(first.outputs?.jobStatus, "Completed");
    jobName = first.outputs?.jobName ?? "";
    assert.match(first.outputs?.studioUrl ?? "", /^https:\/\//);
    assert.deepEqual(Object.keys(first.outputs?.outputs ?? {}), ["model"]);
    assert.ok((first.record.job?.metrics?.["accuracy"] ?? 0) > 0.5);
    assert.deepEqual([first.record.job?.status, first.record.job?.joined], ["Completed", false]);
    assert.equal(first.left, "", "nothing is left to cancel");
    const again = await runStory(SubmitJob, { ...JOB, overrides, environmentVariables: "A=b" }, folder);
    assert.deepEqual([again.outputs?.jobName, again.record.job?.joined], [jobName, true]);
  });

  it("submit without waiting", async () => {
    const ran = await runStory(SubmitJob, { ...JOB, wait: "false" }, folder, { stepIdentity: "no waiting" });
    assert.ok(ran.outputs?.jobName);
    assert.equal(ran.left, "", "nothing is left to cancel");
  });

  it("leave the job's name to the post-job stage when they are cancelled, and it cancels", async () => {
    const controller = new AbortController();
    const slow = project({
      "job.yml": JSON.stringify({
        type: "command",
        command: "sleep 600",
        environment: { image: "u" },
        compute: "cpu-cluster",
      }),
    });
    const ran = await runStory(SubmitJob, { jobFile: path.join(slow, "job.yml") }, slow, {
      signal: controller.signal,
      // As soon as it follows the job.
      onRequest: (_method, url) => /\/runs\/[^/]+\/details/.test(url) && controller.abort(new Error("cancelled")),
    });
    assert.match(ran.error?.message ?? "", /cancelled/);
    assert.ok(ran.left);
    await runAfterJob(SubmitJob, { jobFile: path.join(slow, "job.yml") }, slow, ran.left);
    const status = (await getJob(await openLocal(), ran.left)).properties?.status ?? "";
    assert.ok(["CancelRequested", "Canceled"].includes(status), status);
  });

  it("judge: pass, fail, warn, continue, with a test for each rule", async () => {
    const judge = (rules: string, more: Record<string, string> = {}) =>
      runStory(EvaluateMetrics, { jobName, rules, metricsTimeoutInSeconds: "0", ...more }, folder);
    const good = await judge("metrics.accuracy >= 0.5\nmetrics.auc > champion.auc", {
      champion: "endpoint:nobody",
      missingChampion: "skip",
    });
    const evidence = good.set["evidence"] ?? "";
    assert.match(evidence, /the gate is open/);
    assert.deepEqual(
      [good.outputs, good.set],
      [
        { passed: true, champion: "", evidence },
        { passed: "true", champion: "", evidence },
      ],
    );
    assert.deepEqual(
      good.tests.map(({ xml }) => outcomesIn(xml)),
      [["passed", "skipped"]],
    );
    assert.equal(good.record.gate?.passed, true);
    const bad = await judge("metrics.accuracy >= 0.999");
    assert.match(
      bad.error?.message ?? "",
      /did not pass 1 of 1 rule\. metrics\.accuracy >= 0\.999: metrics\.accuracy = 0\.\d+ is not at least 0\.999\./,
    );
    assert.equal(bad.set["passed"], "false");
    assert.deepEqual(outcomesIn(bad.tests[0]?.xml ?? ""), ["failed"]);
    const warned = await judge("metrics.accuracy >= 0.999", { onFail: "warn" });
    assert.deepEqual([warned.outputs?.passed, warned.issues.length], [false, 1]);
    const carriedOn = await judge("metrics.accuracy >= 0.999", { onFail: "continue" });
    assert.deepEqual([carriedOn.outputs?.passed, carriedOn.issues.length], [false, 0]);
    const planned = await judge("metrics.accuracy >= 0.5", { plan: "true" });
    assert.deepEqual([planned.outputs?.passed, planned.requests.filter((one) => one.startsWith("PUT"))], [true, []]);
    assert.match(planned.log, /^\{"method":"PATCH","path":".*\/runs\/.*"evaluation":"passed"/m);
  });

  it("register the model, deploy it and call it", async () => {
    const model = await runStory(
      RegisterModel,
      { jobName, outputName: "model", name: "stories", description: "d", tags: "a=b" },
      folder,
    );
    assert.deepEqual(
      [model.outputs?.version, model.outputs?.created, model.record.model?.jobName],
      ["1", true, jobName],
    );
    assetId = model.outputs?.assetId ?? "";
    const request = { requestFile: file("requests/two-samples.json"), expectations: '$.predictions[0] == "malignant"' };
    const deploy = await runStory(
      DeployEndpoint,
      {
        endpointFile: file("azureml/endpoint.yml"),
        deploymentFile: file("azureml/deployment.yml"),
        endpointName: "stories",
        deploymentName: "first",
        model: assetId,
        ...request,
      },
      folder,
    );
    assert.equal(deploy.error, undefined);
    assert.deepEqual(
      [deploy.outputs?.endpointName, deploy.outputs?.deploymentName, deploy.outputs?.traffic],
      ["stories", "first", { first: 100 }],
    );
    assert.deepEqual(deploy.record.deployment?.traffic, { first: 100 });
    const call = await runStory(
      InvokeEndpoint,
      { endpointName: "stories", ...request, maxLatencyInMilliseconds: "5000" },
      folder,
    );
    assert.equal(call.outputs?.deploymentName, "first");
    assert.equal(call.outputs?.statusCode, "200");
    assert.equal(call.record.invocation?.expectations?.[0]?.passed, true);
    const wrong = await runStory(
      InvokeEndpoint,
      { endpointName: "stories", ...request, expectations: '$.predictions[0] == "benign"' },
      folder,
    );
    assert.match(wrong.error?.message ?? "", /- "benign"\n\+ "malignant"/);
    // What came back is in the record although the step failed for it.
    assert.deepEqual(
      [wrong.record.invocation?.statusCode, wrong.record.invocation?.expectations?.map(({ passed }) => passed)],
      [200, [false]],
    );
  });

  describe("refuse, with a sentence and nothing created,", () => {
    const yaml = (name: string, text: string) => {
      const at = path.join(project({}), name);
      writeFileSync(at, text);
      return at;
    };
    const command = "type: command\ncommand: echo hello\nenvironment: {image: ubuntu}\n";
    const refused: [string, () => Promise<{ error: Error | undefined }>, RegExp][] = [
      [
        "YAML that is none",
        () => runStory(SubmitJob, { jobFile: yaml("job.yml", "command: [\n  x: y: z\n") }, "/"),
        /job\.yml/,
      ],
      [
        "an unknown field",
        () => runStory(SubmitJob, { jobFile: yaml("job.yml", `${command}computer: cpu-cluster\n`) }, "/"),
        /computer[\s\S]*compute/,
      ],
      [
        "a wrong type",
        () => runStory(SubmitJob, { jobFile: yaml("job.yml", `${command}limits: {timeout: soon}\n`) }, "/"),
        /timeout/,
      ],
      [
        "a missing field",
        () => runStory(SubmitJob, { jobFile: yaml("job.yml", "type: command\ncommand: x\n") }, "/"),
        /environment/,
      ],
      [
        "a job of another kind",
        () => runStory(SubmitJob, { jobFile: yaml("job.yml", "type: pipeline\njobs: {}\n") }, "/"),
        /pipeline/,
      ],
      [
        "an override of what a job does not have",
        () => runStory(SubmitJob, { ...JOB, overrides: "limit: {timeout: 3}" }, folder),
        /limit[\s\S]*limits/,
      ],
      [
        "a file that is not there",
        () => runStory(SubmitJob, { jobFile: "/nowhere/job.yml" }, "/"),
        /nowhere\/job\.yml/,
      ],
      [
        "a path that is not there",
        () => runStory(SubmitJob, { jobFile: yaml("job.yml", `${command}code: ./sorces\n`) }, "/"),
        /sorces/,
      ],
      [
        "data that is not there",
        () => runStory(RegisterData, { source: "inline", name: "d", type: "uri_file", path: "nothing.csv" }, folder),
        /nothing\.csv/,
      ],
      [
        "a tag that is none",
        () => runStory(RegisterData, { dataFile: file("azureml/data.yml"), tags: "just a word" }, folder),
        /Input tags, line 1/,
      ],
      [
        "a rule that is none",
        () => runStory(EvaluateMetrics, { jobName: "x", rules: "metrics.accuracy => 0.9" }, folder),
        /line 1, column/,
      ],
      [
        "a champion that is none",
        () => runStory(EvaluateMetrics, { jobName: "x", rules: "metrics.a > 1", champion: "the best" }, folder),
        /names no champion/,
      ],
      [
        "a job that is not there",
        () => runStory(EvaluateMetrics, { jobName: "x", rules: "metrics.a > 1" }, folder),
        /no job "x"/,
      ],
      [
        "a request that is no JSON",
        () => {
          const requestFile = yaml("r.json", "{'a': 1}");
          const allowedFolders = path.dirname(requestFile);
          return runStory(InvokeEndpoint, { endpointName: "stories", requestFile, allowedFolders }, folder);
        },
        /r\.json:1:2: the request is no JSON: /,
      ],
      [
        "an expectation that is none",
        () =>
          runStory(
            InvokeEndpoint,
            { endpointName: "stories", requestFile: file("requests/two-samples.json"), expectations: "predictions" },
            folder,
          ),
        /no JSONPath/,
      ],
    ];
    for (const [what, run, sentence] of refused) {
      it(what, async () => {
        const { error } = await run();
        assert.ok(error, "nothing was refused");
        const said =
          "errors" in error
            ? (error.errors as Error[]).map(({ message }) => message).join("\n")
            : `${error.message} ${JSON.stringify(error)}`;
        assert.match(said, sentence);
        assert.equal(error.name.startsWith("TaskError") || error.name === "DocumentFault", true, error.stack);
      });
    }
  });
});

/** What JUnit's XML says of each case. */
const outcomesIn = (xml: string): string[] =>
  [...xml.matchAll(/<testcase (.*)/g)].map(([, rest = ""]) =>
    rest.includes("<failure") ? "failed" : rest.includes("<skipped") ? "skipped" : "passed",
  );
