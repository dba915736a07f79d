// The cloud's clock: the machine's own, until a scenario makes it run faster or leap. What the cloud waits for, it waits
// for by this clock; what real processes and clients do takes the machine's time.

/** Node's timers take no more than this many milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

interface Waiting {
  /** On the scale of `#elapsed`. */
  readonly due: number;
  readonly work: () => void;
  readonly keepsAlive: boolean;
  timer: NodeJS.Timeout | undefined;
}

export class CloudClock {
  #speed = 1;
  /** Two simultaneous readings, of the cloud's and of the machine's clock. */
  #cloudThen: number;
  #machineThen: number;
  /** The same for what has passed, by a clock that nobody sets. */
  #elapsedThen = 0;
  #steadyThen = performance.now();
  readonly #waiting = new Set<Waiting>();
  #stopped = false;

  /** @param start the moment at which the cloud begins, in milliseconds since the epoch; absent: now */
  constructor(start?: number) {
    this.#machineThen = this.machineNow();
    this.#cloudThen = start ?? this.#machineThen;
  }

  /** Milliseconds since the epoch, as the cloud has it. */
  now(): number {
    return Math.floor(this.#cloudThen + (this.machineNow() - this.#machineThen) * this.#speed);
  }

  /** Milliseconds since the epoch, as clients have it. */
  machineNow(): number {
    return Date.now();
  }

  /** How many milliseconds of the cloud pass in one of the machine. */
  get speed(): number {
    return this.#speed;
  }

  set speed(speed: number) {
    if (!(speed > 0 && Number.isFinite(speed))) throw new RangeError(`A clock cannot run at the speed ${speed}.`);
    this.#anchor();
    this.#speed = speed;
    this.#rearm();
  }

  /** Lets `milliseconds` of the cloud pass at once: whatever is due by then happens now. */
  leap(milliseconds: number): void {
    if (!(milliseconds >= 0)) throw new RangeError("A clock does not go back.");
    this.#anchor();
    this.#cloudThen += milliseconds;
    this.#elapsedThen += milliseconds;
    this.#rearm();
  }

  /** Shuts down: sleepers wake up, now and later, and pending work is cancelled. */
  stop(): void {
    this.#stopped = true;
    for (const waiting of [...this.#waiting]) {
      this.#forget(waiting);
      if (waiting.keepsAlive) waiting.work();
    }
  }

  /** How many of the machine's milliseconds `milliseconds` of the cloud take: what a client is told to wait. */
  onMachine(milliseconds: number): number {
    return milliseconds / this.#speed;
  }

  /** How many milliseconds of the cloud pass in that many of the machine. */
  onCloud(milliseconds: number): number {
    return milliseconds * this.#speed;
  }

  /** Resolves after `milliseconds` of the cloud, or as soon as the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted || this.#stopped) return resolve();
      const waiting = this.#wait(
        milliseconds,
        () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
        true,
      );
      const stop = () => {
        this.#forget(waiting);
        resolve();
      };
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  /** Does `work` after `milliseconds` of the cloud, if the process still runs then. @returns what calls it off */
  after(milliseconds: number, work: () => void): () => void {
    const waiting = this.#wait(milliseconds, work, false);
    return () => this.#forget(waiting);
  }

  #wait(milliseconds: number, work: () => void, keepsAlive: boolean): Waiting {
    const waiting: Waiting = { due: this.#elapsed() + milliseconds, work, keepsAlive, timer: undefined };
    if (this.#stopped) return waiting;
    this.#waiting.add(waiting);
    this.#arm(waiting);
    return waiting;
  }

  #forget(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
  }

  #elapsed(): number {
    return this.#elapsedThen + (performance.now() - this.#steadyThen) * this.#speed;
  }

  #anchor(): void {
    this.#cloudThen = this.now();
    this.#machineThen = this.machineNow();
    this.#elapsedThen = this.#elapsed();
    this.#steadyThen = performance.now();
  }

  #rearm(): void {
    for (const waiting of this.#waiting) {
      clearTimeout(waiting.timer);
      this.#arm(waiting);
    }
  }

  #arm(waiting: Waiting): void {
    const left = Math.max(0, waiting.due - this.#elapsed()) / this.#speed;
    waiting.timer = setTimeout(
      () => {
        // A timer may be a moment early, or was too long for Node.
        if (this.#elapsed() < waiting.due) return this.#arm(waiting);
        this.#waiting.delete(waiting);
        waiting.work();
      },
      Math.min(left, LONGEST_TIMER),
    );
    if (!waiting.keepsAlive) waiting.timer.unref();
  }
}
