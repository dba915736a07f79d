// The story of canaries: while people call the endpoint, a good version gets all of the traffic in steps, and one that fails some of its
// requests is taken back. The clocks of the cloud and of the tasks run fast, so that ten minutes of baking pass in seconds.

import type { DemoRepository } from "./repository.ts";
import { type Chapter, chapters, inputs } from "./story.ts";
import type { ChapterSummary } from "./summary.ts";

/** How many minutes of the cloud and of the tasks pass in one of this machine. */
export const CANARY_SPEED = 30;
/** Requests a second of this machine. */
export const RATE = 20;

const FIRST = inputs(10, 60);
const BETTER = inputs(20, 100);
const BEST = inputs(30, 150);

const [beginning] = chapters;
if (beginning === undefined) throw new Error("The story has no first chapter.");

/**
 * Limits of the example by the fast clock are too short for a machine that has other things to do for some seconds: nothing is to be
 * turned away or given up for that.
 */
const PATIENCE: readonly (readonly [file: string, from: string, to: string])[] = [
  [
    "azureml/deployment.yml",
    "instance_count: 1\n",
    "instance_count: 1\nrequest_settings:\n  max_concurrent_requests_per_instance: 100\n  request_timeout_ms: 60000\n",
  ],
  ["azureml/job.yml", "timeout: 600", "timeout: 60000"],
  ["azure-pipelines.yml", "timeoutInMinutes: 30", "timeoutInMinutes: 3000"],
  ["canary.yml", "timeoutInMinutes: 120", "timeoutInMinutes: 3000"],
  // Half a second is less than such a machine takes for one answer now and then.
  ["canary.yml", "live.latencyP95 + 500.0", "live.latencyP95 + 30000.0"],
];

export function waitForBusyMachine(repository: DemoRepository): void {
  for (const [file, from, to] of PATIENCE) repository.change(file, [[from, to]], "Wait for a busy machine");
}

/** A slip that no test of one request finds: it fails one request in four. */
const SLIP = `    global CALLS
    CALLS += 1
    if CALLS > 4 and CALLS % 4 == 0:
        raise ValueError(f"cannot score request {CALLS}")
    rows = json.loads(raw_data)["rows"]
`;

/** Whether the deployment answered every request that went to it. */
export const answeredAll = ({ load }: ChapterSummary, deployment: string): boolean => {
  const one = load?.deployments[deployment];
  return one !== undefined && one.answered > 0 && one.failed === 0;
};

export const canary: readonly Chapter[] = [
  {
    ...beginning,
    play: (stage) => {
      waitForBusyMachine(stage.repository);
      return stage.push();
    },
  },
  {
    title: "A better version takes the traffic in steps: 10 %, 50 %, 100 %",
    opening: `Ada trains on twenty features. ${RATE} requests a second go to the endpoint meanwhile, and each step is judged by Azure Monitor's metrics of the new deployment and of the live one in the same minutes.`,
    load: RATE,
    play: (stage) => {
      stage.repository.change("azureml/job.yml", [[FIRST, BETTER]], "Train on twenty features");
      return stage.push();
    },
    expect: ({ release, summary }, expectations) => {
      expectations.that(release?.result === "succeeded", "The release should have succeeded.");
      expectations.that(
        summary.deployment?.traffic["model-2"] === 100 && (summary.deployment.traffic["model-1"] ?? 0) === 0,
        "Deployment model-2 should have all the traffic, and model-1 none.",
      );
      const judged = (summary.steps ?? []).filter(({ outcome }) => outcome !== undefined);
      expectations.same(
        judged.map(({ share, outcome }) => `${share} % ${outcome}`),
        ["10 % pass", "50 % pass", "100 % pass"],
        "judged steps",
      );
      for (const name of ["model-1", "model-2"])
        expectations.that(answeredAll(summary, name), `Deployment ${name} should have answered every request.`);
    },
  },
  {
    title: "A version that fails one request in four is taken back",
    opening:
      "Ada trains on all thirty features, and changes the scoring script. The one request before the traffic moves is answered well; of the requests after it one in four is not. The release SHOULD turn red here.",
    load: RATE,
    play: (stage) => {
      stage.repository.change("azureml/job.yml", [[BETTER, BEST]], "Train on all thirty features");
      const script: readonly (readonly [string, string])[] = [
        ["MODEL = None\n", "MODEL = None\nCALLS = 0\n"],
        ['    rows = json.loads(raw_data)["rows"]\n', SLIP],
      ];
      stage.repository.change("scoring/score.py", script, "Number the requests");
      return stage.push();
    },
    expect: ({ release, summary }, expectations) => {
      expectations.that(summary.model?.version === "3", "The model should have been registered as version 3.");
      expectations.that(release?.result === "failed", "The release should have failed.");
      const [step, ...others] = summary.steps ?? [];
      expectations.that(
        step?.share === 10 && step.outcome === "fail" && others.length === 0,
        "The first step should have been judged and failed, and no other one taken.",
      );
      expectations.that(
        summary.deployment?.traffic["model-2"] === 100 && (summary.deployment.traffic["model-3"] ?? 0) === 0,
        "Deployment model-2 should have all the traffic again, and model-3 none.",
      );
      expectations.that(answeredAll(summary, "model-2"), "Deployment model-2 should have answered every request.");
      expectations.that(
        (summary.load?.deployments["model-3"]?.failed ?? 0) > 0,
        "Some requests should have failed on model-3 before it was taken back.",
      );
    },
  },
];
