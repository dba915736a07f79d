// One long-running operation: what it is about, how it stands and how it ends.
import { timestamp } from "./envelope.ts";

/**
 * Prefix of an operation's id: online endpoint and deployment (`oeidp`, `odidp` since 2024), batch endpoint and deployment,
 * schedule, job cancel, publication of an asset (whose prefix is not known). Ids of the other families are guids, or what whoever started them chose.
 */
export type OperationKind = "oe" | "od" | "oeidp" | "odidp" | "bebes" | "bdbes" | "s" | "jc" | "publish" | Family;

/** Families with status addresses of their own (docs/facts/recorded-operations.md#1.3; registries: recorded in 2022). */
export type Family = "compute" | "workspace" | "registry";

export type OperationStatus = "Updating" | "Succeeded" | "Failed" | "Canceled";

export interface OperationError {
  readonly code: string;
  readonly message: string;
}

/** The subject of an operation, as its failure names it (docs/facts/recorded-operations.md#3.2). */
export interface OperationSubject {
  /** ARM id of the resource. */
  readonly resource: string;
  /** `x-ms-client-request-id` of the request that began it. */
  readonly requestId: string;
}

/** The answer of an operation's result address, if it is not the operation itself; absent body: none. */
export interface OperationResult {
  readonly status: number;
  readonly body?: object;
}

/** One long-running operation. Its starter ends it with `succeed`, `fail` or `cancel`; later endings are ignored. */
export class Operation {
  /** `oe:{workspaceGuid}:{guid}`. */
  readonly id: string;
  readonly kind: OperationKind;
  readonly startTime: string;
  /** ISO 8601 duration of `x-ms-async-operation-timeout`. */
  readonly timeout: string;
  status: OperationStatus = "Updating";
  endTime: string | undefined;
  error: OperationError | undefined;
  subject: OperationSubject | undefined;
  /** The answer of the result's address after success, if it is not the operation; called at each request, may throw. */
  result: ((apiVersion: string) => OperationResult) | undefined;
  /** Settles when the operation has ended. */
  readonly ended: Promise<void>;
  #settle: () => void = () => {};
  readonly #now: () => number;

  constructor(kind: OperationKind, id: string, timeout: string, now: () => number) {
    this.kind = kind;
    this.id = id;
    this.timeout = timeout;
    this.#now = now;
    this.startTime = timestamp(now());
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get done(): boolean {
    return this.status !== "Updating";
  }

  succeed(): void {
    this.#end("Succeeded");
  }

  fail(error: OperationError): void {
    this.#end("Failed", error);
  }

  cancel(): void {
    this.#end("Canceled");
  }

  #end(status: OperationStatus, error?: OperationError): void {
    if (this.done) return;
    this.status = status;
    this.error = error;
    this.endTime = timestamp(this.#now());
    this.#settle();
  }
}
