// What came out of each chapter, in the form that `summary.json` has.

export interface ChapterSummary {
  readonly title: string;
  ok: boolean;
  data?: { name: string; version: string; created: boolean };
  job?: { name: string; status: string; metrics: Record<string, number> };
  gate?: { passed: boolean; champion: string | null; rules: { rule: string; passed: boolean; detail: string }[] };
  model?: { name: string; version: string };
  deployment?: { endpoint: string; name: string; traffic: Record<string, number> };
  reply?: unknown;
}

/** An expectation of the story that did not come true, as a sentence; a chapter is ok when it has none. */
export class Expectations {
  readonly broken: string[] = [];
  that(holds: boolean, otherwise: string): void {
    if (!holds) this.broken.push(otherwise);
  }
}
