// Long-running operations: what a 201 or 202 names, and when it has ended (docs/facts/azureml-wire.md#10, #12.2, #12.6; docs/facts/recorded-operations.md#1.3, #1.4).
import { randomBytes, randomUUID } from "node:crypto";
import type { Response } from "express";
import { isRecent } from "./envelope.ts";
import { ArmError } from "./errors.ts";
import { type Family, Operation, type OperationKind, type OperationResult } from "./operation.ts";
import { resultOf, statusBody } from "./operation-answers.ts";
import type { ArmRouter } from "./router.ts";

export { Operation, type OperationError, type OperationKind } from "./operation.ts";

/** The engine's interface to the world. */
export interface OperationsPlace {
  readonly subscriptionId: string;
  readonly workspaceGuid: string;
  readonly location: string;
  readonly urls: { readonly arm: string };
  readonly clock: { now(): number };
  /** Milliseconds that a status URL may hold its answer while the operation is under way. */
  readonly patience?: () => number;
}

/** Signature parameters of operation URLs; accepted and ignored (docs/facts/recorded-operations.md#1.3). */
const signature = ["t", "c", "s", "h"];

/** Paths of the status and of the result, and what stands in their query, by family. */
const families: Readonly<Record<Family | "mfe", { status: string; result: string; asked: [string, string] }>> = {
  mfe: { status: "mfeOperationsStatus", result: "mfeOperationResults", asked: ["", ""] },
  compute: { status: "computeOperationsStatus", result: "computeOperationsStatus", asked: ["&service=new", ""] },
  workspace: {
    status: "workspaceOperationsStatus",
    result: "workspaceOperationsStatus",
    asked: ["&type=async", "&type=location"],
  },
  registry: {
    status: "registryOperationsStatus",
    result: "registryOperationsStatus",
    asked: ["&type=async", "&type=location"],
  },
};

/**
 * Query parameters of requests that begin an operation. Azure's client for JavaScript repeats it at the operation's address,
 * where it chooses nothing.
 */
const repeated: Readonly<Partial<Record<Family | "mfe", readonly string[]>>> = {
  compute: ["underlyingResourceAction"],
  workspace: ["forceToPurge"],
};

function familyOf(kind: OperationKind): Family | "mfe" {
  return kind === "compute" || kind === "workspace" || kind === "registry" ? kind : "mfe";
}

/** Every operation of this cloud, by id. */
export class Operations {
  readonly #place: OperationsPlace;
  readonly #operations = new Map<string, Operation>();
  /** Stands for the certificate in the signature of addresses: as long, and nothing in it. */
  readonly #certificate = randomBytes(1950).toString("base64url");

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
    const id = familyOf(kind) === "mfe" ? `${kind}:${this.#place.workspaceGuid}:${key}` : key;
    const operation = new Operation(kind, id, timeout, () => this.#place.clock.now());
    this.#operations.set(operation.id.toLowerCase(), operation);
    return operation;
  }

  /** The status address without a query: what bodies name, with the query of whoever reads them behind it (docs/facts/recorded-operations.md#2.1). */
  address(operation: Operation): string {
    return this.#address(families[familyOf(operation.kind)].status, operation);
  }

  statusUrl(operation: Operation, apiVersion: string): string {
    const { asked } = families[familyOf(operation.kind)];
    return `${this.address(operation)}?api-version=${apiVersion}${asked[0]}${this.#signature(apiVersion)}`;
  }

  resultUrl(operation: Operation, apiVersion: string): string {
    const { result, asked } = families[familyOf(operation.kind)];
    const address = this.#address(result, operation);
    return `${address}?api-version=${apiVersion}${asked[1]}${this.#signature(apiVersion)}`;
  }

  /** Headers of a PUT's 201: Azure-AsyncOperation and, but for computes, Location = the resource's own URL (docs/facts/recorded-operations.md#1.3). */
  created(response: Response, operation: Operation, apiVersion: string, resourceUrl: string): void {
    response.setHeader("Azure-AsyncOperation", this.statusUrl(operation, apiVersion));
    if (familyOf(operation.kind) === "compute") return;
    response.setHeader("Location", resourceUrl);
    response.setHeader("x-ms-async-operation-timeout", operation.timeout);
  }

  /**
   * A 202 that says where to look: at the status and the result, as a DELETE does, or at the result alone, as PATCH, the
   * cancel of a job, a diagnosis and new keys do (docs/facts/azureml-wire.md#10, docs/facts/recorded-operations.md#1.3). Operations of computes have a status only.
   */
  accepted(
    response: Response,
    operation: Operation,
    apiVersion: string,
    where: "both" | "result" | "result, no timeout" = operation.kind === "jc" ? "result" : "both",
  ): void {
    const family = familyOf(operation.kind);
    if (where === "both") response.setHeader("Azure-AsyncOperation", this.statusUrl(operation, apiVersion));
    if (family !== "compute") response.setHeader("Location", this.resultUrl(operation, apiVersion));
    if (family === "mfe" && where !== "result, no timeout") {
      response.setHeader("x-ms-async-operation-timeout", operation.timeout);
    }
    response.status(202);
    // To 2022 those of endpoints and jobs had the body `null` (docs/facts/recorded-operations.md#1.2).
    if (family === "mfe" && !isRecent(apiVersion)) response.type("application/json; charset=utf-8").send("null");
    else response.end();
  }

  /** Mounts the addresses below `/subscriptions/{s}/providers/Microsoft.MachineLearningServices/locations/{l}`. */
  mount(router: ArmRouter): void {
    const base = "/subscriptions/:subscription/providers/Microsoft.MachineLearningServices/locations/:location";
    for (const [name, { status, result, asked }] of Object.entries(families)) {
      const own = asked.flatMap((one) => /\w+/.exec(one)?.[0] ?? []).slice(0, 1);
      const query = [...signature, ...own, ...(repeated[name as Family | "mfe"] ?? [])];
      const find = async (id: unknown): Promise<Operation> => {
        const operation = this.#operations.get(String(id).toLowerCase());
        if (operation === undefined || familyOf(operation.kind) !== name) {
          throw new ArmError(404, "UserError", `Operation ${String(id)} not found.`, ["NotFound"]); // wording not recorded
        }
        await this.#wait(operation);
        return operation;
      };
      const answer = (operation: Operation, found: OperationResult, apiVersion: string, response: Response) => {
        if (found.status === 202 && (operation.kind === "jc" || operation.kind === "s")) {
          // A job's cancel names its address again (docs/facts/azureml-wire.md#10), and so do operations of workspaces, with both addresses.
          response.setHeader("Location", this.resultUrl(operation, apiVersion));
          // Not so when a job's cancel is looked at: 95 recorded answers have none.
          if (operation.kind === "s") response.setHeader("x-ms-async-operation-timeout", operation.timeout);
        } else if (found.status === 202 && name !== "mfe") {
          response.setHeader("Location", this.resultUrl(operation, apiVersion));
          response.setHeader("Azure-AsyncOperation", this.statusUrl(operation, apiVersion));
        }
        if (found.body === undefined) response.status(found.status).end();
        else response.status(found.status).json(found.body);
      };
      router.get(
        `${base}/${status}/:operation`,
        async (request, response, { apiVersion }) => {
          const operation = await find(request.params["operation"]);
          if (String(request.query["type"]).toLowerCase() === "location") {
            answer(operation, resultOf(operation, request.path, apiVersion), apiVersion, response);
          } else response.json(statusBody(operation, request.path, apiVersion));
        },
        query,
      );
      if (result === status) continue;
      router.get(
        `${base}/${result}/:operation`,
        async (request, response, { apiVersion }) => {
          const operation = await find(request.params["operation"]);
          answer(operation, resultOf(operation, request.path, apiVersion), apiVersion, response);
        },
        query,
      );
    }
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

  #address(path: string, operation: Operation): string {
    const { urls, subscriptionId, location } = this.#place;
    return `${urls.arm}/subscriptions/${subscriptionId}/providers/Microsoft.MachineLearningServices/locations/${location}/${path}/${operation.id}`;
  }

  /** As long as the service's; it makes addresses of about 3 KB, which clients have to keep whole. Nothing is signed here. */
  #signature(apiVersion: string): string {
    if (!isRecent(apiVersion)) return "";
    const ticks = BigInt(Math.floor(this.#place.clock.now())) * 10_000n + 621_355_968_000_000_000n;
    const random = (bytes: number) => randomBytes(bytes).toString("base64url");
    return `&t=${ticks}&c=${this.#certificate}&s=${random(256)}&h=${random(32)}`;
  }
}
