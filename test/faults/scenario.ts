// A scenario of a schedule: a task with its inputs, the state before it, and what must hold afterwards.
import type { ConnectionName } from "../../local/connections.ts";
import type { TaskName } from "../harness/bench.ts";
import type { Place } from "./place.ts";
import type { Ran } from "./run-task.ts";

/** `arm write` -> how many such requests an undisturbed run sends, about: where faults are put. */
type RequestCounts = Readonly<Record<string, number>>;

export interface Scenario {
  /** What is special about it, for reports: `RegisterData, new name`. Seeds refer to it: it stays. */
  readonly name: string;
  readonly task: TaskName;
  readonly inputs: Readonly<Record<string, string>>;
  /** Files of the repository beside and over those of the test project. */
  readonly files?: Readonly<Record<string, string>>;
  /** How it signs in; by a client secret where absent. */
  readonly connection?: ConnectionName;
  /** What an undisturbed run comes to; `Succeeded` where absent. */
  readonly ends?: "Succeeded" | "Failed";
  readonly requests: RequestCounts;
  readonly prepare?: (place: Place) => Promise<void>;
  /** The second of two at once, where it differs. Absent: nobody runs it twice at once. */
  readonly atOnce?: {
    readonly inputs?: Readonly<Record<string, string>>;
    readonly files?: Readonly<Record<string, string>>;
  };
  /** Right after an attempt that ran alone: is what it said true? */
  readonly afterAttempt?: (place: Place, ran: Ran, expect: Expect) => Promise<void> | void;
  /** Right after two ran at once, before either is run again. */
  readonly afterTogether?: (place: Place, runs: readonly Ran[], expect: Expect) => Promise<void> | void;
  /** After the last attempt, which met no fault. */
  readonly check: (place: Place, story: Story) => Promise<void> | void;
}

/** Notes a violation where something does not hold. */
export type Expect = (holds: boolean, violation: string) => void;

export interface Story {
  /** All attempts in the order in which they began. */
  readonly runs: readonly Ran[];
  /** The last one, without faults. */
  readonly last: Ran;
  /** Two ran at once, and the second was the other one of `atOnce`. */
  readonly twoAtOnce: boolean;
  readonly expect: Expect;
}

/** Two texts, or their JSON, in a sentence. */
export function differs(what: string, is: unknown, expected: unknown): [boolean, string] {
  const [one, other] = [JSON.stringify(is), JSON.stringify(expected)];
  return [one === other, `${what} is ${one} and should be ${other}.`];
}
