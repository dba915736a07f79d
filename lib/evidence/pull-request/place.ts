// Place that shows a report on a pull request: Azure Repos or GitHub.
// Tests: test/lib/evidence/pull-request/azure-repos.test.ts
import type { StatusPage } from "./left-status.ts";
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

export interface Commented {
  readonly change: "created" | "updated" | "unchanged";
  /** A sentence where nothing was written, and why. */
  readonly said?: string;
}

export interface PullRequestPlace {
  readonly provider: "azureRepos" | "gitHub";
  /** Its number. */
  readonly id: number;
  readonly url: string;
  /** @throws TaskError with the status of a refusal */
  comment(page: Page): Promise<Commented>;
  /**
   * @param name of the status, without its genre; the report's own where absent
   * @returns a sentence where none was set, and why @throws TaskError with the status of a refusal
   */
  status(page: StatusPage, name?: string): Promise<string | undefined>;
}
