// Pipelines as they run: order, conditions, outputs, artifacts, deployments, cancellation, time limits.
import assert from "node:assert/strict";
import type { RunOutcome } from "../../../../local/pipeline/index.ts";
import { holdTimer } from "../../../harness/timers.ts";
import { linesOf, Workshop } from "../fixture.ts";

const stageResults = (outcome: RunOutcome) =>
  outcome.stages.map(
    ({ name, result, jobs }) => `${name} ${result}${jobs.map((job) => ` ${job.name}:${job.result}`).join("")}`,
  );
const stepResults = (outcome: RunOutcome) =>
  outcome.stages.flatMap(({ jobs }) =>
    jobs.flatMap(({ steps }) => steps.map(({ displayName, result }) => `${displayName} ${result}`)),
  );

describe("running a pipeline", () => {
  let workshop: Workshop;
  beforeEach(() => {
    workshop = new Workshop();
  });
  afterEach(() => workshop.close());

  it("checks the commit out, expands variables, and numbers its runs", async () => {
    const yaml = `name: $(Build.DefinitionName)-$(Date:yyyyMMdd)$(Rev:.rr)-$(word)
variables: {word: hi, greeting: "$(word) there"}
steps:
- bash: |
    git log -1 --format=%s; git status --porcelain; git remote get-url origin
    echo "$(greeting) | $GREETING | $(Build.SourceBranchName) | $(nope 2>&1 || true)"
    echo "token in the environment: \${SECRET_SYSTEM_ACCESSTOKEN:-no}"
- script: echo "##vso[task.complete result=SucceededWithIssues;]"
  displayName: Warn
`;
    const first = await workshop.run(yaml);
    assert.match(first.runNumber, /^training-\d{8}\.01-hi$/);
    assert.match((await workshop.run(yaml)).runNumber, /^training-\d{8}\.02-hi$/);
    assert.equal(first.result, "partiallySucceeded");
    assert.deepEqual(stepResults(first), [
      "Checkout app@main to s Succeeded",
      "Bash Succeeded",
      "Warn SucceededWithIssues",
    ]);
    const lines = linesOf(first, "Bash");
    assert.ok(lines.includes("Change") && lines.includes("https://localhost/contoso/_git/app"), lines.join("\n"));
    assert.ok(lines.some((line) => line.startsWith("hi there | hi there | main | ")));
    assert.ok(lines.includes("token in the environment: no"));
    assert.ok(!first.stages[0]!.jobs[0]!.lines.join("\n").includes(workshop.devops.tokens[0]!));
  });

  it("carries outputs from step to step, from job to job and from stage to stage", async () => {
    const outcome = await workshop.run(`stages:
- stage: A
  jobs:
  - job: J1
    steps:
    - checkout: none
    - bash: |
        echo "##vso[task.setvariable variable=x;isOutput=true]42"
        echo "##vso[task.setvariable variable=key;isOutput=true;issecret=true]hush-hush"
      name: s
    - bash: echo "same job $(s.x) $S_X"
  - job: J2
    dependsOn: J1
    condition: and(succeeded(), eq(dependencies.J1.outputs['s.x'], '42'))
    variables: {v: "$[ dependencies.J1.outputs['s.x'] ]", secret: "$[ dependencies.J1.outputs['s.key'] ]"}
    steps: [{checkout: none}, {bash: "echo job $(v) $V $(secret)", name: t}]
- stage: B
  condition: and(succeeded(), eq(dependencies.A.outputs['J1.s.x'], '42'), eq(dependencies.A.result, 'Succeeded'))
  variables: {w: "$[ stageDependencies.A.J1.outputs['s.x'] ]", z: "$[ stageDependencies.A.J1.outputs['s.key'] ]"}
  jobs: [{job: K, steps: [{checkout: none}, {bash: "echo stage $(w) $(z) \${Z-not set}", name: u}]}]
`);
    assert.deepEqual(stageResults(outcome), ["A Succeeded J1:Succeeded J2:Succeeded", "B Succeeded K:Succeeded"]);
    assert.ok(linesOf(outcome, "Bash").length > 0);
    assert.ok(linesOf(outcome, "t").includes("job 42 42 ***"), linesOf(outcome, "t").join("\n"));
    assert.ok(linesOf(outcome, "u").includes("stage 42 *** not set"));
    assert.deepEqual(outcome.stages[0]!.jobs[0]!.outputs, { "s.x": "42", "s.key": "***" });
    assert.equal(outcome.variables["w"], "42");
    assert.ok(!JSON.stringify(outcome).includes("hush-hush"), "a secret output is shown nowhere");
  });

  it("skips what follows a failure, and runs what asks for it", async () => {
    const outcome = await workshop.run(`stages:
- stage: A
  jobs:
  - job: Bad
    steps:
    - checkout: none
    - {bash: exit 1, displayName: break}
    - {bash: echo, displayName: default}
    - {bash: echo, displayName: on failure, condition: failed()}
    - {bash: echo, displayName: anyway, condition: always()}
    - {bash: echo, displayName: disabled, enabled: false}
  - {job: After, dependsOn: Bad, steps: [{checkout: none}]}
  - {job: Cleanup, dependsOn: [Bad], condition: "failed('Bad')", steps: [{checkout: none}, {bash: echo}]}
- stage: B
  jobs: [{job: J, steps: [{checkout: none}]}]
- stage: C
  dependsOn: B
  condition: succeededOrFailed()
  jobs: [{job: J, steps: [{checkout: none}]}]
- stage: D
  dependsOn: C
  jobs: [{job: J, steps: [{checkout: none}]}]
`);
    assert.deepEqual(stageResults(outcome), [
      "A Failed Bad:Failed After:Skipped Cleanup:Succeeded",
      "B Skipped",
      "C Succeeded J:Succeeded",
      "D Skipped",
    ]);
    assert.deepEqual(stepResults(outcome).slice(0, 4), [
      "break Failed",
      "default Skipped",
      "on failure Succeeded",
      "anyway Succeeded",
    ]);
    assert.ok(workshop.lines.includes("Step disabled is disabled (enabled: false)."));
    assert.equal(outcome.result, "failed");
    assert.deepEqual(
      outcome.issues.map(({ message }) => message),
      ["Bash exited with code '1'."],
    );
    assert.equal(workshop.devops.builds.all[0]!.result, "failed");
  });

  it("publishes artifacts, and brings them to later jobs and to deployments by themselves", async () => {
    const outcome = await workshop.run(`jobs:
- job: Make
  steps:
  - checkout: none
  - bash: mkdir -p $(Build.ArtifactStagingDirectory)/out/deep && echo v1 > $(Build.ArtifactStagingDirectory)/out/deep/version.txt && echo no > $(Build.ArtifactStagingDirectory)/out/other.md
  - publish: $(Build.ArtifactStagingDirectory)/out
    artifact: model
- job: Use
  dependsOn: Make
  steps:
  - checkout: none
  - {download: current, artifact: model, patterns: "**/*.txt"}
  - {bash: "cd $(Pipeline.Workspace) && find model -type f && cat model/deep/version.txt", name: look}
- deployment: Ship
  dependsOn: Make
  environment: production
  strategy:
    runOnce:
      deploy:
        steps:
        - bash: |
            ls -A "$(Build.SourcesDirectory)" | wc -l
            cat $(Pipeline.Workspace)/model/deep/version.txt
            echo "$(Environment.Name)"
            echo "##vso[task.setvariable variable=done;isOutput=true]yes"
          name: ship
- job: Last
  dependsOn: Ship
  variables: {done: "$[ dependencies.Ship.outputs['Ship.ship.done'] ]"}
  steps: [{checkout: none}, {bash: echo last $(done), name: last}]
`);
    assert.equal(outcome.result, "succeeded", workshop.lines.join("\n"));
    assert.deepEqual(
      linesOf(outcome, "look").filter((line) => /^(model|v1)/.test(line)),
      ["model/deep/version.txt", "v1"],
    );
    const shipped = linesOf(outcome, "ship");
    assert.deepEqual(
      shipped.slice(shipped.indexOf("0"), shipped.indexOf("0") + 3),
      ["0", "v1", "production"],
      "a deployment has no sources, and its artifacts",
    );
    assert.ok(linesOf(outcome, "last").includes("last yes"));
  });

  it("fails a publish of what is not there, and a second artifact of one name", async () => {
    const outcome = await workshop.run(`steps:
- {publish: nowhere, artifact: a, continueOnError: true}
- {publish: azure-pipelines.yml, artifact: b}
- {publish: azure-pipelines.yml, artifact: b}
`);
    assert.deepEqual(
      outcome.issues.map(({ message }) => message.replace(/: \/.*/, "")),
      ["Path does not exist", "Artifact b already exists for build 1."],
    );
    assert.equal(outcome.result, "failed");
  });

  it("cancels: the running step ends, always() still runs, later jobs are cancelled", async () => {
    const abort = new AbortController();
    const outcome = await workshop.run(
      `variables: {PROCESS_SIGINT_TIMEOUT: "100", PROCESS_SIGTERM_TIMEOUT: "100"}
jobs:
- job: A
  steps:
  - checkout: none
  - {task: Wait@1, displayName: wait}
  - {bash: echo next, displayName: next}
  - {bash: echo tidy, displayName: tidy, condition: always()}
- {job: B, dependsOn: A, steps: [{checkout: none}]}
- {job: C, dependsOn: A, condition: always(), steps: [{checkout: none}, {bash: echo still here, displayName: still}]}
`,
      {
        tasks: new Map([
          ["Wait@1", workshop.bench.task({ name: "Wait" }, 'console.log("ready"); setInterval(() => {}, 1000);')],
        ]),
        signal: abort.signal,
        log: (line) => {
          if (line === "ready") abort.abort();
        },
      },
    );
    assert.deepEqual(stepResults(outcome), ["wait Canceled", "next Skipped", "tidy Succeeded", "still Succeeded"]);
    assert.deepEqual(stageResults(outcome), ["__default Canceled A:Canceled B:Canceled C:Succeeded"]);
    assert.equal(outcome.result, "canceled");
  });

  it("ends a step and a job at their time limits", async () => {
    const [step, job] = [holdTimer(7 * 60_000), holdTimer(11 * 60_000)];
    const running = workshop.run(
      `variables: {PROCESS_SIGINT_TIMEOUT: "50", PROCESS_SIGTERM_TIMEOUT: "50"}
jobs:
- job: A
  continueOnError: true
  steps:
  - checkout: none
  - {task: Sleep@1, displayName: limited, timeoutInMinutes: 7, inputs: {say: limited}}
- job: B
  timeoutInMinutes: 11
  steps: [{checkout: none}, {task: Sleep@1, displayName: endless, inputs: {say: endless}}]
`,
      {
        tasks: new Map([
          [
            "Sleep@1",
            workshop.bench.task(
              { name: "Sleep", inputs: [{ name: "say", type: "string" }] },
              "console.log(process.env.INPUT_SAY); setInterval(() => {}, 1000);",
            ),
          ],
        ]),
        log: (line) => {
          if (line === "limited") step.end();
          if (line === "endless") job.end();
          workshop.lines.push(line);
        },
      },
    );
    const outcome = await running.finally(() => {
      job.restore();
      step.restore();
    });
    assert.deepEqual(stepResults(outcome), ["limited Failed", "endless Canceled"]);
    assert.deepEqual(stageResults(outcome), ["__default Canceled A:Failed B:Canceled"]);
    assert.ok(outcome.issues.some(({ message }) => message === "The task has timed out."));
    assert.ok(workshop.lines.some((line) => line.includes("ran longer than the maximum time of 11 minutes")));
  });

  it("retries a step, fails on standard error where asked, and keeps secrets of the run out of every line", async () => {
    const outcome = await workshop.run(
      `steps:
- checkout: none
- {bash: "test -f $(Agent.TempDirectory)/tried || { touch $(Agent.TempDirectory)/tried; exit 1; }", displayName: retried, retryCountOnTaskFailure: 1}
- {bash: echo oops >&2, displayName: strict, failOnStderr: true, continueOnError: true}
- {bash: echo oops >&2, displayName: lenient}
- {bash: 'echo "$MAPPED-$(password)"; echo "plain: $PASSWORD"', displayName: secret, env: {MAPPED: $(password)}}
- {bash: pwd; echo done, displayName: elsewhere, workingDirectory: $(Agent.TempDirectory)}
`,
      { variables: { password: { value: "correct horse", secret: true } } },
    );
    assert.deepEqual(stepResults(outcome), [
      "retried Succeeded",
      "strict SucceededWithIssues",
      "lenient Succeeded",
      "secret Succeeded",
      "elsewhere Succeeded",
    ]);
    assert.ok(linesOf(outcome, "secret").includes("***-***") && linesOf(outcome, "secret").includes("plain: "));
    assert.ok(linesOf(outcome, "elsewhere").some((line) => line.endsWith("/_work/_temp")));
    assert.ok(!JSON.stringify(outcome).includes("correct horse"));
  });

  it("fails a job or a stage whose condition cannot be evaluated, and goes on", async () => {
    const outcome = await workshop.run(`stages:
- stage: A
  jobs:
  - {job: J, condition: "lt(1, variables['Build.Reason'])", steps: [{checkout: none}]}
- stage: B
  condition: lt(1, variables['Build.Reason'])
  jobs: [{job: J, steps: [{checkout: none}]}]
- stage: C
  condition: always()
  jobs: [{job: J, steps: [{checkout: none}, {bash: echo, condition: "lt(1, variables['Build.Reason'])"}]}]
`);
    assert.deepEqual(stageResults(outcome), ["A Failed J:Failed", "B Failed", "C Failed J:Failed"]);
    assert.equal(workshop.lines.filter((line) => line.includes("Unable to convert 'Manual'")).length, 3);
  });

  it("refuses a file before it makes a run", async () => {
    await assert.rejects(
      workshop.run("steps:\n- task: Nothing@1\n  inputs: {a: b}"),
      /azure-pipelines\.yml:2:9: A task is missing: the local pipeline has no task 'Nothing@1'/,
    );
    assert.equal(workshop.devops.builds.all.length, 0);
  });
});
