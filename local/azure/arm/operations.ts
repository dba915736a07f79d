// Long-running operations: the status and result URLs that a 201 or 202 names, and what they answer (facts/04 §10, §12.2, §12.6).
import { randomUUID } from "node:crypto";
import type { Response } from "express";
import { timestamp } from "./envelope.ts";
import { ArmError } from "./errors.ts";
import type { ArmRouter } from "./router.ts";

/**
 * Prefix of an operation's id: online endpoint, online deployment, batch endpoint, batch deployment, schedule, job cancel.
 * A compute's id has none, and status URLs of its own (facts/03 §4.3).
 */
export type OperationKind = "oe" | "od" | "be" | "bd" | "bebes" | "bdbes" | "s" | "jc" | "compute";

export type OperationStatus = "Updating" | "Succeeded" | "Failed" | "Canceled";

export interface OperationError {
  readonly code: string;
  readonly message: string;
}

/** One long-running operation. Whoever started it ends it with `succeed`, `fail` or `cancel`; later endings are ignored. */
export class Operation {
  /** `oe:{workspaceGuid}:{guid}`. */
  readonly id: string;
  readonly startTime: string;
  /** ISO 8601 duration of `x-ms-async-operation-timeout`. */
  readonly timeout: string;
  status: OperationStatus = "Updating";
  endTime: string | undefined;
  error: OperationError | undefined;
  /** 0 to 100; the service answers 0.0 until the end (facts/04 §12.2). */
  percentComplete = 0;
  /** Settles when the operation has ended. */
  readonly ended: Promise<void>;
  #settle: () => void = () => {};
  readonly #now: () => number;

  constructor(id: string, timeout: string, now: () => number) {
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

  /** The shape of a failed operation is in no recording; `error: {code, message}` is ARM's general one. */
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
    if (status === "Succeeded") this.percentComplete = 100;
    this.#settle();
  }
}

/** What the engine needs to know of the world. */
export interface OperationsPlace {
  readonly subscriptionId: string;
  readonly workspaceGuid: string;
  readonly location: string;
  readonly urls: { readonly arm: string };
  readonly clock: { now(): number };
  /** Milliseconds that a status URL may hold its answer while the operation is under way. */
  readonly patience?: () => number;
}

/** What the service puts behind the addresses of operations; it is taken, and not looked at (facts/06 1.3). */
const signature = ["t", "c", "s", "h", "service", "type"];

/** Every operation of this cloud, by id. */
export class Operations {
  readonly #place: OperationsPlace;
  readonly #operations = new Map<string, Operation>();

  constructor(place: OperationsPlace) {
    this.#place = place;
  }

  /**
   * Begins an operation.
   * @param timeout ISO duration for the header: PT30M for endpoints and deployments, PT1H for job cancel
   * @param key last part of the id: a new guid, or the job's name for `jc`
   */
  start(
    kind: OperationKind,
    timeout: string = kind === "jc" ? "PT1H" : "PT30M",
    key: string = randomUUID(),
  ): Operation {
    const id = kind === "compute" ? key : `${kind}:${this.#place.workspaceGuid}:${key}`;
    const operation = new Operation(id, timeout, () => this.#place.clock.now());
    this.#operations.set(operation.id.toLowerCase(), operation);
    return operation;
  }

  statusUrl(operation: Operation, apiVersion: string): string {
    return this.#url(isCompute(operation) ? "computeOperationsStatus" : "mfeOperationsStatus", operation, apiVersion);
  }

  resultUrl(operation: Operation, apiVersion: string): string {
    return this.#url(isCompute(operation) ? "computeOperationResults" : "mfeOperationResults", operation, apiVersion);
  }

  /** Headers of a PUT's 201: Azure-AsyncOperation, and Location = the resource's own URL (facts/04 §12.1). */
  created(response: Response, operation: Operation, apiVersion: string, resourceUrl: string): void {
    response.setHeader("Azure-AsyncOperation", this.statusUrl(operation, apiVersion));
    response.setHeader("Location", resourceUrl);
    response.setHeader("x-ms-async-operation-timeout", operation.timeout);
  }

  /**
   * A 202 with the body `null`: a DELETE names both URLs (facts/04 §12.6), a job's cancel only the result (§10).
   */
  accepted(response: Response, operation: Operation, apiVersion: string): void {
    if (!operation.id.startsWith("jc:")) {
      response.setHeader("Azure-AsyncOperation", this.statusUrl(operation, apiVersion));
    }
    response.setHeader("Location", this.resultUrl(operation, apiVersion));
    response.setHeader("x-ms-async-operation-timeout", operation.timeout);
    response.status(202).type("application/json; charset=utf-8").send("null");
  }

  /** Mounts both URLs below `/subscriptions/{s}/providers/Microsoft.MachineLearningServices/locations/{l}`. */
  mount(router: ArmRouter): void {
    const base = "/subscriptions/:subscription/providers/Microsoft.MachineLearningServices/locations/:location";
    const status = ["mfeOperationsStatus", "computeOperationsStatus"].map((family) => `${base}/${family}/:operation`);
    const results = ["mfeOperationResults", "computeOperationResults"].map((family) => `${base}/${family}/:operation`);
    for (const path of status)
      router.get(
        path,
        async (request, response) => {
          const operation = this.#find(String(request.params["operation"]));
          await this.#wait(operation);
          response.status(200).json(statusBody(operation, request.path));
        },
        signature,
      );
    for (const path of results)
      router.get(
        path,
        async (request, response) => {
          const operation = this.#find(String(request.params["operation"]));
          await this.#wait(operation);
          if (!operation.done) {
            response.setHeader("Location", this.resultUrl(operation, String(request.query["api-version"])));
            response.setHeader("x-ms-async-operation-timeout", operation.timeout);
            response.status(202).json({});
            return;
          }
          if (operation.error !== undefined) {
            // Not verified against live Azure: no failing operation was recorded.
            throw new ArmError(409, operation.error.code, operation.error.message);
          }
          response.status(200).end();
        },
        signature,
      );
  }

  async #wait(operation: Operation): Promise<void> {
    const patience = this.#place.patience?.() ?? 0;
    if (operation.done || patience === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience);
    });
    await Promise.race([operation.ended, late]);
    clearTimeout(timer);
  }

  #url(family: string, operation: Operation, apiVersion: string): string {
    const { urls, subscriptionId, location } = this.#place;
    return `${urls.arm}/subscriptions/${subscriptionId}/providers/Microsoft.MachineLearningServices/locations/${location}/${family}/${operation.id}?api-version=${apiVersion}`;
  }

  #find(id: string): Operation {
    const operation = this.#operations.get(id.toLowerCase());
    if (operation === undefined) {
      throw new ArmError(404, "UserError", `Operation ${id} not found.`, ["NotFound"]); // wording not recorded
    }
    return operation;
  }
}

function isCompute(operation: Operation): boolean {
  return !operation.id.includes(":");
}

/** What polling shows. Batch operations tell neither times nor percent, a schedule's times only at the end (facts/04 §12.2, §13, §14). */
function statusBody(operation: Operation, path: string): object {
  const { id: name, startTime, endTime, percentComplete, status, error } = operation;
  const failure = error === undefined ? {} : { error };
  const ended = endTime === undefined ? {} : { endTime };
  if (/^b[ed]bes:/.test(name)) return { id: path, name, status, ...failure };
  if (name.startsWith("s:")) {
    const id = path.replace("mfeOperationsStatus", "mfeOperationResults");
    return operation.done ? { id, name, status, startTime, ...ended, ...failure } : { id, name, status: "Creating" };
  }
  return { id: path, name, startTime, ...ended, percentComplete, status, ...failure };
}
