// A task as an agent sees it: results, issues, outputs, attachments, cancels. Run as a bundle in a process of its own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readRecord } from "../../../lib/record/index.ts";
import { contract } from "../../../tasks/SubmitJob/contract.gen.ts";
import { type Bench, type Ended, makeBench, SECRET } from "./fixture/step.ts";

describe("a task on an agent", () => {
  let bench: Bench;
  before(async () => {
    bench = await makeBench();
  });
  after(() => bench.close());

  const result = ({ output }: Ended) => /##vso\[task\.complete result=(\w+);\]/.exec(output)?.[1];
  const file = ({ output }: Ended, command: string) => {
    const path = new RegExp(`##vso\\[${command}[^\\]]*\\](.*)`).exec(output)?.[1];
    assert.ok(path, `no ${command}`);
    return readFileSync(path, "utf8");
  };
  const record = (ended: Ended) =>
    readRecord(file(ended, "task\\.addattachment type=azureml-record;")).record ?? assert.fail("no record");

  describe("that succeeds", () => {
    let ended: Ended;
    before(async () => {
      ended = await bench.run({});
    });

    it("says so, exits with 0 and writes no debug lines of task-lib", () => {
      assert.equal(result(ended), "Succeeded");
      assert.equal(ended.code, 0);
      const debug = ended.lines.filter((line) => line.startsWith("##vso[task.debug]"));
      // The two that task-lib writes while it looks whether it should write any.
      assert.deepEqual(debug.length, 2, debug.join("\n"));
    });

    it("masks the connection's secret before it says anything else about it", () => {
      const before = ended.output.slice(0, ended.output.indexOf("Workspace ws1"));
      for (const form of [SECRET, Buffer.from(SECRET).toString("base64"), "s3cr~ t/value"]) {
        assert.ok(before.includes(`##vso[task.setsecret]${form}`), form);
      }
      assert.ok(!/setsecret\].*%/.test(ended.output), "a form that the agent would echo unmasked");
      const rest = ended.lines.filter((line) => !line.startsWith("##vso[task.setsecret]")).join("\n");
      assert.ok(!rest.includes(SECRET));
      assert.ok(!rest.includes("system-token"));
    });

    it("sets outputs, maps also entry by entry", () => {
      for (const [name, value] of [
        ["jobName", "j1"],
        ["outputs", '{"model":"azureml://m"}'],
        ["outputs.model", "azureml://m"],
      ]) {
        assert.ok(
          ended.output.includes(`##vso[task.setvariable variable=${name};isOutput=true;issecret=false;]${value}\n`),
          name,
        );
      }
    });

    it("lets nothing that others wrote become a command", () => {
      assert.ok(ended.lines.includes("##_vso[task.setvariable variable=x]y"));
      assert.ok(ended.lines.includes("##_[error]no"));
      assert.ok(ended.lines.includes("##vso[task.logissue type=warning;]careful: ##_vso[task.complete result=Failed]"));
      assert.ok(!ended.output.includes("\r"));
    });

    it("opens and closes groups", () => {
      const start = ended.lines.indexOf("##[group]a group");
      assert.deepEqual(ended.lines.slice(start, start + 3), ["##[group]a group", "in it", "##[endgroup]"]);
    });

    it("leaves a record, a summary and test results in files that stay", () => {
      const left = record(ended);
      assert.equal(left.result, "succeeded");
      assert.deepEqual(left.task, {
        name: "AzureMLSubmitJob",
        friendlyName: "Azure ML: Submit job",
        version: contract.task.version,
      });
      assert.deepEqual(left.workspace, {
        name: "ws1",
        resourceGroup: "rg1",
        subscriptionId: "sub1",
        location: "eastus2",
      });
      assert.deepEqual([left.run?.id, left.run?.step], ["5", "trainer"]);
      assert.deepEqual(left.job?.outputs, { sas: "https://h/x?sig=***&sv=1" });
      assert.match(file(ended, "task\\.uploadsummary"), /### Azure ML: Submit job: succeeded/);
      assert.match(
        ended.output,
        /##vso\[task\.addattachment type=azureml-record;name=AzureMLSubmitJob-trainer\.json;\]/,
      );
      const path = /##vso\[results\.publish type=JUnit;runTitle=rules;resultFiles=([^;]+);/.exec(ended.output)?.[1];
      assert.match(readFileSync(path ?? "", "utf8"), /testcase classname="j1" name="a &gt;= 1"/);
    });
  });

  it("that fails tells one sentence with hint, place and request id, and still exits with 0", async () => {
    const ended = await bench.run({ story: "fault" });
    assert.equal(ended.code, 0);
    assert.equal(result(ended), "Failed");
    assert.ok(
      ended.output.includes(
        "##vso[task.logissue type=error;sourcepath=job.yml;linenumber=3;columnnumber=9;]Compute cpu does not exist. There are: gpu. (request id r-1)\n",
      ),
      ended.output,
    );
    assert.deepEqual(record(ended).error, {
      message: "Compute cpu does not exist.",
      hint: "There are: gpu.",
      requestId: "r-1",
    });
    assert.equal(record(ended).result, "failed");
  });

  it("that finds several faults tells each as an issue of its own", async () => {
    const ended = await bench.run({ story: "faults" });
    const { output } = ended;
    assert.ok(output.includes("##vso[task.logissue type=error;]First.\n"));
    assert.ok(output.includes("##vso[task.logissue type=error;]Second. Mend it.\n"));
    // The agent writes a/job.yml(7,3) before it; the record has no such place, and keeps it in its words.
    const place = "sourcepath=a/job.yml;linenumber=7;columnnumber=3;";
    assert.ok(output.includes(`##vso[task.logissue type=error;${place}]Third.\n`), output);
    assert.equal(record(ended).error?.message, "First.\nSecond.\na/job.yml:7:3: Third.");
  });

  it("that fails with errors that have codes says where to read about them, and leaves the first in record and summary", async () => {
    const ended = await bench.run({ story: "coded" });
    const place = "sourcepath=job.yml;linenumber=3;columnnumber=9;code=AML1302;";
    assert.ok(ended.output.includes(`##vso[task.logissue type=error;${place}]No field.\n`), ended.output);
    assert.ok(ended.output.includes("type=error;]No compute cpu. Try again.\n"), ended.output);
    assert.ok(ended.output.includes("\nWhat to do about AML1302, AML1210: docs/troubleshooting.md\n"), ended.output);
    assert.equal(record(ended).error?.code, "AML1302");
    assert.match(file(ended, "task\\.uploadsummary"), /\nError `AML1302`\n/);
  });

  it("that met a secret in a file has it masked before, and leaves it in no record and no summary", async () => {
    const ended = await bench.run({ story: "secret" });
    assert.ok(ended.output.includes('##vso[task.setsecret]key of a "file"'));
    const left = record(ended);
    assert.equal(left.job?.error, "Azure said: ***");
    assert.equal(left.error?.message, "Azure refused *** too.");
    assert.ok(!JSON.stringify(left).includes("key of a"));
  });

  it("that has a bug calls it unexpected, and shows the stack only to who debugs", async () => {
    const ended = await bench.run({ story: "bug" });
    assert.equal(result(ended), "Failed");
    assert.match(ended.output, /type=error;\]Unexpected: x is not a function/);
    assert.doesNotMatch(ended.output, /\bat .*story/);
    const debugged = await bench.run({ story: "bug", environment: { SYSTEM_DEBUG: "true" } });
    assert.match(debugged.output, /task\.debug\]TypeError: x is not a function%0A +at /);
    assert.ok(!debugged.output.replace(/##vso\[task\.setsecret\].*/g, "").includes(SECRET), "a secret in a debug line");
  });

  it("that throws where nobody catches fails and ends", async () => {
    const ended = await bench.run({ story: "late" });
    assert.equal(ended.code, 0);
    assert.equal(result(ended), "Failed");
    assert.equal(ended.output.match(/type=error;.*thrown by a timer/g)?.length, 1, "told once");
    assert.equal(record(ended).result, "failed");
  });

  it("that waits for what cannot happen fails, and does not end in silence", async () => {
    const ended = await bench.run({ story: "dead" });
    assert.equal(result(ended), "Failed");
    assert.match(ended.output, /waits for something that can no longer happen/);
  });

  it("that has issues succeeds with them", async () => {
    const ended = await bench.run({ story: "issues" });
    assert.equal(result(ended), "SucceededWithIssues");
    assert.ok(ended.output.includes("##vso[task.logissue type=warning;]A rule failed.\n"));
    assert.equal(record(ended).result, "succeededWithIssues");
  });

  it("names every input at fault, and where the workspace is missing says where it could come from", async () => {
    const faulty = await bench.run({ environment: { INPUT_JOBFILE: "", INPUT_TIMEOUTINMINUTES: "soon" } });
    assert.ok(faulty.output.includes("type=error;]Input jobFile is empty.\n"));
    assert.ok(faulty.output.includes('type=error;]Input timeoutInMinutes is "soon"'));
    const nowhere = await bench.run({ environment: { INPUT_WORKSPACE: "", INPUT_RESOURCEGROUP: "" } });
    assert.match(nowhere.output, /Inputs resourceGroup and workspace are empty.*scope of a Machine Learning workspace/);
  });

  it("that is cancelled tidies up, keeps the outputs it has set, and ends as Canceled", async () => {
    const ended = await bench.run({ story: "tidy", on: once("ready", (child) => child.kill("SIGINT")) });
    assert.equal(ended.code, 0, ended.output);
    assert.equal(result(ended), "Canceled", ended.output);
    assert.ok(ended.lines.includes("tidied up"));
    assert.ok(ended.output.includes("variable=jobName;isOutput=true;issecret=false;]j1\n"));
    assert.ok(ended.output.includes("##vso[task.settaskvariable variable=azureMLLeft;issecret=false;]j1\n"));
    assert.equal(record(ended).result, "canceled");
    assert.doesNotMatch(ended.output, /type=error/, "a cancel is no error");
    assert.deepEqual(ended.pauses, ["main 200"], "the story's own, and no other");
  });

  it("that does not heed a cancel is ended after five seconds", async () => {
    const ended = await bench.run({ story: "stubborn", on: once("ready", (child) => child.kill("SIGTERM")) });
    assert.equal(result(ended), "Canceled");
    assert.deepEqual(ended.pauses, ["main 5000"]);
  });

  it("has a post-job stage that does what main left to do, and nothing where it left nothing", async () => {
    const left = await bench.run({ stage: "postJob", environment: { VSTS_TASKVARIABLE_AZUREMLLEFT: "j1" } });
    assert.ok(left.lines.includes("post-job of j1 in ws1"), left.output);
    const nothing = await bench.run({ stage: "postJob", environment: { INPUT_AZURESUBSCRIPTION: "" } });
    assert.equal(nothing.code, 0);
    assert.doesNotMatch(nothing.output, /type=error|result=Failed/);
  });
});

function once(word: string, act: (child: import("node:child_process").ChildProcess) => void) {
  let done = false;
  return (child: import("node:child_process").ChildProcess, output: string) => {
    if (done || !output.includes(`${word}\n`)) return;
    done = true;
    act(child);
  };
}
