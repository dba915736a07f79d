// The page of CheckSetup: its checks run at the same time, each after those that it needs, and each gives one line.
import { TaskError } from "../../errors.ts";

/**
 * - `passed`: asked, and as it should be
 * - `failed`: asked, and a pipeline would fail by it
 * - `warned`: could not be asked, or is lacking where that may or may not matter
 * - `notAsked`: something that it needs has failed, or was not asked itself
 * - `notNeeded`: not as it could be, and nothing that was named needs it
 */
export type CheckOutcome = "passed" | "failed" | "warned" | "notAsked" | "notNeeded";

export interface CheckLine {
  /** The same in every run: `token`, `role RegisterModel`, `compute cpu-cluster`. */
  readonly id: string;
  readonly outcome: CheckOutcome;
  readonly asked: string;
  readonly answered: string;
  readonly remedy?: string;
}

/** The result of a check. Checks that depend on it go on where there is a `value`. */
export interface CheckAnswer<T> {
  readonly answered: string;
  /** `passed` where absent. */
  readonly outcome?: CheckOutcome;
  readonly remedy?: string;
  readonly value?: T;
}

/** A check under way; others may need it. */
export interface Check<T> {
  readonly id: string;
  readonly done: Promise<{ readonly line: CheckLine; readonly value: T | undefined }>;
}

export interface CheckRequest<Needs extends readonly Check<unknown>[]> {
  readonly id: string;
  readonly asked: string;
  readonly after?: Needs;
}

type Values<Needs extends readonly Check<unknown>[]> = {
  [Index in keyof Needs]: Needs[Index] extends Check<infer T> ? T : never;
};

export class Page {
  readonly #checks: Check<unknown>[] = [];
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Begins a check, whose line stands after those of the checks that were begun before. */
  check<T, const Needs extends readonly Check<unknown>[] = []>(
    request: CheckRequest<Needs>,
    ask: (...values: Values<Needs>) => Promise<CheckAnswer<T>>,
  ): Check<T> {
    const check: Check<T> = { id: request.id, done: this.#run(request, ask) };
    // The failure is reported to the caller that waits for the lines; until then it is no unhandled rejection.
    check.done.catch(() => {});
    this.#checks.push(check);
    return check;
  }

  /** All lines, in the order in which their checks were begun. */
  async lines(): Promise<CheckLine[]> {
    return Promise.all(this.#checks.map(async ({ done }) => (await done).line));
  }

  async #run<T, Needs extends readonly Check<unknown>[]>(
    { id, asked, after }: CheckRequest<Needs>,
    ask: (...values: Values<Needs>) => Promise<CheckAnswer<T>>,
  ): Promise<{ line: CheckLine; value: T | undefined }> {
    const needed = await Promise.all((after ?? []).map(async ({ done }) => done));
    const lacking = needed.find(({ value }) => value === undefined)?.line;
    if (lacking !== undefined) {
      const answered = lacking.outcome === "notAsked" ? lacking.answered : `Not asked, because ${whyNot(lacking)}.`;
      return { line: { id, asked, outcome: "notAsked", answered }, value: undefined };
    }
    try {
      const { value, remedy, ...answer } = await ask(...(needed.map(({ value: one }) => one) as Values<Needs>));
      const line = { id, asked, outcome: "passed" as const, ...answer, ...(remedy === undefined ? {} : { remedy }) };
      return { line, value };
    } catch (error) {
      if (this.#signal.aborted) throw error;
      if (!(error instanceof TaskError)) throw error;
      return { line: { id, asked, ...refusalOf(error) }, value: undefined };
    }
  }
}

const WORDS: Partial<Record<CheckOutcome, string>> = { failed: "failed", warned: "could not be asked" };
const whyNot = ({ id, outcome }: CheckLine) => `the check "${id}" ${WORDS[outcome] ?? "did not come to an answer"}`;

/** A service that was out of order says nothing of the setup. */
function refusalOf(error: TaskError): Pick<CheckLine, "outcome" | "answered" | "remedy"> {
  const requestId = error.requestId === undefined ? "" : ` (request id ${error.requestId})`;
  return {
    outcome: error.kind === "service" || error.kind === "timeout" ? "warned" : "failed",
    answered: `${error.message}${requestId}`,
    ...(error.hint === undefined ? {} : { remedy: error.hint }),
  };
}
