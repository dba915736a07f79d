// A job's log on its way to the append blob: what the process has written to its file is carried over a few times a second.
import { open } from "node:fs/promises";

/** Bytes per append: well under the service's limit of 4 MiB a block. */
const blockBytes = 1 << 20;

/** Carries a growing file over, piece by piece, until it is closed. */
export class LogCarrier {
  private readonly file: string;
  private readonly append: (bytes: Buffer) => Promise<void>;
  private readonly timer: NodeJS.Timeout;
  private offset = 0;
  private turn: Promise<void> = Promise.resolve();
  private failure: unknown;

  /** @param append is called with one piece at a time, in order. @param everyMilliseconds pause between two looks. */
  constructor(file: string, append: (bytes: Buffer) => Promise<void>, everyMilliseconds = 150) {
    this.file = file;
    this.append = append;
    let busy = false;
    this.timer = setInterval(() => {
      if (busy) return;
      busy = true;
      void this.flush().finally(() => {
        busy = false;
      });
    }, everyMilliseconds);
  }

  /** Carries over what is there now. */
  flush(): Promise<void> {
    this.turn = this.turn
      .then(() => this.carry())
      .then(() => {
        this.failure = undefined; // what could not be carried a moment ago has been by now
      })
      .catch((error: unknown) => {
        this.failure = error;
      });
    return this.turn;
  }

  /** Carries over the rest and stops. @throws what the last attempt met. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
    if (this.failure !== undefined) throw this.failure;
  }

  private async carry(): Promise<void> {
    const handle = await open(this.file, "r");
    try {
      for (;;) {
        const buffer = Buffer.allocUnsafe(blockBytes);
        const { bytesRead } = await handle.read(buffer, 0, blockBytes, this.offset);
        if (bytesRead === 0) return;
        await this.append(buffer.subarray(0, bytesRead));
        this.offset += bytesRead;
      }
    } finally {
      await handle.close();
    }
  }
}
