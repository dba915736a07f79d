// The state of the target when a promotion fails half-way: the error says it, and that the next run continues from there.
// Tests: test/lib/ml/promote/standing.test.ts
import { TaskError } from "../../errors.ts";
import { capital } from "../../sentence.ts";

export class Standing {
  readonly #where: string;
  #is: string | undefined;

  /** @param where "the registry models-prod" */
  constructor(where: string) {
    this.#where = where;
  }

  /** @param what is there from now on, as the end of "In the registry models-prod …" */
  is(what: string): void {
    this.#is = what;
  }

  /** Whether nothing was changed so far. */
  get isUntouched(): boolean {
    return this.#is === undefined;
  }

  /** Runs the work; an error of its own says what is there by then. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.#is === undefined || !(error instanceof TaskError) || error.kind === "canceled") throw error;
      const { kind, message, errorCode, hint, requestId, status, code } = error;
      throw new TaskError(kind, `${message} ${capital(`in ${this.#where} ${this.#is}`)}.`, {
        ...(errorCode === undefined ? {} : { errorCode }),
        hint: `${hint === undefined ? "" : `${hint} `}A second run continues from there, and makes no second version.`,
        ...(requestId === undefined ? {} : { requestId }),
        ...(status === undefined ? {} : { status }),
        ...(code === undefined ? {} : { code }),
        cause: error,
      });
    }
  }
}
