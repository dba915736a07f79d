// The context of a running stage: the job's state, and the stage's output so far.
import type { ServiceConnection } from "./connection.ts";
import type { Masker } from "./masker.ts";
import { mergeResults, type TaskResult } from "./results.ts";
import type { AgentServer, StepRecord } from "./server-interface.ts";
import type { Attachment, Issue, OutputVariable } from "./step.ts";
import type { VariableStore } from "./variables.ts";

/** The part of a job that its steps share and change. */
export interface JobState {
  readonly host: "build" | "release";
  readonly workFolder: string;
  readonly variables: VariableStore;
  readonly masker: Masker;
  /** By id in lower case; `task.setendpoint` replaces entries. */
  readonly connections: Map<string, ServiceConnection>;
  /** Newest first. */
  readonly prependedPath: string[];
  readonly server: AgentServer;
}

export interface Restrictions {
  readonly commands: "any" | "restricted";
  /** Each list must allow a name; no list allows all. */
  readonly settable: readonly (readonly string[])[];
}

type Tag = "" | "error" | "warning" | "debug" | "section";

/** How many errors, and how many warnings, stay on a record. */
const ISSUE_LIMIT = 10;

export class StageContext {
  readonly job: JobState;
  readonly record: StepRecord;
  /** The name that outputs are stored under. */
  readonly reference: string;
  readonly taskVariables: VariableStore;
  readonly declaredOutputs: ReadonlySet<string>;
  readonly restrictions: Restrictions;
  readonly signal: AbortSignal;

  readonly issues: Issue[] = [];
  readonly outputs: Record<string, OutputVariable> = {};
  readonly set: Record<string, OutputVariable> = {};
  readonly lines: string[] = [];
  readonly attachments: Attachment[] = [];
  /** Nested timeline records of task.logdetail, by id. */
  readonly details = new Map<string, Record<string, string>>();
  /** Files waiting for the upload queue. */
  readonly uploads: { readonly type: string; readonly name: string; readonly file: string }[] = [];
  readonly asynchronous: Promise<void>[] = [];
  progress = 0;
  /** Merged from task.complete. */
  result: TaskResult | undefined;
  /** Failed as soon as one command could not be carried out. */
  commandResult: TaskResult | undefined;
  readonly #onLine: (line: string) => void;
  #announceDone: () => void = () => {};
  /** Resolves when `task.complete` said done=true. */
  readonly done: Promise<void>;

  constructor(options: {
    job: JobState;
    record: StepRecord;
    reference: string;
    taskVariables: VariableStore;
    declaredOutputs: ReadonlySet<string>;
    restrictions: Restrictions;
    signal: AbortSignal;
    onLine: (line: string) => void;
  }) {
    this.job = options.job;
    this.record = options.record;
    this.reference = options.reference;
    this.taskVariables = options.taskVariables;
    this.declaredOutputs = options.declaredOutputs;
    this.restrictions = options.restrictions;
    this.signal = options.signal;
    this.#onLine = options.onLine;
    this.done = new Promise((resolve) => {
      this.#announceDone = resolve;
    });
  }

  /** Writes to the log: tag first, then masked, as the agent does. */
  write(message: string, tag: Tag = ""): void {
    const text = this.job.masker.mask(tag === "" ? message : `##[${tag}]${message}`);
    for (const line of text.split(/\r\n|\r|\n/)) {
      this.lines.push(line);
      this.#onLine(line);
    }
  }

  /** The task's header, which the agent writes as it stands. */
  writeUnmasked(line: string): void {
    this.lines.push(line);
    this.#onLine(line);
  }

  debug(message: string): void {
    if (/^(true|1)$/i.test(this.job.variables.get("system.debug") ?? "")) this.write(message, "debug");
  }

  error(message: string): void {
    this.addIssue({ type: "error", message });
  }

  warn(message: string): void {
    this.addIssue({ type: "warning", message });
  }

  /** Logs an issue, and keeps it on the record while there is room. */
  addIssue(issue: Issue): void {
    const masked = { ...issue, message: this.job.masker.mask(issue.message) };
    if (this.issues.filter(({ type }) => type === issue.type).length < ISSUE_LIMIT) this.issues.push(masked);
    this.write(issue.message, issue.type);
  }

  complete(result: TaskResult, done: boolean): void {
    this.result = mergeResults(this.result, result);
    if (done) this.#announceDone();
  }

  failCommand(): void {
    this.commandResult = mergeResults(this.commandResult, "Failed");
  }

  /** A command that calls the server: awaited after the process ended, cancelled with the step; a failure fails the step. */
  later(work: () => Promise<void>): void {
    const stopped = new Promise<void>((resolve) => {
      if (this.signal.aborted) resolve();
      else this.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const carriedOut = work().catch((error: unknown) => {
      this.error(error instanceof Error ? error.message : String(error));
      this.failCommand();
    });
    this.asynchronous.push(Promise.race([carriedOut, stopped]));
  }
}
