// A queue for the one agent: runs go first in, first out.

export class AgentQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Does the work when all that came before has ended, well or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}
