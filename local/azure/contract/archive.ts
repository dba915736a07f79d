// Holds recorded exchanges of the management plane against contracts: what was sent and what was answered.
import { unamended } from "./amendments.ts";
import { type Contract, operationAt, type Place, placeOf } from "./contract.ts";
import { type Fault, faultsOf } from "./shape.ts";

/** The fields of an entry of an HTTP archive that are read. */
export interface Entry {
  readonly request: { readonly method: string; readonly url: string; readonly postData?: { readonly text?: string } };
  readonly response: { readonly status: number; readonly content?: { readonly text?: string } };
}

/** A body that breaks a contract. */
export interface Violation {
  readonly side: "request" | "answer";
  readonly method: string;
  /** Below the provider. */
  readonly path: string;
  readonly apiVersion: string;
  readonly faults: readonly Fault[];
}

export interface Verdict {
  /** The number of bodies that were compared with a shape, counted once for each contract that has one. */
  readonly checked: number;
  readonly violations: readonly Violation[];
  /** Versions, and operations of known versions, that no contract has. */
  readonly unknown: readonly string[];
}

/**
 * Checks bodies of requests, read-only members that were sent included, and answers that tell of success. Exchanges that are
 * not the provider's, and what it asks and answers without a body, are passed over.
 */
export function checkArchive(entries: readonly Entry[], contracts: readonly Contract[]): Verdict {
  const violations: Violation[] = [];
  const unknown = new Set<string>();
  let checked = 0;
  for (const { request, response } of entries) {
    const url = new URL(request.url);
    const place = placeOf(request.method, url.pathname, url.searchParams.get("api-version") ?? "");
    if (place === undefined) continue;
    const operations = contracts.flatMap((contract) => operationAt(contract, place) ?? []);
    // Run history and its like have addresses that end alike, below a service's own path and without a version.
    const isResourceManagers = /^\/(subscriptions|providers)\//i.test(url.pathname);
    if (operations.length === 0 && isResourceManagers && isResource(place))
      unknown.add(`${place.operation}@${place.apiVersion}`);
    const hold = (side: Violation["side"], text: string | undefined) => {
      const body = parsed(text);
      if (body === undefined) return;
      for (const operation of operations) {
        const shape = side === "answer" ? operation.answer : operation.body;
        if (shape === undefined) continue;
        checked += 1;
        const found = faultsOf(shape, body, side === "answer" ? "answer" : "strict request");
        const faults = unamended(found, side, place);
        const { method } = request;
        const path = url.pathname.split("/providers/").at(-1) ?? "";
        if (faults.length > 0) violations.push({ side, method, path, apiVersion: place.apiVersion, faults });
      }
    };
    hold("request", request.postData?.text);
    if (response.status >= 200 && response.status < 300) hold("answer", response.content?.text);
  }
  return { checked, violations, unknown: [...unknown].sort() };
}

/** A violation in one line for the exchange and one for each fault. */
export function violationText({ side, method, path, apiVersion, faults }: Violation): string {
  const told = faults.map((fault) => `   ${fault.path}: ${fault.message}`);
  return [`${side} ${method} ${path} @${apiVersion}`, ...told].join("\n");
}

/** Whether it names a resource, which every contract should have; where operations are followed and labels looked up is published nowhere. */
function isResource({ operation, name }: Place): boolean {
  const isFollowed = /[ /](locations|labels)\//.test(operation);
  return name !== undefined && /^(get|put) /.test(operation) && !isFollowed;
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
