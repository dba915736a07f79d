// The demo's four chapters: the data scientist's commits, and what each must lead to.
import type { GateSection, RunRecord } from "../../lib/record/index.ts";
import type { RunOutcome } from "../../local/pipeline/index.ts";
import { RELEASE, recordsOf, type Stage, TRAINING, WATCH } from "./stage.ts";
import { type ChapterSummary, Expectations } from "./summary.ts";

export interface Chapter {
  readonly title: string;
  /** The chapter's introduction, printed before it runs. */
  readonly opening: string;
  /** Requests a second that go to the endpoint while it is played. */
  readonly load?: number;
  /** Times that each value of these requests is as large as in the training data; 1 where absent. */
  readonly loadFactor?: number;
  readonly play: (stage: Stage) => Promise<RunOutcome[]>;
  readonly expect: (told: Told, expectations: Expectations) => void;
}

/** Results of a chapter's runs. */
interface Told {
  readonly training: RunOutcome | undefined;
  readonly release: RunOutcome | undefined;
  /** All of the chapter, in the order in which they were started. */
  readonly trainings: readonly RunOutcome[];
  readonly releases: readonly RunOutcome[];
  /** Looks at monitors. */
  readonly watches: readonly RunOutcome[];
  /** All releases that were started, by anybody. */
  readonly everReleased: number;
  readonly summary: ChapterSummary;
  /** Blobs uploaded during the chapter. */
  readonly uploads: number;
  readonly previous: readonly ChapterSummary[];
}

export const inputs = (features: number, epochs: number) => `  features: ${features}\n  epochs: ${epochs}\n`;

export const chapters: readonly Chapter[] = [
  {
    title: "The first commit is trained, judged, registered and released",
    opening:
      "Ada commits her project. Nothing is live yet, so there is no champion to beat. The registered model is an event, which the relay turns into a release.",
    play: (stage) => stage.push(),
    expect: ({ training, release, summary, uploads }, expectations) => {
      expectations.that(training?.result === "succeeded", "The training pipeline should have succeeded.");
      expectations.that(release?.result === "succeeded", "The release should have started and succeeded.");
      expectations.that(summary.data?.created === true, "The data should have been registered as a new version.");
      expectations.that(uploads > 0, "The data and the code should have been uploaded.");
      expectations.that(summary.model?.version === "1", "The model should have been registered as version 1.");
      expectations.that(
        summary.deployment?.traffic["model-1"] === 100,
        "Deployment model-1 should have all the traffic.",
      );
      expectations.that(summary.reply !== undefined, "The endpoint should have replied.");
    },
  },
  {
    title: "The same commit again: nothing new, nothing twice",
    opening: "Somebody runs the pipeline once more for the same commit.",
    play: (stage) => stage.again(),
    expect: ({ training, release, summary, uploads, previous }, expectations) => {
      expectations.that(training?.result === "succeeded", "The training pipeline should have succeeded.");
      expectations.that(summary.data?.created === false, "The data's version should have been found, not made.");
      expectations.that(summary.data?.version === previous[0]?.data?.version, "The data's version should be the same.");
      expectations.that(uploads === 0, `Nothing should have been uploaded again, and ${uploads} blobs were.`);
      expectations.that(summary.gate?.passed === false, "The gate should have found nothing better to release.");
      expectations.that(summary.model === undefined, "No model should have been registered.");
      expectations.that(release === undefined, "No release should have started.");
    },
  },
  {
    title: "A commit that makes the model worse is stopped",
    opening: "Ada tries four features: it is faster. It is also worse, so the pipeline SHOULD turn red here.",
    play: (stage) => {
      stage.repository.change("azureml/job.yml", [[inputs(10, 60), inputs(4, 20)]], "Train on four features: faster");
      return stage.push();
    },
    expect: ({ training, release, summary, previous }, expectations) => {
      expectations.that(training?.result === "failed", "The training pipeline should have failed at its gate.");
      expectations.that(summary.job?.status === "Completed", "The training itself should have completed.");
      expectations.that(summary.gate?.passed === false, "The gate should have failed.");
      const failed = summary.gate?.rules.find(({ passed }) => !passed);
      const champion = previous[0]?.model?.name ?? "a champion";
      const value = String(previous[0]?.job?.metrics["auc"]);
      expectations.that(
        failed !== undefined && ["auc", value, champion].every((word) => failed.detail.includes(word)),
        `The gate's sentence should name metric, value, threshold and champion: ${failed?.detail ?? "there is none"}`,
      );
      expectations.that(summary.model === undefined, "No model should have been registered.");
      expectations.that(release === undefined, "No release should have started.");
    },
  },
  {
    title: "A commit that makes the model better goes live beside the old one, then takes the traffic",
    opening: "Ada trains on all thirty features, for longer.",
    play: (stage) => {
      stage.repository.change("azureml/job.yml", [[inputs(4, 20), inputs(30, 150)]], "Train on all thirty features");
      return stage.push();
    },
    expect: ({ training, release, summary }, expectations) => {
      expectations.that(training?.result === "succeeded", "The training pipeline should have succeeded.");
      expectations.that(release?.result === "succeeded", "The release should have started and succeeded.");
      expectations.that(summary.gate?.passed === true, "The gate should have passed.");
      expectations.that(summary.model?.version === "2", "The model should have been registered as version 2.");
      expectations.that(
        summary.deployment?.traffic["model-2"] === 100 && (summary.deployment.traffic["model-1"] ?? 0) === 0,
        "Deployment model-2 should have all the traffic, and model-1 none.",
      );
      const features = (summary.reply as { features?: number } | undefined)?.features;
      expectations.that(features === 30, "The reply should come from the new model.");
    },
  },
];

/** Runs a chapter and compares the result with the expected one. */
export async function tell(
  chapter: Chapter,
  stage: Stage,
  previous: readonly ChapterSummary[],
): Promise<{ summary: ChapterSummary; broken: readonly string[]; outcomes: readonly RunOutcome[] }> {
  const before = stage.uploads();
  const load = chapter.load === undefined ? undefined : stage.load(chapter.load, chapter.loadFactor);
  const notes = stage.pullRequests.notes().length;
  const items = stage.workItems.length;
  const outcomes = await chapter.play(stage);
  const calls = await load?.stop();
  const records = outcomes.flatMap(recordsOf);
  const summary = summarize(chapter.title, records);
  if (calls !== undefined) summary.load = calls;
  const trainings = outcomes.filter(({ pipeline }) => pipeline === TRAINING);
  const releases = outcomes.filter(({ pipeline }) => pipeline === RELEASE);
  summary.registered = trainings
    .flatMap(recordsOf)
    .flatMap(({ model }) => (model === undefined ? [] : `${model.name}:${model.version}`));
  summary.released = releases.map((run) => `${deployedModel(run)} ${run.result}`);
  const known = previous.reduce((count, { deadLetters = [] }) => count + deadLetters.length, 0);
  summary.deadLetters = (await stage.deadLetters()).slice(known).map(({ subject }) => subject.replace("models/", ""));
  summary.notes = stage.pullRequests.notes().slice(notes);
  summary.filed = stage.workItems.slice(items).map(({ fields }) => String(fields["System.Title"]));
  const expectations = new Expectations();
  const told: Told = {
    training: trainings[0],
    release: releases[0],
    trainings,
    releases,
    watches: outcomes.filter(({ pipeline }) => pipeline === WATCH),
    everReleased: stage.everReleased(),
    summary,
    uploads: stage.uploads() - before,
    previous,
  };
  chapter.expect(told, expectations);
  summary.ok = expectations.broken.length === 0;
  return { summary, broken: expectations.broken, outcomes };
}

/** `name:version` of the model that a release deployed. */
function deployedModel(run: RunOutcome): string {
  const id = recordsOf(run).find(({ deployment }) => deployment !== undefined)?.deployment?.model ?? "";
  const [, name, version] = /\/models\/([^/]+)\/versions\/([^/]+)$/.exec(id) ?? [];
  return name === undefined ? "nothing" : `${name}:${version}`;
}

/** Records of a chapter's runs, in the form of `summary.json`. */
function summarize(title: string, records: readonly RunRecord[]): ChapterSummary {
  const summary: ChapterSummary = { title, ok: false };
  const gates: GateSection[] = [];
  for (const { data, job, gate, model, deployment, invocation, watch } of records) {
    if (watch?.monitors) {
      const { monitors, started, decision = "" } = watch;
      const own = started.flatMap(({ version, before }) => (before ? [] : [version]));
      summary.watch = { breached: monitors.flatMap(({ breached }) => breached), decision };
      summary.retrained = [...(summary.retrained ?? []), ...own];
    }
    if (data) summary.data = { name: data.name, version: data.version, created: data.created === true };
    if (job) summary.job = { name: job.name, status: job.status, metrics: { ...job.metrics } };
    if (gate) gates.push(gate);
    if (model) summary.model = { name: model.name, version: model.version };
    if (deployment)
      summary.deployment = {
        endpoint: deployment.endpoint,
        name: deployment.name,
        traffic: { ...deployment.traffic },
      };
    if (deployment?.steps !== undefined) summary.steps = deployment.steps;
    if (invocation?.reply !== undefined) summary.reply = parsed(invocation.reply);
  }
  if (gates.length > 0) {
    summary.gate = {
      passed: gates.every(({ passed }) => passed),
      champion: gates.find(({ champion }) => champion !== undefined)?.champion ?? null,
      data: gates.find(({ sameData }) => sameData !== undefined)?.sameData?.why ?? null,
      rules: gates.flatMap(({ rules }) => rules.map(({ rule, passed, detail }) => ({ rule, passed, detail }))),
    };
    if (summary.job) Object.assign(summary.job.metrics, ...gates.map(({ metrics }) => metrics ?? {}));
  }
  return summary;
}

function parsed(reply: string): unknown {
  try {
    return JSON.parse(reply);
  } catch {
    return reply;
  }
}
