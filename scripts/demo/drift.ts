// The story of drift: what is live is watched, its requests drift, the breach starts one retraining, and what that trains goes live.
import { answeredAll, RATE, waitForBusyMachine } from "./canary.ts";
import type { DemoRepository } from "./repository.ts";
import { RELEASE, TRAINING, WATCH } from "./stage.ts";
import { type Chapter, inputs } from "./story.ts";

const COLLECT = `instance_count: 1
data_collector:
  collections:
    model_inputs:
      enabled: "true"
      data:
        name: breast-cancer-inputs
        version: "1"
        path: azureml://datastores/workspaceblobstore/paths/modelDataCollector/breast-cancer
`;

/** Tells the pull request what the run found, whatever that is. */
const REPORT = [
  "- task: AzureMLReport@1",
  "  name: report",
  "  displayName: Tell the pull request",
  "  condition: always()",
  "  inputs:",
  "    pullRequest: comment",
];

/** The last lines of both pipelines, and how deep their steps lie. */
const ENDS = [
  {
    file: "azure-pipelines.yml",
    end: "      description: Logistic regression that tells benign from malignant tumours\n",
    deep: 2,
  },
  {
    file: "canary.yml",
    end: '$(deploy.endpointName)\n          requestFile: requests/two-samples.json\n          expectations: |\n            $.predictions[0] == "malignant"\n            $.predictions[1] == "benign"\n',
    deep: 6,
  },
];

/** Shows in the results tab what the monitor measured, now and before; what follows from it the step before has decided. */
const MEASURED = `
  - task: AzureMLCheckMonitor@1
    name: measured
    displayName: Show what the monitor measured
    inputs:
      azureSubscription: $(azureConnection)
      resourceGroup: $(resourceGroup)
      workspace: $(workspace)
      monitor: breast-cancer-drift
      onBreach: continue
      onNoEvidence: continue
`;

function tellPullRequests(repository: DemoRepository): void {
  for (const { file, end, deep } of ENDS) {
    const steps = REPORT.map((line) => `${" ".repeat(deep)}${line}\n`).join("");
    repository.change(file, [[end, `${end}\n${steps}`]], "Tell the pull request");
  }
}

export const drift: readonly Chapter[] = [
  {
    title: "A first model goes live, with its requests collected and watched",
    opening:
      "Ada's deployment collects what it is asked. Her files describe a monitor, which compares the last day's requests with the training data, and an alert rule. Clocks run thirty times as fast.",
    play: async (stage) => {
      waitForBusyMachine(stage.repository);
      tellPullRequests(stage.repository);
      // The story itself says when the monitor runs, and the hour of the day does not.
      const never: readonly [string, string] = [
        "  interval: 1\n",
        '  interval: 1\n  start_time: "2099-01-01T00:00:00"\n',
      ];
      stage.repository.change("monitoring/drift.yml", [never], "Run the monitor when the story says so");
      stage.repository.change(
        "watch.yml",
        [["      coolDown: 3d\n", `      coolDown: 3d\n      traceability: linkAndBug\n${MEASURED}`]],
        "File a bug for a breach, and show what was measured",
      );
      stage.repository.change("azureml/deployment.yml", [["instance_count: 1\n", COLLECT]], "Collect the requests");
      const released = await stage.push();
      return [...released, ...(await stage.watch())];
    },
    expect: ({ training, release, watches, summary }, expectations) => {
      expectations.that(training?.result === "succeeded", "The training pipeline should have succeeded.");
      expectations.that(release?.result === "succeeded", "The release should have started and succeeded.");
      expectations.that(watches[0]?.result === "succeeded", "The look at the monitors should have succeeded.");
      expectations.that(summary.watch?.breached.length === 0, "No monitor should be breached.");
      expectations.that(summary.deployment?.traffic["model-1"] === 100, "model-1 should have all the traffic.");
    },
  },
  {
    title: "Requests that look like the training data start nothing",
    opening:
      "The endpoint is asked for rows as it was trained on. The monitor runs, and somebody looks at what it found.",
    play: async (stage) => {
      await stage.monitored.call(1);
      await stage.monitored.measure();
      return [...(await stage.settled()), ...(await stage.watch())];
    },
    expect: ({ trainings, watches, summary }, expectations) => {
      expectations.that(watches.length === 1, "Only the look by hand should have run: there was nothing to tell.");
      expectations.that(summary.watch?.breached.length === 0, "The monitor should be within its thresholds.");
      expectations.that(trainings.length === 0, "No training should have started.");
    },
  },
  {
    title: "The requests drift: the breach starts one retraining, and a canary releases what it trains",
    opening: `Other machines measure now: ${RATE} requests a second go to the endpoint, and every value is three times as large. Ada's pull request with a better recipe is merged, which the next training takes. Nobody starts anything: the monitor's breach is an event, which the relay turns into a look.`,
    load: RATE,
    loadFactor: 3,
    play: async (stage) => {
      stage.repository.change(
        "azureml/job.yml",
        [[inputs(10, 60), inputs(30, 150)]],
        "Train on all thirty features [skip ci]",
      );
      stage.pullRequests.merged("Train on all thirty features", "thirty-features");
      for (let time = 0; time < 3; time++) await stage.monitored.call(3);
      await stage.monitored.measure();
      return stage.settled();
    },
    expect: ({ trainings, releases, watches, summary }, expectations) => {
      expectations.that(watches.length >= 1, "The event of the breach should have started a look.");
      expectations.same(summary.watch?.breached, ["inputs"], "the breached signals");
      expectations.that(
        trainings.length === 1 && trainings[0]?.result === "succeeded",
        `One training should have run and succeeded, and ${trainings.length} ran.`,
      );
      expectations.that(summary.filed?.length === 1, "One bug should have been filed for the breach.");
      expectations.that(summary.gate?.passed === true, "The gate should have passed.");
      expectations.that(
        summary.gate?.data?.startsWith("Both were measured on ") === true,
        `Both models should have been judged on the same data: ${summary.gate?.data ?? "nothing is known"}`,
      );
      expectations.that(summary.model?.version === "2", "The model should have been registered as version 2.");
      expectations.that(
        releases.length === 1 && releases[0]?.result === "succeeded",
        "One release should have started and succeeded.",
      );
      expectations.that(summary.deployment?.traffic["model-2"] === 100, "model-2 should have all the traffic.");
      const judged = (summary.steps ?? []).filter(({ outcome }) => outcome !== undefined);
      expectations.same(
        judged.map(({ share, outcome }) => `${share} % ${outcome}`),
        ["10 % pass", "50 % pass", "100 % pass"],
        "judged steps",
      );
      for (const name of ["model-1", "model-2"])
        expectations.that(answeredAll(summary, name), `Deployment ${name} should have answered every request.`);
      expectations.same(
        summary.notes?.map(({ text }) => /^### (.*)$/m.exec(text)?.[1] ?? text),
        [`✅ Azure ML: ${TRAINING} passed`, `✅ Azure ML: ${RELEASE} passed`],
        "the notes on the pull request",
      );
    },
  },
  {
    title: "The same breach again: nothing is started twice",
    opening:
      "The next run of the monitor still sees the drifted day, tells of it again, and somebody looks by hand as well.",
    play: async (stage) => {
      await stage.monitored.measure();
      return [...(await stage.settled()), ...(await stage.watch())];
    },
    expect: ({ trainings, watches, summary }, expectations) => {
      expectations.that(watches.length >= 2, `${WATCH} should have run for the event and by hand.`);
      expectations.same(summary.watch?.breached, ["inputs"], "the breached signals");
      expectations.that(trainings.length === 0, `${TRAINING} should not have been started again.`);
      expectations.that(summary.filed?.length === 0, "No second bug should have been filed.");
      expectations.that(summary.notes?.length === 0, "The pull request should have been told nothing more.");
    },
  },
];
