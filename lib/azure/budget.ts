// Memory that pieces of files take while they travel: bounded, however many files and pieces are under way.

/** A semaphore of bytes: hands out up to a total, first come, first served; a request for more than is left waits. */
export class Budget {
  #left: number;
  readonly #total: number;
  readonly #waiting: { bytes: number; go: () => void }[] = [];

  /** @param total bytes */
  constructor(total: number) {
    this.#total = total;
    this.#left = total;
  }

  /** Runs `work` once `bytes` are free. A piece larger than the total counts as the total. */
  async with<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const release = await this.take(bytes);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Waits until `bytes` are free; what it returns gives them back, once. */
  async take(bytes: number): Promise<() => void> {
    const wanted = Math.min(bytes, this.#total);
    if (this.#waiting.length > 0 || wanted > this.#left)
      await new Promise<void>((go) => void this.#waiting.push({ bytes: wanted, go }));
    else this.#left -= wanted;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#left += wanted;
      while (this.#waiting[0] && this.#waiting[0].bytes <= this.#left) {
        const next = this.#waiting.shift();
        this.#left -= next?.bytes ?? 0;
        next?.go();
      }
    };
  }
}
