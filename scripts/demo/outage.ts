// The story of an outage: the relay is away while two versions are registered, and each still starts one release, in order.
import { type Chapter, chapters, inputs } from "./story.ts";

const FIRST = inputs(10, 60);
const BETTER = inputs(20, 100);
const BEST = inputs(30, 150);

const [beginning] = chapters;
if (beginning === undefined) throw new Error("The story has no first chapter.");

export const outage: readonly Chapter[] = [
  beginning,
  {
    title: "The relay is down while two better models are registered",
    opening:
      "Nothing listens at the relay's address. Ada commits twice; both models are better than what is live. Event Grid finds nobody, and gives both events up.",
    play: async (stage) => {
      await stage.relay.stop();
      stage.repository.change("azureml/job.yml", [[FIRST, BETTER]], "Train on twenty features");
      const first = await stage.push();
      stage.repository.change("azureml/job.yml", [[BETTER, BEST]], "Train on all thirty features");
      return [...first, ...(await stage.push())];
    },
    expect: ({ trainings, releases, summary }, expectations) => {
      expectations.that(
        trainings.length === 2 && trainings.every(({ result }) => result === "succeeded"),
        "Both training pipelines should have succeeded.",
      );
      expectations.same(summary.registered, ["breast-cancer:2", "breast-cancer:3"], "the registered versions");
      expectations.that(releases.length === 0, "No release should have started while the relay was away.");
      expectations.same(summary.deadLetters, ["breast-cancer:2", "breast-cancer:3"], "Event Grid's dead letters");
    },
  },
  {
    title: "The relay is back: each version starts exactly one release, in the order of registration",
    opening:
      "No event tells of the two versions any more. The relay looks into the workspace for what it has missed since its cursor.",
    play: async (stage) => {
      await stage.relay.start();
      return stage.settled();
    },
    expect: ({ summary, everReleased }, expectations) => {
      expectations.same(
        summary.released,
        ["breast-cancer:2 succeeded", "breast-cancer:3 succeeded"],
        "the releases of this chapter",
      );
      expectations.that(everReleased === 3, `There should be three releases in all, and there are ${everReleased}.`);
      expectations.that(
        summary.deployment?.traffic["model-3"] === 100,
        "Deployment model-3 should have all the traffic at the end.",
      );
      const features = (summary.reply as { features?: number } | undefined)?.features;
      expectations.that(features === 30, "The reply should come from the newest model.");
    },
  },
  {
    title: "Event Grid's dead letters, delivered once more, start nothing",
    opening: "Somebody finds the two events among the dead letters and delivers them by hand.",
    play: async (stage) => {
      for (const letter of await stage.deadLetters()) await stage.relay.deliver(letter);
      return stage.settled();
    },
    expect: ({ releases, everReleased }, expectations) => {
      expectations.that(releases.length === 0, "No release should have started again.");
      expectations.that(everReleased === 3, `There should be three releases in all, and there are ${everReleased}.`);
    },
  },
];
