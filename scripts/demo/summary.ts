// Results of each chapter, in the form of `summary.json`.
import type { RunRecord } from "../../lib/record/index.ts";
import type { LoadReport } from "./load.ts";
import type { Note } from "./pull-requests.ts";

export interface ChapterSummary {
  readonly title: string;
  ok: boolean;
  data?: { name: string; version: string; created: boolean };
  job?: { name: string; status: string; metrics: Record<string, number> };
  gate?: {
    passed: boolean;
    champion: string | null;
    /** Whether both were measured on the same data, as a sentence. */
    data: string | null;
    rules: { rule: string; passed: boolean; detail: string }[];
  };
  model?: { name: string; version: string };
  deployment?: { endpoint: string; name: string; traffic: Record<string, number> };
  reply?: unknown;
  /** Shares of a canary, and what was found about each. */
  steps?: NonNullable<RunRecord["deployment"]>["steps"];
  /** The outcomes of the requests that went to the endpoint meanwhile. */
  load?: LoadReport;
  /** The last look at the monitors: breached signals, and why a retraining was started, or why not. */
  watch?: { breached: string[]; decision: string };
  /** `monitor:job` of the breaches that a retraining was started for. */
  retrained?: string[];
  /** Titles of the work items that pipelines filed. */
  filed?: string[];
  /** New comments of pipelines on pull requests. */
  notes?: Note[];
  /** `name:version` of all that were registered, in order. */
  registered?: string[];
  /** `name:version result` of all releases, in the order in which they were started. */
  released?: string[];
  /** `name:version` of the events that Event Grid gave up in the chapter, in the order of publication. */
  deadLetters?: string[];
}

/** An expectation of the story that did not come true, as a sentence; a chapter is ok when it has none. */
export class Expectations {
  readonly broken: string[] = [];
  that(holds: boolean, otherwise: string): void {
    if (!holds) this.broken.push(otherwise);
  }
  /** The same texts in the same order. */
  same(found: readonly string[] | undefined, wanted: readonly string[], what: string): void {
    const [there, should] = [(found ?? []).join(", ") || "nothing", wanted.join(", ")];
    this.that(there === should, `Of ${what} there should be ${should}, and there is ${there}.`);
  }
}
