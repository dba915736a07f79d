// A process that was started as the leader of a group: stopped, and cleaned up after, with all that it started.
import type { ChildProcess } from "node:child_process";

/** How a process ended: by itself with `code`, or by `signal`. `startError`: it could not be started. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly startError?: Error;
}

export class ProcessGroup {
  /** Settles when the process has ended; children that it left behind are killed by then. */
  readonly ended: Promise<ProcessEnd>;
  readonly #leader: ChildProcess;
  #over = false;

  /**
   * @param leader spawned with `detached: true`
   * @param event `exit`: the process is gone; `close`: its output has been read, too
   */
  constructor(leader: ChildProcess, event: "exit" | "close") {
    this.#leader = leader;
    this.ended = new Promise((resolve) => {
      const end = (result: ProcessEnd) => {
        this.#signal("SIGKILL");
        this.#over = true;
        resolve(result);
      };
      leader.once("error", (startError) => end({ code: null, signal: null, startError }));
      leader.once(event, (code: number | null, signal: NodeJS.Signals | null) => end({ code, signal }));
    });
  }

  get running(): boolean {
    return !this.#over;
  }

  get pid(): number | undefined {
    return this.#leader.pid;
  }

  /** Kills the whole group at once. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  /** Asks the whole group to end; after `graceMilliseconds` it is killed. Resolves when the process is gone. */
  async stop(graceMilliseconds: number): Promise<void> {
    if (this.#over) return;
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.#signal("SIGKILL"), graceMilliseconds);
    await this.ended;
    clearTimeout(timer);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#over || this.#leader.pid === undefined) return;
    try {
      process.kill(-this.#leader.pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }
}
