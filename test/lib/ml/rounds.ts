// Counts sequential round trips: answers are held back until nothing more is asked, and then all given at once, as one round.
import { setTimeout as pause } from "node:timers/promises";
import type { Opening } from "./world.ts";

/**
 * Turns of this process, of 20 ms or more, without a new request after which a round is over. Turns and not time: where a busy machine
 * stops the process, both stop. A slow machine can only make a round too many of one.
 */
const QUIET = 50;

export class Rounds {
  /** The requests of each round, as `GET /path`. */
  readonly rounds: string[][] = [];
  #held: (() => void)[] = [];
  #open: string[] = [];
  #waiting = 0;
  #quiet = 0;
  #isWatched = false;

  readonly between: NonNullable<Opening["between"]> = (request, send) =>
    this.hold(`${request.method} ${new URL(request.url).pathname}`, send);

  /** A request on another way than that of Azure's, in the same rounds. */
  async hold<T>(request: string, send: () => Promise<T>): Promise<T> {
    this.#open.push(request);
    this.#waiting += 1;
    this.#quiet = 0;
    void this.#watch();
    const answer = await send();
    this.#waiting -= 1;
    this.#quiet = 0;
    await new Promise<void>((resolve) => this.#held.push(resolve));
    return answer;
  }

  async #watch(): Promise<void> {
    if (this.#isWatched) return;
    this.#isWatched = true;
    for (this.#quiet = 0; this.#waiting > 0 || this.#quiet < QUIET; this.#quiet += 1) await pause(20);
    this.rounds.push(this.#open);
    const held = this.#held;
    this.#held = [];
    this.#open = [];
    this.#isWatched = false;
    for (const release of held) release();
  }
}
