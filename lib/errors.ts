// The one error that users read: a sentence, what to do about it, and where in their YAML it went wrong.
// Tests: test/lib/agent/inputs.test.ts

/** The kind of an error, by who can fix it. Tasks map no kind to a result: every kind fails the task. */
export type TaskErrorKind =
  | "input" // an input, a YAML file or a local file of the user's
  | "connection" // the service connection or its credential
  | "notFound" // something named does not exist in Azure
  | "forbidden" // it may exist, and this identity may not see or change it
  | "conflict" // the service refuses because of the state things are in
  | "service" // the service failed, or answered what it should not
  | "failed" // the job, deployment or rule itself failed: the story went as it should
  | "timeout" // a deadline of ours passed
  | "canceled"; // the pipeline was cancelled

/** A place in a file that the user wrote; line and column count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** The task's input that holds the value, where no file does. */
  readonly input?: string;
}

/**
 * A stable code of ours: lib/error-codes.json has them all, and docs/troubleshooting.md, generated from it, says what to do about each.
 * Once published, a code keeps its meaning.
 */
export type ErrorCode = `AML1${string}`;

export interface TaskErrorOptions {
  /** Absent: that of the cause, where it is a TaskError. */
  readonly errorCode?: ErrorCode;
  /** The remedy, as a sentence. */
  readonly hint?: string;
  /** The service's request id (`x-ms-request-id` or `x-ms-correlation-request-id`). */
  readonly requestId?: string;
  /** HTTP status, where a response brought it. */
  readonly status?: number;
  /** The service's own code (ARM `error.code`, or the innermost InnerError code). */
  readonly code?: string;
  readonly where?: SourceLocation;
  readonly cause?: unknown;
}

/** The same symbol in every copy of this module, on each TaskError. */
const IS_TASK_ERROR = Symbol.for("azure-ml-pipelines.TaskError");

/** An error whose message is a whole sentence for the person who reads the pipeline's log. */
export class TaskError extends Error {
  /** Modules that are imported on demand may come with a copy of this one: an error of the other copy is a TaskError, too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this; for each of them the usual rule holds.
    if (this !== TaskError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return value instanceof Error && IS_TASK_ERROR in value;
  }

  readonly [IS_TASK_ERROR] = true;
  readonly kind: TaskErrorKind;
  readonly errorCode: ErrorCode | undefined;
  readonly hint: string | undefined;
  readonly requestId: string | undefined;
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly where: SourceLocation | undefined;

  constructor(kind: TaskErrorKind, message: string, options: TaskErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TaskError";
    this.kind = kind;
    this.errorCode = options.errorCode ?? (options.cause instanceof TaskError ? options.cause.errorCode : undefined);
    this.hint = options.hint;
    this.requestId = options.requestId;
    this.status = options.status;
    this.code = options.code;
    this.where = options.where;
  }
}

/** `file:line:column`, as far as known; `Input name` where an input of the task holds the value. */
export function formatLocation(where: SourceLocation): string {
  if (where.input !== undefined) return `Input ${where.input}`;
  return [where.file, where.line, where.line === undefined ? undefined : where.column]
    .filter((part) => part !== undefined)
    .join(":");
}

/** Several faults of one document, reported at once. */
export class TaskErrors extends TaskError {
  readonly errors: readonly TaskError[];
  constructor(errors: readonly TaskError[]) {
    const first =
      errors[0] ?? new TaskError("input", "Something is wrong, and nothing says what.", { errorCode: "AML1318" });
    super(first.kind, errors.map((error) => error.message).join("\n"), {
      ...(first.errorCode === undefined ? {} : { errorCode: first.errorCode }),
      ...(first.hint === undefined ? {} : { hint: first.hint }),
      ...(first.where === undefined ? {} : { where: first.where }),
    });
    this.name = "TaskErrors";
    this.errors = errors;
  }
}

/** @throws the fault where there is one, TaskErrors with each of them where there are several; returns where there is none */
export function throwFaults(faults: readonly TaskError[]): void {
  const [first, ...more] = faults;
  if (first !== undefined) throw more.length === 0 ? first : new TaskErrors(faults);
}
