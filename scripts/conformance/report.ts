// Report of a conformance run: each flow as it ends, the failures at the end, and the count.

/** The result of one flow. */
export interface FlowResult {
  readonly suite: string;
  readonly title: string;
  readonly ok: boolean;
  readonly milliseconds: number;
  readonly error?: string;
  /** The client's output; kept for failures. */
  readonly output?: string;
}

export class Report {
  #results: FlowResult[] = [];
  /** Flows that failed and then passed. */
  readonly #second: FlowResult[] = [];

  get results(): readonly FlowResult[] {
    return this.#results;
  }

  add(result: FlowResult): void {
    this.#results.push(result);
    console.log(`${result.ok ? "✓" : "✗"} ${result.suite}: ${result.title} (${result.milliseconds} ms)`);
  }

  get failures(): readonly FlowResult[] {
    return this.#results.filter((result) => !result.ok);
  }

  /**
   * Has a suite run once more where one of its flows failed. The second attempt counts, and what failed at the first is
   * told in either case; a flow that the second did not come to has failed.
   */
  async secondAttempt(suite: string, run: () => Promise<void>): Promise<void> {
    const first = this.#results.filter((result) => result.suite === suite);
    const failed = first.filter((result) => !result.ok);
    if (failed.length === 0) return;
    console.log(`\n↻ ${suite}: ${failed.length} of ${first.length} flows failed; the suite is run once more, alone`);
    for (const one of failed) tell(one);
    this.#results = this.#results.filter((result) => result.suite !== suite);
    await run();
    const now = new Map(this.#results.filter((one) => one.suite === suite).map((one) => [one.title, one]));
    // "runs to its end" is told of a suite that does not.
    for (const one of first)
      if (!now.has(one.title) && one.title !== "runs to its end") this.add({ ...one, ok: false });
    this.#second.push(...failed.filter((one) => now.get(one.title)?.ok === true));
  }

  /** Prints the failures and, last, how many flows passed and failed. */
  end(seconds: number): void {
    for (const one of this.failures) tell(one);
    for (const { suite, title } of this.#second) console.log(`\n! ${suite}: ${title}: passed at the second attempt`);
    const failed = this.failures.length;
    console.log(`\n${seconds.toFixed(0)} s\n${this.#results.length - failed} passed, ${failed} failed`);
  }
}

function tell({ suite, title, error, output }: FlowResult): void {
  console.log(`\n✗ ${suite}: ${title}\n${indent(error ?? "")}`);
  if (output !== undefined && output.trim() !== "") console.log(`  it printed:\n${indent(output)}`);
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, "    ");
}
