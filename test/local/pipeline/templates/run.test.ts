// Templates, matrices and environments as they run: read from the commit, leg by leg, after an approval that says it is simulated.
import assert from "node:assert/strict";
import type { RunOutcome } from "../../../../local/pipeline/index.ts";
import { linesOf, Workshop } from "../fixture.ts";

const stageResults = (outcome: RunOutcome) => outcome.stages.map(({ name, result }) => `${name} ${result}`);

const RELEASE = `parameters:
- {name: environments, type: object, default: [test, production]}
- {name: dry, type: boolean, default: false}
stages:
- \${{ each environment in parameters.environments }}:
  - stage: \${{ environment }}
    jobs:
    - deployment: Deploy
      environment: \${{ environment }}
      strategy:
        runOnce:
          deploy:
            steps:
            - template: steps/deploy.yml
              parameters:
                target: \${{ environment }}
                \${{ if eq(variables['Build.Reason'], 'PullRequest') }}:
                  how: look at
`;
const DEPLOY = `parameters: [{name: target}, {name: how, default: deploy to}]
steps:
- bash: echo "\${{ parameters.how }} \${{ parameters.target }} in $(Environment.Name)"
  name: deploy
`;
const PIPELINE = "extends:\n  template: ci/release.yml\n";

describe("running templates", () => {
  let workshop: Workshop;
  beforeEach(() => {
    workshop = new Workshop();
    workshop.commit({ "ci/release.yml": RELEASE, "ci/steps/deploy.yml": DEPLOY });
  });
  afterEach(() => workshop.close());

  it("reads them from the commit that runs, and knows why it runs", async () => {
    const outcome = await workshop.run(PIPELINE);
    assert.deepEqual(stageResults(outcome), ["test Succeeded", "production Succeeded"]);
    assert.ok(linesOf(outcome, "deploy").includes("deploy to test in test"));
    const pull = await workshop.run(PIPELINE, { reason: "pullRequest" });
    assert.ok(linesOf(pull, "deploy").includes("look at test in test"), linesOf(pull, "deploy").join("\n"));
  });

  it("asks for approvals before the stage, and says that nobody was asked", async () => {
    const approval = { by: "Grace", decision: "approved", comment: "looks right" } as const;
    const outcome = await workshop.run(PIPELINE, { environments: { Production: { approval } } });
    assert.deepEqual(stageResults(outcome), ["test Succeeded", "production Succeeded"]);
    const asked = workshop.lines.findIndex((line) =>
      /Environment production asks Grace .*simulated, nobody was asked: approved: "looks right"\./.test(line),
    );
    const deployed = workshop.lines.indexOf("deploy to production in production");
    assert.ok(asked > workshop.lines.indexOf("deploy to test in test") && asked < deployed, workshop.lines.join("\n"));
  });

  it("starts nothing of a stage that is rejected, nor of those that wait for it", async () => {
    const approval = { by: "Grace", decision: "rejected" } as const;
    const outcome = await workshop.run(PIPELINE, { environments: { test: { approval } } });
    assert.deepEqual(stageResults(outcome), ["test Failed", "production Skipped"]);
    assert.equal(outcome.result, "failed");
    assert.deepEqual(outcome.stages[0]!.jobs, []);
  });

  it("runs a job once for each leg of its matrix, and gives on the outputs of each", async () => {
    const outcome = await workshop.run(`jobs:
- job: Train
  strategy:
    maxParallel: 2
    matrix:
      small: {size: 1}
      large: {size: 9}
  steps:
  - checkout: none
  - bash: echo "##vso[task.setvariable variable=got;isOutput=true]$(size) of $(System.JobName) in $(System.PhaseName)"
    name: it
- job: Look
  dependsOn: Train
  variables:
    small: $[ dependencies.Train.outputs['small.it.got'] ]
    large: $[ dependencies.Train.outputs['large.it.got'] ]
  steps:
  - checkout: none
  - bash: echo "$(small), $(large)"
    name: look
- job: Twice
  strategy: {parallel: 2}
  steps:
  - checkout: none
  - bash: test $(System.JobPositionInPhase) -lt $(System.TotalJobsInPhase)
`);
    const jobs = outcome.stages[0]!.jobs.map(({ name, result }) => `${name} ${result}`);
    assert.deepEqual(jobs, [
      "Train.small Succeeded",
      "Train.large Succeeded",
      "Look Succeeded",
      "Twice.job1 Succeeded",
      "Twice.job2 Failed",
    ]);
    assert.ok(linesOf(outcome, "look").includes("1 of small in Train, 9 of large in Train"));
    assert.equal(outcome.result, "failed");
  });
});
