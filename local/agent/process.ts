// One Node process as the agent runs it: stdin closed, both streams read as lines, and the three signals of a cancel (docs/facts/agent.md#1.3, #2, #4).
import { spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";

export interface ProcessRequest {
  readonly binary: string;
  readonly script: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Stops the process: SIGINT, then SIGTERM, then SIGKILL, to this process id alone. */
  readonly signal: AbortSignal;
  /** Resolves when a command said that the task is done: the agent then waits no longer. */
  readonly done: Promise<void>;
  readonly onLine: (line: string) => void;
  /** Milliseconds between SIGINT and SIGTERM (knob PROCESS_SIGINT_TIMEOUT). */
  readonly interruptTimeout: number;
  /** Milliseconds between SIGTERM and SIGKILL (knob PROCESS_SIGTERM_TIMEOUT). */
  readonly terminateTimeout: number;
  /** Knob USE_GRACEFUL_PROCESS_SHUTDOWN: send SIGINT and never escalate. */
  readonly graceful: boolean;
  readonly onSignal?: (name: NodeJS.Signals) => void;
}

export interface ProcessOutcome {
  /** Undefined where the process ended by a signal, or was not waited for. */
  readonly exitCode: number | undefined;
  readonly endedBy: NodeJS.Signals | undefined;
  readonly stopped: boolean;
  /** Milliseconds from the start of the process until the agent went on. */
  readonly milliseconds: number;
}

/** How long the agent still waits for the pipes after the process is gone (a grandchild may hold them), milliseconds. */
const PIPE_PATIENCE = 5000;

/** Cuts a byte stream into lines at CR, LF or CRLF, as .NET's ReadLine does. */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onLine: (line: string) => void;
  #rest = "";
  #afterReturn = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk));
  }

  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== "") this.#onLine(this.#rest);
    this.#rest = "";
  }

  #take(text: string): void {
    let buffer = text;
    if (buffer === "") return;
    if (this.#afterReturn && buffer.startsWith("\n")) buffer = buffer.slice(1);
    this.#afterReturn = buffer === "" ? false : buffer.endsWith("\r");
    const lines = (this.#rest + buffer).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#onLine(line);
  }
}

/** Runs `node "<script>"` and resolves when the agent would go on. Rejects where the process cannot be started. */
export function runProcess(request: ProcessRequest): Promise<ProcessOutcome> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(request.binary, [request.script], {
      cwd: request.cwd,
      env: request.environment,
      stdio: "pipe",
    });
    const timers: NodeJS.Timeout[] = [];
    let settled = false;
    let stopped = false;
    let exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
    const splitters = [child.stdout, child.stderr].map((stream) => {
      const splitter = new LineSplitter((line) => {
        if (!settled) request.onLine(line);
      });
      stream.on("data", (chunk: Buffer) => splitter.write(chunk));
      return splitter;
    });
    child.stdin.on("error", () => {});
    child.stdin.end();
    const settle = () => {
      if (settled) return;
      for (const splitter of splitters) splitter.end();
      settled = true;
      for (const timer of timers) clearTimeout(timer);
      request.signal.removeEventListener("abort", stop);
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      const milliseconds = performance.now() - started;
      resolve({ exitCode: exit?.code ?? undefined, endedBy: exit?.signal ?? undefined, stopped, milliseconds });
    };
    const send = (name: NodeJS.Signals) => {
      if (exit) return;
      request.onSignal?.(name);
      child.kill(name);
    };
    const stop = () => {
      stopped = true;
      send("SIGINT");
      if (request.graceful) return;
      const terminate = () => {
        send("SIGTERM");
        timers.push(setTimeout(() => send("SIGKILL"), request.terminateTimeout));
      };
      timers.push(setTimeout(terminate, request.interruptTimeout));
    };
    child.once("error", (error) => {
      for (const timer of timers) clearTimeout(timer);
      if (!settled) reject(error);
      settled = true;
    });
    child.once("exit", (code, signal) => {
      exit = { code, signal };
      timers.push(setTimeout(settle, PIPE_PATIENCE));
    });
    child.once("close", settle);
    request.done.then(() => timers.push(setTimeout(settle, PIPE_PATIENCE)));
    if (request.signal.aborted) stop();
    else request.signal.addEventListener("abort", stop, { once: true });
  });
}
