// A job's command as a process group of its own: started with bash, its output in one file, stopped as a whole.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export interface CommandOptions {
  /** What bash runs. */
  readonly command: string;
  readonly workingDirectory: string;
  /** The whole environment; nothing of this process's own is added. */
  readonly environment: Readonly<Record<string, string>>;
  /** Standard output and standard error both go to the end of this file, in the order they were written. */
  readonly outputFile: string;
}

/** How a command ended: by itself with `code`, or by `signal`. `startError`: bash itself could not be started. */
export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly startError?: Error;
}

/** A running command. */
export class RunningCommand {
  /** Settles when bash has ended; children that it left behind are killed by then. */
  readonly ended: Promise<CommandEnd>;
  private readonly child: ChildProcess;
  private over = false;

  constructor(options: CommandOptions) {
    const output = openSync(options.outputFile, "a");
    try {
      this.child = spawn("bash", ["-c", options.command], {
        cwd: options.workingDirectory,
        env: { ...options.environment },
        stdio: ["ignore", output, output],
        detached: true, // a process group of its own, so that a cancel reaches what the command started
      });
    } finally {
      closeSync(output);
    }
    this.ended = new Promise((resolve) => {
      const end = (result: CommandEnd) => {
        this.signalGroup("SIGKILL");
        this.over = true;
        resolve(result);
      };
      this.child.once("error", (startError) => end({ code: null, signal: null, startError }));
      this.child.once("exit", (code, signal) => end({ code, signal }));
    });
  }

  /** Asks the whole group to end; after `graceMilliseconds` it is killed. Resolves when bash is gone. */
  async stop(graceMilliseconds: number): Promise<void> {
    if (this.over) return;
    this.signalGroup("SIGTERM");
    const timer = setTimeout(() => this.signalGroup("SIGKILL"), graceMilliseconds);
    await this.ended;
    clearTimeout(timer);
  }

  private signalGroup(signal: NodeJS.Signals): void {
    if (this.over || this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }
}
