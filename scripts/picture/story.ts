// The demo's stories, told for the pictures: on a local cloud with the names of an organization that could be anybody's.
import { readFileSync } from "node:fs";
import path from "node:path";
import type { RunOutcome } from "../../local/pipeline/index.ts";
import { canary } from "../demo/canary.ts";
import { drift } from "../demo/drift.ts";
import { review } from "../demo/review.ts";
import { MODEL, openStage, type Stage } from "../demo/stage.ts";
import { chapters, tell } from "../demo/story.ts";
import type { ChapterSummary } from "../demo/summary.ts";

const root = path.resolve(import.meta.dirname, "../..");

/**
 * The stories by their names. `terminal`: the options of `npm run demo` that tells it, where there is a picture of that in a terminal; null
 * where all of its pictures are of pages.
 */
export const STORIES = {
  plain: { chapters, form: "yaml", terminal: "" },
  canary: { chapters: canary, form: "canary", terminal: " -- --canary" },
  review: { chapters: review, form: "yaml", terminal: null },
  drift: { chapters: drift, form: "drift", terminal: null },
} as const;
export type StoryName = keyof typeof STORIES;

/** Minutes of the clouds in one of this machine: half as many as in the demo, so that a machine with other work answers in time, too. */
const SPEED = 15;

/** Ids of the local cloud that pictures show. Nobody has them. */
const NAMES = {
  tenantId: "9d4c1b7e-52f0-4d3a-8f61-c07a2e95b314",
  subscriptionId: "3f8a6c25-1d94-4be7-a0c3-6e5b29f7d418",
};

/** A story that was told, while its clouds still stand. */
export interface Told {
  readonly stage: Stage;
  readonly summaries: readonly ChapterSummary[];
  readonly openings: readonly string[];
  /** The last run of a pipeline in a chapter, which counts from 1. @throws Error where it did not run */
  run(chapter: number, pipeline: string): RunOutcome;
}

/** Tells a story and shows what came of it. @throws Error where a chapter did not end as it should */
export async function told(name: StoryName, show: (told: Told) => Promise<void>): Promise<void> {
  const { chapters: story, form } = STORIES[name];
  const lines: string[] = [];
  const stage = await openStage({
    example: path.join(root, "examples/breast-cancer"),
    model: MODEL,
    form,
    cloud: { names: NAMES, posesAs: "AzureCloud" },
    ...(form === "yaml" ? {} : { speed: SPEED }),
    log: (line) => void lines.push(line),
  });
  try {
    stage.cloud.devops.extensions.install(
      JSON.parse(readFileSync(path.join(root, "vss-extension.json"), "utf8")),
      root,
    );
    const summaries: ChapterSummary[] = [];
    const runs: (readonly RunOutcome[])[] = [];
    for (const [index, chapter] of story.entries()) {
      console.log(`${name}, chapter ${index + 1}: ${chapter.title}`);
      const { summary, broken, outcomes } = await tell(chapter, stage, summaries);
      if (broken.length > 0) {
        const errors = lines.filter((line) => line.includes("##[error]")).slice(-10);
        throw new Error(`Chapter ${index + 1} of ${name}: ${broken.join(" ")}\n${errors.join("\n")}`);
      }
      lines.length = 0;
      summaries.push(summary);
      runs.push(outcomes);
    }
    const run = (chapter: number, pipeline: string) => {
      const found = runs[chapter - 1]?.findLast((one) => one.pipeline === pipeline);
      if (found === undefined) throw new Error(`${pipeline} did not run in chapter ${chapter} of ${name}.`);
      return found;
    };
    await show({ stage, summaries, openings: story.map(({ opening }) => opening), run });
  } finally {
    await stage.close();
  }
}
