// A job's command as a process group of its own: started with bash, its output in one file, stopped as a whole.
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { ProcessGroup } from "./process-group.ts";

export interface CommandOptions {
  /** The script for bash. */
  readonly command: string;
  readonly workingDirectory: string;
  /** The whole environment; nothing of this process's own is added. */
  readonly environment: Readonly<Record<string, string>>;
  /** Standard output and standard error both go to the end of this file, in the order they were written. */
  readonly outputFile: string;
}

/** Starts a command with bash. `ended` settles when bash has ended. */
export function startCommand(options: CommandOptions): ProcessGroup {
  const output = openSync(options.outputFile, "a");
  try {
    const bash = spawn("bash", ["-c", options.command], {
      cwd: options.workingDirectory,
      env: { ...options.environment },
      stdio: ["ignore", output, output],
      detached: true, // a process group of its own, so that a cancel reaches what the command started
    });
    return new ProcessGroup(bash, "exit");
  } finally {
    closeSync(output);
  }
}
