// A queue for the one agent: runs go first in, first out.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does the work when all that came before has ended, well or not. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
