// The 23 edge cases of the agent's contract, each against a real process; most over the real task-lib.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { RecordingServer, runStep } from "../../../local/agent/index.ts";
import { holdTimer } from "../../harness/timers.ts";
import { until } from "../../harness/until.ts";
import { Bench, bundledTaskLib, mainStage, PRINT_ENVIRONMENT, printedEnvironment } from "./fixture.ts";

const LIB = 'const tl = require("./task-lib.js");\n';

describe("the agent's edge cases", () => {
  let lib: string;
  let bench: Bench;
  before(async () => {
    lib = await bundledTaskLib();
  });
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.close());

  /** One step that runs `script`, with task-lib beside it. */
  const probe = (script: string, manifest: Record<string, unknown> = {}) => bench.task(manifest, LIB + script, lib);

  it("1: an empty filePath input arrives as the sources directory, and task-lib tells it from a given one", async () => {
    const inputs = [
      { name: "script", type: "filePath" },
      { name: "other", type: "filePath" },
      { name: "text", type: "string" },
    ];
    const task = probe(
      'for (const name of ["script", "other"]) console.log(name, tl.getPathInput(name), tl.filePathSupplied(name)); console.log("text", tl.getInput("text"));',
      { inputs },
    );
    const outcome = await bench.run([{ taskFolder: task, inputs: { other: "a/../b.yml" } }]);
    const sources = path.join(bench.workFolder, "1", "s");
    const { lines } = mainStage(outcome);
    assert.ok(lines.includes(`script ${sources} false`), lines.join("\n"));
    assert.ok(lines.includes(`other ${sources}/b.yml true`), lines.join("\n"));
    assert.ok(lines.includes("text undefined"));
  });

  it("2: an input's name becomes INPUT_ with dots and spaces as underscores, even where undeclared", async () => {
    const outcome = await bench.run([
      { taskFolder: bench.task({}, PRINT_ENVIRONMENT), inputs: { "my Input.name": " v ", "with-dash": "w" } },
    ]);
    const environment = printedEnvironment(mainStage(outcome));
    assert.equal(environment["INPUT_MY_INPUT_NAME"], "v");
    assert.equal(environment["INPUT_WITH-DASH"], "w");
  });

  it("3: an unknown macro stays literal, and one that only the agent's environment knows is expanded", async () => {
    const outcome = await bench.run(
      [{ taskFolder: bench.task({}, PRINT_ENVIRONMENT), inputs: { a: "$(undefined) $(HOME) $(x) $()", b: "$($(x)" } }],
      { variables: { X: "1" }, hostEnvironment: { HOME: "/home/agent", PATH: process.env["PATH"] ?? "" } },
    );
    const environment = printedEnvironment(mainStage(outcome));
    assert.equal(environment["INPUT_A"], "$(undefined) /home/agent 1 $()");
    assert.equal(environment["INPUT_B"], "$(1");
  });

  it("4: a variable set at run time that holds $(other) is expanded at the next step", async () => {
    const outcome = await bench.run(
      [
        { taskFolder: probe('tl.setVariable("late", "<$(other)>"); console.log("now", tl.getVariable("late"));') },
        { taskFolder: bench.task({}, PRINT_ENVIRONMENT), inputs: { a: "$(late)" } },
      ],
      { variables: { other: "value" } },
    );
    assert.ok(mainStage(outcome, 0).lines.includes("now <$(other)>"));
    const environment = printedEnvironment(mainStage(outcome, 1));
    assert.equal(environment["LATE"], "<value>");
    assert.equal(environment["INPUT_A"], "<value>");
  });

  it("5: a secret variable is seen by getVariable and not in the plain environment", async () => {
    const task = probe(
      'console.log("length", tl.getVariable("my.secret").length, "plain", process.env.MY_SECRET, process.env.SECRET_MY_SECRET, tl.getVariable("my.secret"));',
    );
    const outcome = await bench.run(
      [
        { taskFolder: task },
        {
          taskFolder: bench.task(
            {},
            'console.log("SECRET_ " + process.env.SECRET_MY_SECRET.length, process.env.VSTS_SECRET_VARIABLES);',
          ),
        },
      ],
      { variables: { "my.secret": { value: "geheimnis", secret: true } } },
    );
    assert.ok(
      mainStage(outcome).lines.includes("length 9 plain undefined undefined ***"),
      mainStage(outcome).lines.join("\n"),
    );
    assert.ok(mainStage(outcome, 1).lines.includes('SECRET_ 9 ["my.secret"]'));
  });

  it("6: a step's env entry loses to a public variable of the same name, and wins over the agent's environment", async () => {
    const outcome = await bench.run(
      [{ taskFolder: bench.task({}, PRINT_ENVIRONMENT), env: { WHO: "step", ONLY: " $(who) " } }],
      { variables: { who: "variable" }, hostEnvironment: { ...environmentOfPath(), ONLY: "agent", WHO: "agent" } },
    );
    const environment = printedEnvironment(mainStage(outcome));
    assert.equal(environment["WHO"], "variable");
    assert.equal(environment["ONLY"], "variable");
  });

  it("7: task.complete Succeeded and then exit 1 is Failed", async () => {
    const outcome = await bench.run([
      { taskFolder: probe('tl.setResult(tl.TaskResult.Succeeded, ""); process.exit(1);') },
    ]);
    const stage = mainStage(outcome);
    assert.equal(stage.result, "Failed");
    assert.match(
      stage.issues[0]!.message,
      /^Exit code 1 returned from process: file name '.*', arguments '".*execution\.js"'\.$/,
    );
    assert.equal(outcome.result, "Failed");
  });

  it("8: Failed and then Succeeded stays Failed", async () => {
    const outcome = await bench.run([
      { taskFolder: probe('tl.setResult(tl.TaskResult.Failed, "no"); tl.setResult(tl.TaskResult.Succeeded, "yes");') },
    ]);
    assert.equal(mainStage(outcome).result, "Failed");
    assert.equal(mainStage(outcome).exitCode, 0);
  });

  it("9: result=Cancelled, as task-lib writes it, fails the step; result=Canceled does not", async () => {
    const wrong = await bench.run([{ taskFolder: probe('tl.setResult(tl.TaskResult.Cancelled, "stop");') }]);
    assert.equal(mainStage(wrong).result, "Failed");
    assert.match(
      mainStage(wrong).issues[0]!.message,
      /^Unable to process command '##vso\[task\.complete result=Cancelled/,
    );
    const right = await bench.run([
      { taskFolder: bench.task({}, 'console.log("##vso[task.complete result=Canceled;]");') },
    ]);
    assert.equal(mainStage(right).result, "Canceled");
  });

  it("10: an unhandled rejection is Failed with exit code 0, and the process lives on until its loop is empty", async () => {
    const outcome = await bench.run([
      {
        taskFolder: probe(
          'setTimeout(() => console.log("still here"), 150); Promise.reject(new Error("nobody cared"));',
        ),
      },
    ]);
    const stage = mainStage(outcome);
    assert.equal(stage.result, "Failed");
    assert.equal(stage.exitCode, 0);
    assert.ok(stage.lines.includes("still here"));
    assert.ok(stage.issues.some(({ message }) => message.includes("nobody cared")));
  });

  it("11: ##vso[ in the middle of a line executes; text that task-lib neutralised does not", async () => {
    const task = probe(`console.log("remote said: ##vso[task.setvariable variable=a]one");
      console.log("##VSO[task.setvariable variable=b]two");
      tl.writeExternalOutput("##vso[task.setvariable variable=c]three\\n", { source: "remote" });`);
    const outcome = await bench.run([{ taskFolder: task }]);
    const stage = mainStage(outcome);
    assert.deepEqual(Object.keys(stage.variables), ["a"]);
    assert.equal(stage.result, "Succeeded");
    assert.ok(
      !stage.lines.some((line) => line.includes("remote said")),
      "the text before a command goes with its line",
    );
    assert.ok(stage.lines.includes("##VSO[task.setvariable variable=b]two"));
    assert.ok(stage.lines.some((line) => line.includes("##_vso[task.setvariable variable=c]")));
  });

  it("12: carriage returns of a progress bar become lines, CRLF one line end", async () => {
    const outcome = await bench.run([
      {
        taskFolder: bench.task(
          {},
          'process.stdout.write("10%\\r20%\\r"); setTimeout(() => process.stdout.write("\\n30%\\r\\nend"), 60);',
        ),
      },
    ]);
    const { lines } = mainStage(outcome);
    assert.deepEqual(lines.slice(-5, -1), ["10%", "20%", "30%", "end"]);
  });

  it("13: a command on stderr executes, and stderr fails nothing", async () => {
    const outcome = await bench.run([
      {
        taskFolder: bench.task(
          {},
          'console.error("##vso[task.setvariable variable=x;isOutput=true]y"); console.error("oh");',
        ),
        name: "s",
      },
    ]);
    assert.equal(mainStage(outcome).outputs["x"]?.value, "y");
    assert.equal(outcome.result, "Succeeded");
    assert.ok(mainStage(outcome).lines.includes("oh"));
  });

  it("14: a missing summary file fails the step, and is a warning in restricted mode", async () => {
    const script = 'console.log("##vso[task.uploadsummary]/nowhere/at/all.md");';
    const open = await bench.run([{ taskFolder: bench.task({}, script) }]);
    assert.equal(mainStage(open).result, "Failed");
    const restricted = await bench.run([
      { taskFolder: bench.task({ restrictions: { commands: { mode: "restricted" } } }, script) },
      { taskFolder: bench.task({}, script), target: { commands: "restricted" } },
    ]);
    for (const index of [0, 1]) {
      const stage = mainStage(restricted, index);
      assert.equal(stage.result, "Succeeded");
      assert.deepEqual(
        stage.issues.map(({ type }) => type),
        ["warning"],
      );
      assert.match(stage.issues[0]!.message, /task\.uploadsummary\] is not allowed/);
    }
  });

  it("15: SIGINT, later SIGTERM, later SIGKILL, to the task's process alone: a grandchild survives until the job ends", async () => {
    const pidFile = path.join(bench.root, "grandchild");
    const task = bench.task(
      {},
      `const { spawn } = require("node:child_process");
      const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
      require("node:fs").writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
      process.on("SIGINT", () => console.log("got SIGINT")); process.on("SIGTERM", () => console.log("got SIGTERM"));
      setInterval(() => {}, 1000); console.log("ready");`,
    );
    const abort = new AbortController();
    // The knobs give numbers to know the two pauses by; their defaults are tested by their numbers below.
    const [interrupt, terminate] = [holdTimer(700_001), holdTimer(700_002)];
    const answers: Record<string, () => void> = {
      ready: () => abort.abort(),
      "got SIGINT": interrupt.end,
      "got SIGTERM": terminate.end,
    };
    let aliveAfterStep = false;
    const running = bench.run(
      [
        { taskFolder: task },
        {
          displayName: "look",
          condition: { text: "always()", evaluate: () => true },
          plugin: async () => {
            aliveAfterStep = isAlive(Number(readFileSync(pidFile, "utf8")));
          },
        },
      ],
      {
        signal: abort.signal,
        onLine: (line) => answers[line]?.(),
        variables: { PROCESS_SIGINT_TIMEOUT: "700001", PROCESS_SIGTERM_TIMEOUT: "700002" },
      },
    );
    const outcome = await running.finally(() => {
      terminate.restore();
      interrupt.restore();
    });
    const stage = mainStage(outcome);
    assert.equal(stage.result, "Canceled");
    assert.deepEqual(stage.signals, ["SIGINT", "SIGTERM", "SIGKILL"]);
    assert.ok(stage.lines.includes("got SIGINT") && stage.lines.includes("got SIGTERM"));
    assert.ok(aliveAfterStep, "no tree is killed with the step");
    await until("the process is gone", () => !isAlive(Number(readFileSync(pidFile, "utf8"))));
    assert.ok(
      outcome.lines.some((line) => line.startsWith("Terminate orphan process: pid")),
      "the job's end takes it",
    );
  });

  it("16: what a SIGINT handler sets is recorded although the step is Canceled, whatever it completes with", async () => {
    const task = bench.task(
      {},
      `process.on("SIGINT", () => { console.log("##vso[task.setvariable variable=id;isOutput=true]42"); console.log("##vso[task.complete result=Succeeded;]"); process.exit(3); });
      setInterval(() => {}, 1000); console.log("ready");`,
    );
    const { abort, onLine } = cancelAt("ready");
    const outcome = await bench.run([{ taskFolder: task, name: "s" }], { signal: abort.signal, onLine });
    assert.equal(mainStage(outcome).result, "Canceled");
    assert.equal(outcome.outputs["s.id"]?.value, "42");
    assert.equal(outcome.result, "Canceled");
    assert.ok(mainStage(outcome).issues.some(({ message }) => message.startsWith("The Operation will be canceled.")));
  });

  it("17: post-job runs after a cancel with main's task variable, and after a skip without it", async () => {
    const scripts = {
      execution: `${LIB}tl.setTaskVariable("remote", "job7"); setInterval(() => {}, 1000); console.log("ready");`,
      postjob: `${LIB}console.log("post", tl.getTaskVariable("remote"), process.env.AGENT_JOBSTATUS);`,
    };
    const { abort, onLine } = cancelAt("ready");
    const task = bench.task({}, scripts, lib);
    const outcome = await bench.run([{ taskFolder: task }, { taskFolder: task }], { signal: abort.signal, onLine });
    assert.deepEqual(
      outcome.stages.map(({ stage, result }) => `${stage} ${result}`),
      ["execution Canceled", "execution Skipped", "postjob Succeeded", "postjob Succeeded"],
    );
    // Reverse order: the skipped second step's post-job comes first.
    assert.ok(outcome.stages[2]!.lines.includes("post undefined Canceled"));
    assert.ok(outcome.stages[3]!.lines.includes("post job7 Canceled"));
  });

  it("18: after exit 1 an earlier Failed stays through a successful retry; Failed with exit 0 does not", async () => {
    const flag = path.join(bench.root, "tried");
    const script = (end: string) =>
      `const fs = require("node:fs"); const first = !fs.existsSync(process.env.INPUT_FLAG); fs.writeFileSync(process.env.INPUT_FLAG, "");
      if (first) { console.log("##vso[task.complete result=Failed;]no"); ${end} }`;
    const inputs = (name: string) => ({ inputs: { flag: `${flag}${name}` } });
    const options = { retryDelay: () => 1 };
    const failing = bench.task({}, script("process.exit(1);"));
    const trapped = await bench.run([{ taskFolder: failing, ...inputs("1"), retryCountOnTaskFailure: 1 }], options);
    assert.equal(mainStage(trapped).result, "Failed");
    assert.equal(mainStage(trapped).attempts, 2);
    // With a try to spare, the second try is seen as Failed, forgotten, and the third one counts (RetryHelper of the agent).
    const spared = await bench.run([{ taskFolder: failing, ...inputs("2"), retryCountOnTaskFailure: 2 }], options);
    assert.equal(mainStage(spared).result, "Succeeded");
    assert.equal(mainStage(spared).attempts, 3);
    assert.equal(
      mainStage(spared).lines.filter((line) => line.startsWith("Task ")).length,
      1,
      "one header for all tries",
    );
    const polite = bench.task({}, script(""));
    const free = await bench.run([{ taskFolder: polite, ...inputs("3"), retryCountOnTaskFailure: 1 }], options);
    assert.equal(mainStage(free).result, "Succeeded");
    assert.equal(mainStage(free).attempts, 2);
  });

  it("19: task.debug is hidden unless system.debug is true, and secrets in it are masked", async () => {
    const task = probe('tl.debug("I know " + tl.getVariable("pin"));');
    const variables = { pin: { value: "4711-0815", secret: true } };
    const quiet = await bench.run([{ taskFolder: task }], { variables: { ...variables, "system.debug": "false" } });
    assert.ok(!mainStage(quiet).lines.some((line) => line.includes("I know")));
    const loud = await bench.run([{ taskFolder: task }], { variables: { ...variables, "system.debug": "true" } });
    assert.ok(mainStage(loud).lines.includes("##[debug]I know ***"));
    assert.ok(mainStage(loud).lines.includes("##[debug]pin=***"));
    assert.ok(!loud.lines.join("\n").includes("4711-0815"));
  });

  it("20: a read-only variable of the system set by a task fails the step", async () => {
    const outcome = await bench.run([{ taskFolder: probe('tl.setVariable("Build.BuildId", "7");') }]);
    assert.equal(mainStage(outcome).result, "Failed");
    assert.ok(
      mainStage(outcome).issues.some(({ message }) =>
        message.includes("Overwriting readonly variable 'Build.BuildId'"),
      ),
    );
  });

  it("21: an output variable is not set under its plain name, whether marked or declared", async () => {
    const task = probe('tl.setVariable("jobId", "42", false, true); tl.setVariable("declared", "7");', {
      outputVariables: [{ name: "Declared" }],
    });
    const outcome = await bench.run([
      { taskFolder: task, name: "trainer" },
      { taskFolder: bench.task({}, PRINT_ENVIRONMENT), inputs: { a: "$(trainer.jobId) $(jobId) $(trainer.declared)" } },
    ]);
    const environment = printedEnvironment(mainStage(outcome, 1));
    assert.equal(environment["INPUT_A"], "42 $(jobId) 7");
    assert.equal(environment["TRAINER_JOBID"], "42");
    assert.equal(environment["JOBID"], undefined);
    assert.equal(environment["DECLARED"], undefined);
  });

  it("22: a second copy of task-lib in one process breaks", async () => {
    const folder = bench.task(
      {},
      `${LIB}const second = require("./second.js"); console.log(second.getInput("a"));`,
      lib,
    );
    const { copyFileSync } = await import("node:fs");
    copyFileSync(path.join(folder, "dist", "task-lib.js"), path.join(folder, "dist", "second.js"));
    const outcome = await bench.run([{ taskFolder: folder, inputs: { a: "x" } }]);
    assert.equal(mainStage(outcome).result, "Failed");
    assert.match(mainStage(outcome).lines.join("\n"), /retrieveSecret/);
  });

  it("23: without the temp directory task-lib fails as it loads: Failed, exit code 0", async () => {
    const outcome = await bench.run([
      {
        taskFolder: bench.task({}, 'require("node:fs").rmSync(process.env.AGENT_TEMPDIRECTORY, { recursive: true });'),
      },
      { taskFolder: probe('console.log("never", tl.getInput("a"));'), inputs: { a: "x" } },
    ]);
    const stage = mainStage(outcome, 1);
    assert.equal(stage.result, "Failed");
    assert.equal(stage.exitCode, 0);
    assert.match(stage.lines.join("\n"), /ENOENT.*\.taskkey/);
  });

  it("runs one stage alone, and hands attachments to the server as they were when the queue read them", async () => {
    const server = new RecordingServer();
    const task =
      probe(`const fs = require("node:fs"); const file = tl.getVariable("Agent.TempDirectory") + "/summary.md";
      fs.writeFileSync(file, "# early"); tl.uploadSummary(file); tl.addAttachment("aml", "record.json", file); fs.writeFileSync(file, "# late");
      const gone = tl.getVariable("Agent.TempDirectory") + "/gone.md"; fs.writeFileSync(gone, "x"); tl.addAttachment("aml", "gone", gone); console.log("gone is", gone);`);
    // Taken away once the agent has seen the command, which it reads before this line.
    const onLine = (line: string) => {
      const gone = /^gone is (.+)$/.exec(line)?.[1];
      if (gone !== undefined) rmSync(gone);
    };
    const stage = await runStep({ workFolder: bench.workFolder, taskFolder: task, server, onLine });
    assert.equal(stage.result, "Succeeded", stage.lines.join("\n"));
    const sent = server.of("attach").map(([, type, name, content]) => `${type} ${name} ${content}`);
    assert.deepEqual(sent, ["Distributedtask.Core.Summary summary.md # late", "aml record.json # late"]);
    assert.ok(stage.lines.some((line) => line.startsWith("##[warning]The attachment 'gone' was lost")));
    assert.ok(existsSync(path.join(bench.workFolder, "_tasks")));
  });
});

function environmentOfPath(): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "" };
}

function isAlive(pid: number): boolean {
  try {
    // A process that was killed and not yet collected is a zombie: gone, for our purposes.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Cancels the job as soon as a step prints the line. */
function cancelAt(text: string): { abort: AbortController; onLine: (line: string) => void } {
  const abort = new AbortController();
  return { abort, onLine: (line) => line === text && abort.abort() };
}
