// Reads that contradict each other: one says that a resource is not there, another says what it holds. Both are repeated.
// Tests: test/lib/azure/waiting.test.ts
import { TaskError } from "../../errors.ts";
import { systemClock } from "../../poll.ts";

/** The number of reads; the pauses between them are 1, 2 and 4 seconds. */
const MOST = 4;

/**
 * Reads until `isContradicted` finds no contradiction.
 * @param what is read: "the endpoint fraud"
 * @param isContradicted why what was read cannot be so; undefined where nothing speaks against it
 * @throws TaskError kind `service` where the contradiction stays; the caller must change nothing then
 */
export async function agreed<T>(
  what: string,
  signal: AbortSignal,
  read: () => Promise<T>,
  isContradicted: (seen: T) => Promise<string | undefined>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const seen = await read();
    const why = await isContradicted(seen);
    if (why === undefined) return seen;
    if (tries === MOST) {
      throw new TaskError(
        "service",
        `Azure's answers about ${what} contradict each other: ${why}. Nothing was changed.`,
        { errorCode: "AML1109", hint: "Look at it in the studio, and run again." },
      );
    }
    await systemClock.sleep(500 * 2 ** tries, signal);
  }
}
