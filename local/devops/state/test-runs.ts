// Test runs and their results: where the rules of a gate show up as tests.

export interface TestResult {
  readonly id: number;
  /** Everything the client sent, with its names kept. */
  values: Record<string, unknown>;
}

export interface TestAttachment {
  readonly id: number;
  readonly fileName: string;
  readonly comment: string;
  readonly attachmentType: string;
  readonly content: Buffer;
  readonly createdDate: number;
  /** The result that it is attached to; absent: the run itself. */
  readonly resultId?: number | undefined;
}

/** A run of tests. State is `Unspecified`, `NotStarted`, `InProgress`, `Completed`, `Waiting`, `Aborted` or `NeedsInvestigation`. */
export interface TestRun {
  readonly id: number;
  name: string;
  state: string;
  isAutomated: boolean;
  readonly buildId?: number | undefined;
  readonly createdDate: number;
  startedDate: number;
  completedDate?: number | undefined;
  changedAt: number;
  comment?: string | undefined;
  errorMessage?: string | undefined;
  readonly results: TestResult[];
  readonly attachments: TestAttachment[];
}

/** All test runs of the project. */
export class TestRuns {
  readonly all: TestRun[] = [];
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  create(name: string, options: { buildId?: number | undefined; isAutomated?: boolean; state?: string } = {}): TestRun {
    const now = this.now();
    const run: TestRun = {
      id: this.all.length + 1,
      name,
      state: options.state ?? "InProgress",
      isAutomated: options.isAutomated ?? true,
      buildId: options.buildId,
      createdDate: now,
      startedDate: now,
      changedAt: now,
      results: [],
      attachments: [],
    };
    this.all.push(run);
    return run;
  }

  get(id: number): TestRun | undefined {
    return this.all.find((each) => each.id === id);
  }

  ofBuild(buildId: number): TestRun[] {
    return this.all.filter((each) => each.buildId === buildId);
  }

  /** Result ids count from 100000 within a run, as the service's do. */
  addResults(run: TestRun, results: readonly Record<string, unknown>[]): TestResult[] {
    const added = results.map((values, index) => ({ id: 100_000 + run.results.length + index, values: { ...values } }));
    run.results.push(...added);
    run.changedAt = this.now();
    return added;
  }

  attach(
    run: TestRun,
    file: { fileName: string; comment?: string; attachmentType?: string; content: Buffer; resultId?: number },
  ): TestAttachment {
    const attachment: TestAttachment = {
      id: run.attachments.length + 1,
      fileName: file.fileName,
      comment: file.comment ?? "",
      attachmentType: file.attachmentType ?? "GeneralAttachment",
      content: file.content,
      createdDate: this.now(),
      resultId: file.resultId,
    };
    run.attachments.push(attachment);
    return attachment;
  }

  complete(run: TestRun, state = "Completed"): void {
    run.state = state;
    run.completedDate = this.now();
    run.changedAt = run.completedDate;
  }
}
