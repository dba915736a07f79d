// Operations on endpoints and deployments: at most one at a time on the same thing, and what it does when it ends.
import type { Request, Response } from "express";
import { type Author, isRecent, type Stamps, stampsOf } from "../../arm/envelope.ts";
import { userError } from "../../arm/errors.ts";
import type { Operation, OperationKind } from "../../arm/operations.ts";
import { deploymentKey, deploymentsOfEndpoint } from "../../records/online-endpoint.ts";
import type { Store } from "../../records/state.ts";
import { DeploymentFailure } from "../../scoring/container.ts";
import type { AzureWorld } from "../../world/world.ts";

/** Running operations by what they are about: `endpoint` or `endpoint/deployment`, in lower case. */
function runningOf(world: AzureWorld): Map<string, Operation> {
  return world.part("operations of endpoints", () => new Map<string, Operation>());
}

/**
 * Refuses a write while an operation runs: one on the endpoint stands in the way of everything below it, one on a
 * deployment in the way of writes to that deployment and to the endpoint. 409 is inferred (docs/facts/azureml-wire.md#16: no conflict was
 * recorded), and so are its words and how far the lock reaches: not verified against live Azure.
 */
export function requireIdle(world: AzureWorld, endpoint: string, deployment?: string): void {
  const name = endpoint.toLowerCase();
  const mine = deployment === undefined ? undefined : `${name}/${deployment.toLowerCase()}`;
  for (const [about, operation] of runningOf(world)) {
    const inTheWay = about === name || (mine === undefined ? about.startsWith(`${name}/`) : about === mine);
    if (!inTheWay) continue;
    throw busy(about, operation.id);
  }
  const scaling = deploymentsOfEndpoint(world, name).find(
    (one) => one.provisioningState === "Scaling" && (mine === undefined || mine === deploymentKey(name, one.name)),
  );
  if (scaling !== undefined) throw busy(deploymentKey(name, scaling.name), "its autoscale");
}

const busy = (about: string, by: string) =>
  userError(
    409,
    `An operation is already running on the ${about.includes("/") ? "deployment" : "endpoint"} ${about.replace(/^batch:/, "")}: ${by}.`,
    ["Conflict", "OperationInProgress"],
  );

/** Since 2024 the ids of online endpoints and deployments begin otherwise (docs/facts/recorded-operations.md#1.3). */
const recentKinds: Readonly<Record<"oe" | "od", OperationKind>> = { oe: "oeidp", od: "odidp" };

/** Begins the operation that `request` asks for. */
export function begin(
  world: AzureWorld,
  request: Request,
  kind: "oe" | "od" | "bebes" | "bdbes",
  about: string,
): Operation {
  const isOnline = kind === "oe" || kind === "od";
  const recent = isRecent(String(request.query["api-version"]));
  const operation = world.operations.start(isOnline && recent ? recentKinds[kind] : kind);
  operation.subject = {
    resource: request.originalUrl.split("?")[0] ?? "",
    requestId: request.get("x-ms-client-request-id") ?? "",
  };
  runningOf(world).set(about.toLowerCase(), operation);
  return operation;
}

/**
 * Lets the work of an operation run, for at least `least` milliseconds of the cloud.
 * A DeploymentFailure becomes the operation's error; anything else is a fault of local Azure and becomes InternalServerError.
 * @param failed called before the operation is marked as failed
 */
export function carryOut(
  world: AzureWorld,
  about: string,
  operation: Operation,
  least: number,
  work: () => Promise<void>,
  failed: () => void,
): void {
  const pause = new Promise<void>((resolve) => void world.clock.after(least, resolve));
  const end = () => void runningOf(world).delete(about.toLowerCase());
  pause
    .then(work)
    .then(() => {
      end();
      operation.succeed();
    })
    .catch((error: Error) => {
      end();
      failed();
      operation.fail(
        error instanceof DeploymentFailure
          ? error.error
          : { code: "InternalServerError", message: error.stack ?? String(error) },
      );
    });
}

/** Sets and keeps the provisioning state of a record: `settle("Succeeded")`. */
export function settling<T extends { provisioningState: string }>(
  records: Store<T>,
  record: T,
): (state: T["provisioningState"]) => void {
  return (state) => {
    record.provisioningState = state;
    records.changed();
  };
}

/** Marks a record as Updating by this operation and this author; what it gives settles the record's state. */
export function startUpdate<T extends { provisioningState: string; stamps: Stamps; operationUrl?: string }>(
  world: AzureWorld,
  operation: Operation,
  author: Author,
  records: Store<T>,
  record: T,
): (state: T["provisioningState"]) => void {
  record.stamps = stampsOf(record.stamps, world.clock.now(), author);
  if (record.operationUrl !== undefined) record.operationUrl = world.operations.address(operation);
  const settle = settling(records, record);
  settle("Updating");
  return settle;
}

/** 201 with the headers of a long-running PUT. */
export function answerStarted(
  world: AzureWorld,
  response: Response,
  operation: Operation,
  apiVersion: string,
  body: { id?: unknown },
): void {
  world.operations.created(
    response,
    operation,
    apiVersion,
    `${world.urls.arm}${String(body.id)}?api-version=${apiVersion}`,
  );
  response.status(201).json(body);
}
