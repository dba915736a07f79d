// What a conformance run tells: each flow as it ends, the failures at the end, and the count.

/** How one flow ended. */
export interface FlowResult {
  readonly suite: string;
  readonly title: string;
  readonly ok: boolean;
  readonly milliseconds: number;
  readonly error?: string;
  /** What the client printed; kept for failures. */
  readonly output?: string;
}

export class Report {
  readonly results: FlowResult[] = [];

  add(result: FlowResult): void {
    this.results.push(result);
    console.log(`${result.ok ? "✓" : "✗"} ${result.suite}: ${result.title} (${result.milliseconds} ms)`);
  }

  get failures(): FlowResult[] {
    return this.results.filter((result) => !result.ok);
  }

  /** Prints the failures and, last, how many flows passed and failed. */
  end(seconds: number): void {
    for (const { suite, title, error, output } of this.failures) {
      console.log(`\n✗ ${suite}: ${title}\n${indent(error ?? "")}`);
      if (output !== undefined && output.trim() !== "") console.log(`  it printed:\n${indent(output)}`);
    }
    const failed = this.failures.length;
    console.log(`\n${seconds.toFixed(0)} s\n${this.results.length - failed} passed, ${failed} failed`);
  }
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, "    ");
}
