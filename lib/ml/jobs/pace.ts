// The pace of a wait for a job: when to read its log, and when to ask for its state as well. A log is read at once while lines come; in silence the
// requests are few, and a line is shown within six seconds all the same, because most looks then read the log alone.
// Tests: test/lib/ml/jobs/pace.test.ts

/** Milliseconds between two looks: after news, and at most while the last news is not long ago. A line is shown within two seconds. */
const QUICKEST = 1_000;
const LIVELY = 1_500;
/** Milliseconds of pauses without news after which a job counts as silent; requests take their time too, so that it is thirty seconds in all. */
const SILENCE = 25_000;
/** Milliseconds between two looks at a silent job: with a read of its log in each, a request each five seconds leaves room for its state. */
const QUIET = 5_850;
/** Milliseconds for each request that a silent job costs on average. */
const FOR_EACH_REQUEST = 5_000;
/** Milliseconds after which the state of a silent job is asked for, however many requests that takes. */
const LONGEST_UNASKED = 6 * QUIET;
/** A listing of many steps is long, and is asked for less often: milliseconds for each of them, and at most. */
const FOR_EACH_STEP = 10;
const SLOWEST_LISTING = 10_000;

/** The result of a look. */
export interface Looked {
  /** Whether lines came, or a state changed. */
  readonly news: boolean;
  /** Whether it asked for the state, and not for the log alone. */
  readonly state: boolean;
  /** Logs that can be read alone, without a look at the state before: one request each. */
  readonly logs: number;
  /** Of a pipeline; absent for other jobs. */
  readonly steps?: number | undefined;
}

/** Counts pauses, and the clock where more has passed by that: an agent may have slept. */
export class Pace {
  #pause = QUICKEST;
  readonly #sinceNews = new Passed();
  readonly #sinceState = new Passed();
  #interval = 0;

  /** Whether the next look asks for the state. @param now milliseconds */
  asksState(now: number): boolean {
    return this.#sinceState.until(now) >= this.#interval;
  }

  /** Lets the next look ask for the state, where the log could not be read alone. */
  askState(): void {
    this.#interval = 0;
  }

  /** Milliseconds until the next look. @param now milliseconds */
  next({ news, state, logs, steps }: Looked, now: number): number {
    if (news) this.#sinceNews.begin(now);
    if (state) this.#sinceState.begin(now);
    const isSilent = this.#sinceNews.until(now) >= SILENCE;
    this.#pause = news ? QUICKEST : isSilent ? QUIET : Math.min(this.#pause * 1.3, LIVELY);
    if (state || news) this.#interval = isSilent ? silentInterval(logs, steps) : liveInterval(steps);
    // A look that could read nothing would be none.
    const pause = logs === 0 ? Math.max(this.#pause, this.#interval - this.#sinceState.until(now)) : this.#pause;
    this.#sinceNews.add(pause);
    this.#sinceState.add(pause);
    return pause;
  }
}

/** The time since an event: by its pauses, or by the clock where that says more. Milliseconds. */
class Passed {
  #pauses = 0;
  #at: number | undefined;

  begin(now: number): void {
    this.#pauses = 0;
    this.#at = now;
  }

  add(pause: number): void {
    this.#pauses += pause;
  }

  until(now: number): number {
    return Math.max(this.#pauses, now - (this.#at ?? now));
  }
}

const liveInterval = (steps: number | undefined): number =>
  steps === undefined ? 0 : Math.min(QUICKEST + steps * FOR_EACH_STEP, SLOWEST_LISTING);

/** So long that the reads of the log and the requests for the state together are no more than one each five seconds. */
function silentInterval(logs: number, steps: number | undefined): number {
  // The details; of a pipeline also the listing, and the details of the step that is shown.
  const requests = steps === undefined ? 1 : 2 + logs;
  const left = 1 - (logs * FOR_EACH_REQUEST) / QUIET;
  return left <= 0 ? LONGEST_UNASKED : Math.min((requests * FOR_EACH_REQUEST) / left, LONGEST_UNASKED);
}
