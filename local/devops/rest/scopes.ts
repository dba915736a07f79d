// Scopes of a framed page's token: what each allows of the routes that are built (docs/facts/extension.md#1.2).
import type { Caller } from "../state/tokens.ts";
import { RestError } from "./answers.ts";
import type { Method, Resource } from "./routes.ts";

interface Grant {
  readonly area: string;
  /** Absent: all resources of the area. */
  readonly resource?: string;
  readonly method: Method;
}

const READ_CONNECTIONS: readonly Grant[] = ["endpoints", "types"].map((resource) => ({
  area: "serviceendpoint",
  resource,
  method: "GET",
}));
const GRANTS: Readonly<Record<string, readonly Grant[]>> = {
  "vso.build": [{ area: "build", method: "GET" }],
  "vso.serviceendpoint": READ_CONNECTIONS,
  "vso.serviceendpoint_query": [
    ...READ_CONNECTIONS,
    { area: "serviceendpoint", resource: "endpointproxy", method: "POST" },
  ],
};

/** Refuses what none of the token's scopes allows; a token without scopes may do all. @throws RestError 403 */
export function checkScopes({ scopes }: Caller, { area, name }: Resource, method: string): void {
  if (scopes === undefined) return;
  const granted = scopes.flatMap((scope) => GRANTS[scope] ?? []);
  const isGranted = granted.some(
    (one) => one.area === area && one.method === method && (one.resource === undefined || one.resource === name),
  );
  if (isGranted) return;
  throw new RestError(
    403,
    "UnauthorizedAccessException",
    `The scopes of this token (${scopes.join(", ") || "none"}) do not allow ${method} ${name} in the area ${area}.`,
  );
}
