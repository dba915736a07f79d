// The writes that a dry run withheld, in order.
// Tests: test/lib/task/dry-run.test.ts

/** A write that was withheld. */
export interface WithheldWrite {
  readonly method: string;
  /** A path of the resource manager; the address, without its query, of any other service. */
  readonly path: string;
  /** As it would be sent; null where nothing is. */
  readonly body: unknown;
}

/** The writes that a dry run has withheld so far. */
export class WithheldWrites {
  readonly writes: WithheldWrite[] = [];
  #begun = false;

  /** Whether anything was withheld: a write, or an upload, which appears as what it would register. */
  get begun(): boolean {
    return this.#begun || this.writes.length > 0;
  }

  /** Notes that files would be brought to a storage account. */
  leaveOutUpload(): void {
    this.#begun = true;
  }
}
