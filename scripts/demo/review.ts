// The story of a pull request: what a run finds about a proposed change stands in the request, before anybody merges it.
import { TRAINING } from "./stage.ts";
import { type Chapter, chapters, inputs } from "./story.ts";

const [beginning] = chapters;
if (beginning === undefined) throw new Error("The story has no first chapter.");

const END = "      description: Logistic regression that tells benign from malignant tumours\n";
const REPORT = `
  - task: AzureMLReport@1
    name: report
    displayName: Tell the pull request
    condition: always()
`;
const BETTER = "variables['better.passed'], 'true')";

/** A first model is live; the next change comes as a pull request, whose run registers nothing. */
export const review: readonly Chapter[] = [
  {
    ...beginning,
    play: (stage) => {
      const changes: readonly (readonly [string, string])[] = [
        [BETTER, `${BETTER}, ne(variables['Build.Reason'], 'PullRequest')`],
        [END, `${END}${REPORT}`],
        [
          "      champion: endpoint:breast-cancer\n",
          "      champion: endpoint:breast-cancer\n      pullRequest: status\n",
        ],
      ];
      stage.repository.change("azure-pipelines.yml", changes, "Tell the pull request");
      return stage.push();
    },
  },
  {
    title: "A pull request is told what its change does to the model",
    opening: "Ada proposes to train on all thirty features. The branch asks for the status of the run before a merge.",
    play: (stage) => {
      const proposal = stage.pullRequests.propose({
        title: "Train on all thirty features",
        description:
          "The first model sees ten of the thirty features of a sample. This one sees all of them, and trains for 150 epochs in place of 60.",
        branch: "thirty-features",
        change: () =>
          stage.repository.change(
            "azureml/job.yml",
            [[inputs(10, 60), inputs(30, 150)]],
            "Train on all thirty features",
          ),
      });
      return stage.validate(proposal);
    },
    expect: ({ training, releases, summary }, expectations) => {
      expectations.that(training?.result === "succeeded", "The run of the pull request should have succeeded.");
      expectations.that(summary.gate?.passed === true, "The gate should have passed.");
      expectations.that(summary.model === undefined, "The run of a pull request should have registered nothing.");
      expectations.that(releases.length === 0, "Nothing should have been released.");
      expectations.same(
        summary.notes?.map(({ text }) => /^### (.*)$/m.exec(text)?.[1] ?? text),
        [`✅ Azure ML: ${TRAINING} passed`],
        "the notes on the pull request",
      );
    },
  },
];
