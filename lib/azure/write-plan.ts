// What a story would have written, had it been let.

/** A write that a story would have caused. */
export interface PlannedWrite {
  readonly method: string;
  /** A path of the resource manager; the address, without its query, of any other service. */
  readonly path: string;
  /** As it would be sent; null where nothing is. */
  readonly body: unknown;
}

/** What a story would have written so far. */
export class WritePlan {
  readonly writes: PlannedWrite[] = [];
  #begun = false;

  /** Whether anything was left undone: a write, or an upload, which appears as what it would register. */
  get begun(): boolean {
    return this.#begun || this.writes.length > 0;
  }

  /** Notes that files would be brought to a storage account. */
  leaveOutUpload(): void {
    this.#begun = true;
  }
}
