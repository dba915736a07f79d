// Refuses PUT bodies that break the published types of the api-version they were sent with.
import type { RequestHandler } from "express";
import { unamended } from "../contract/amendments.ts";
import { type Contract, operationAt, placeOf } from "../contract/contract.ts";
import { type Fault, faultsOf } from "../contract/shape.ts";
import { invalidRequest } from "./errors.ts";
import { bodyOf } from "./router.ts";

/** Versions and resources that no contract has are accepted unchecked. */
export function refuseBrokenBodies(contracts: readonly Contract[]): RequestHandler {
  return (request, _response, next) => {
    const place = placeOf(request.method, request.path, String(request.query["api-version"]));
    if (request.method !== "PUT" || place?.name === undefined) return next();
    for (const contract of contracts) {
      const { body, name } = operationAt(contract, place) ?? {};
      const found = [
        ...(name === undefined ? [] : faultsOf(name, place.name, "request", "name")),
        ...(body === undefined ? [] : faultsOf(body, bodyOf(request), "request")),
      ];
      const faults = unamended(found, "request", place);
      if (faults.length > 0) throw refusal(faults);
    }
    next();
  };
}

/** A 400 of local Azure's own wording: what live Azure says differs by service and is in no recording. */
function refusal(faults: readonly Fault[]): Error {
  const told = faults.slice(0, 10).map((fault) => `${fault.path}: ${fault.message}`);
  const more = faults.length > told.length ? `; and ${faults.length - told.length} more` : "";
  return invalidRequest(
    "InvalidRequestContent",
    `The request content was invalid: ${told.join("; ")}${more}.`,
    faults[0]?.path,
  );
}
