// One scoring process: python3 with server.py, its log, and what becomes of it.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type ProcessEnd, ProcessGroup } from "../jobs/running/process-group.ts";

const server = fileURLToPath(new URL("./server.py", import.meta.url));

/** The last lines that a container wrote; older ones go. */
export class ContainerLog {
  private readonly lines: string[] = [];
  private readonly most: number;

  constructor(most = 10_000) {
    this.most = most;
  }

  add(text: string): void {
    this.lines.push(...text.split("\n"));
    if (this.lines.length > this.most) this.lines.splice(0, this.lines.length - this.most);
  }

  /** The last `count` lines, or all of them, each with a line break. */
  tail(count?: number): string {
    const kept = count === undefined ? this.lines : this.lines.slice(Math.max(0, this.lines.length - count));
    return kept.map((line) => `${line}\n`).join("");
  }
}

export interface ScoringOptions {
  /** The folder that the container would have at /var/azureml-app. */
  readonly appRoot: string;
  /** The program that runs it; this machine's python3 where absent. */
  readonly python?: string;
  /** The script, relative to `appRoot` or absolute. */
  readonly entryScript: string;
  /** The whole environment; nothing of this process's own is added. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: ContainerLog;
}

/** A running scoring process. */
export class ScoringProcess {
  /** The loopback port once init() has returned; undefined when the process ended before. */
  readonly port: Promise<number | undefined>;
  readonly ended: Promise<ProcessEnd>;
  private readonly group: ProcessGroup;

  constructor(options: ScoringOptions) {
    const { log } = options;
    const child = spawn(options.python ?? "python3", ["-u", server], {
      cwd: options.appRoot,
      env: { ...options.environment, AML_APP_ROOT: options.appRoot, AZUREML_ENTRY_SCRIPT: options.entryScript },
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      detached: true, // a process group of its own: what the script starts ends with it
    });
    for (const stream of [child.stdout, child.stderr]) byLine(stream, (line) => log.add(line));
    this.group = new ProcessGroup(child, "close");
    this.ended = this.group.ended;
    const announced = new Promise<number>((resolve) => {
      byLine(child.stdio[3] as NodeJS.ReadableStream, (line) => resolve((JSON.parse(line) as { port: number }).port));
    });
    this.port = Promise.race([announced, this.ended.then(() => undefined)]);
  }

  get running(): boolean {
    return this.group.running;
  }

  get pid(): number | undefined {
    return this.group.pid;
  }

  /** Kills it at once, with all that it started. */
  kill(): void {
    this.group.kill();
  }

  /** Asks the process to end; after `graceMilliseconds` it is killed with all that it started. */
  stop(graceMilliseconds = 500): Promise<void> {
    return this.group.stop(graceMilliseconds);
  }
}

function byLine(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  if (stream === null) return;
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (piece: string) => {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
  stream.on("end", () => {
    if (rest !== "") take(rest);
  });
  stream.on("error", () => {}); // a killed process closes its pipes as it likes
}
