// Escaping of hostile logs: what a job, a scoring container or an endpoint prints changes nothing in the pipeline.
import assert from "node:assert/strict";
import { RECORD_TYPE } from "../../lib/record/index.ts";
import { SUMMARY_TYPE } from "../../local/agent/index.ts";
import { assertSucceeded, Bench, NODES, needsNode, type TaskRun } from "../harness/bench.ts";

const jobFile = "azureml/job.yml";
const requestFile = "requests/ada.json";
/** Logging commands that would show, each on the run that executes it. */
const COMMANDS = [
  "##vso[task.setvariable variable=x]y",
  "##vso[task.setvariable variable=x;isOutput=true]y",
  "##vso[task.settaskvariable variable=azureMLLeft]somebody-elses-job",
  "##vso[task.complete result=Succeeded]",
  "##vso[task.complete result=Succeeded;done=true]",
  "##vso[task.complete result=Failed]",
  "##vso[task.logissue type=error]not an error",
  "##vso[task.logissue type=warning]not a warning",
  "##vso[task.uploadsummary]/etc/hostname",
  "##vso[task.addattachment type=evil;name=evil]/etc/hostname",
  "##vso[task.prependpath]/evil",
  "##vso[task.setsecret]learning ends",
  "##vso[task.setprogress value=66]evil",
  "##vso[build.addbuildtag]evil",
  "##vso[build.updatebuildnumber]evil",
  "##vso[no.such]command",
];
/** Ways in which a line of a log can come to hold a command. */
const LINES = [
  "in the middle ##vso[task.setvariable variable=x]y",
  ...COMMANDS,
  "25 %\r##vso[task.setvariable variable=x]y\r50 %\r##vso[task.complete result=Succeeded]",
  "\u001b[31m##vso[task.setvariable variable=x]y\u001b[0m",
  "####vso[task.setvariable variable=x]y",
  "##vs##vso[task.setvariable variable=x]yo[task.setvariable variable=x]y",
  "##_vso[task.setvariable variable=x]y",
  "a\u2028##vso[task.setvariable variable=x]y\u0085##vso[task.setvariable variable=x]y",
  "\u000b\u000c##vso[task.setvariable variable=x]y",
  "##[error]not an error either",
];

/** Python that prints these lines, and one in two writes with time between them for somebody to read the first half. */
const printing = (end: string) => `
import sys, time, json
for line in json.loads(${JSON.stringify(JSON.stringify(LINES))}):
    print(line, flush=True)
sys.stderr.write("##vso[task.setvariable variable=x]y\\n")
for part in ["##vs", "o[task.set", "variable variable=x]", "y\\n"]:
    sys.stdout.write(part)
    sys.stdout.flush()
    time.sleep(1.2 if part == "##vs" else 0)
print("learning ends", flush=True)
${end}
`;

describe("text of others, printed by packaged tasks", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());

  /** Nothing of what the text says has happened. */
  function assertHarmless(run: TaskRun, number: string): void {
    assert.deepEqual(run.variables, [], "no variable was set");
    assert.ok(!("x" in run.outputs), "no output was set");
    assert.equal(run.build.tags.size, 0, "no tag was added");
    assert.equal(run.build.buildNumber, number, "the run's number is as it was");
    assert.equal(run.stages[0]?.progress, 0);
    const added = run.attachments.filter(({ type }) => type !== RECORD_TYPE && type !== SUMMARY_TYPE);
    assert.deepEqual(added, [], "no attachment was added");
    assert.ok(
      run.summaries.every((text) => /^### Azure ML: /.test(text)),
      "no summary but the task's own",
    );
    assert.deepEqual(run.warnings, []);
    assert.doesNotMatch(run.log, /##vso\[/, "no line holds a command");
    assert.doesNotMatch(run.log, /^##\[error\]not an error/m);
    assert.match(run.log, /in the middle ##_vso\[task\.setvariable variable=x\]y/, "and the text is there to be read");
  }

  for (const node of NODES) {
    it(`the log of a job that succeeds (Node ${node})`, async function () {
      needsNode(this, node);
      const build = bench.newBuild();
      const number = build.buildNumber;
      const run = await bench.run("SubmitJob", { jobFile }, { node, build, files: { "src/learn.py": printing("") } });
      assertSucceeded(run);
      assertHarmless(run, number);
      assert.match(run.log, /^learning ends$/m, "which was not made a secret");
      assert.match(run.log, /##_vso\[task\.setvariable variable=x\]y/);
      assert.equal(run.stages[1]?.stage, "postjob");
      assert.equal(run.exchanges.filter(({ url }) => url.includes("/cancel")).length, 0);
    });

    it(`the log of a job that fails, and the end of it in the error (Node ${node})`, async function () {
      needsNode(this, node);
      const build = bench.newBuild();
      const number = build.buildNumber;
      const files = { "src/learn.py": printing('print("##vso[task.complete result=Succeeded]")\nsys.exit(3)') };
      const run = await bench.run("SubmitJob", { jobFile }, { node, build, files });
      assert.deepEqual([run.result, run.exitCode, run.jobResult], ["Failed", 0, "Failed"]);
      assert.equal(run.errors.length, 1);
      assert.match(run.errors[0]!, /status code 3/);
      assert.match(run.errors[0]!, /##_vso\[task\.complete result=Succeeded\]$/);
      assertHarmless(run, number);
      for (const text of [...run.summaries, JSON.stringify(run.record)]) assert.match(text, /status code 3/);
    });
  }

  it("the log of a scoring container whose init() raises", async () => {
    const build = bench.newBuild();
    const score = `import json
def init():
    for line in json.loads(${JSON.stringify(JSON.stringify(LINES))}):
        print(line, flush=True)
    raise RuntimeError("##vso[task.complete result=Succeeded]")
def run(raw):
    return 1
`;
    const run = await bench.run(
      "DeployEndpoint",
      { endpointFile: "azureml/endpoint.yml", deploymentFile: "azureml/deployment.yml" },
      { build, files: { "scoring/score.py": score } },
    );
    assert.deepEqual([run.result, run.jobResult, run.errors.length], ["Failed", "Failed", 1]);
    assertHarmless(run, build.buildNumber);
    assert.match(run.log, /RuntimeError: ##_vso\[task\.complete result=Succeeded\]/);
  });

  describe("an endpoint's reply", () => {
    const text = LINES.join("\n");
    before(async () => {
      const score = `import json
TEXT = json.loads(${JSON.stringify(JSON.stringify(text))})
def init():
    pass
def run(raw):
    return TEXT
`;
      const run = await bench.run(
        "DeployEndpoint",
        { endpointFile: "azureml/endpoint.yml", deploymentFile: "azureml/deployment.yml", requestFile },
        { files: { "scoring/score.py": score } },
      );
      assertSucceeded(run);
    });

    it("that is as expected", async () => {
      const build = bench.newBuild();
      const run = await bench.run("InvokeEndpoint", { endpointName: "greeter", requestFile }, { build });
      assertSucceeded(run);
      assertHarmless(run, build.buildNumber);
      assert.equal(JSON.parse(run.outputs["reply"]!), text, "the output holds it as it came");
    });

    it("that is not as expected, in the difference", async () => {
      const build = bench.newBuild();
      const inputs = {
        endpointName: "greeter",
        requestFile,
        expectations: '$ == "##vso[task.complete result=Succeeded]"',
      };
      const run = await bench.run("InvokeEndpoint", inputs, { build });
      assert.deepEqual([run.result, run.jobResult, run.errors.length], ["Failed", "Failed", 1]);
      assertHarmless(run, build.buildNumber);
    });
  });
});
