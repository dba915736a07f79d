// Place that shows a report on a pull request: Azure Repos or GitHub.
// Tests: test/lib/evidence/pull-request/azure-repos.test.ts
import type { Page } from "./page.ts";
import type { Wish } from "./wish.ts";

/** The report of a run, the same for all that is written about it. */
export interface Report {
  readonly wish: Wish;
  /** Tells the pipeline's thread from others. */
  readonly key: string;
  /** Name of the status, whose genre is `azureml`. */
  readonly statusName: string;
  readonly runId: number;
  readonly runUri: string;
}

export interface PullRequestPlace {
  /** `pull request 7` */
  readonly title: string;
  /** @returns a sentence where nothing was written, and why @throws TaskError with the status of a refusal */
  comment(page: Page): Promise<string | undefined>;
  status(page: Page): Promise<string | undefined>;
}
