// Authorization of scoring requests: keys, the endpoint's own tokens, or Entra's, by the endpoint's authMode.
import { randomBytes } from "node:crypto";
import type { Principal } from "../arm/caller.ts";
import type { EndpointRecord } from "../records/online-endpoint.ts";
import type { AzureWorld } from "../world/world.ts";

/** A key such as the service hands out: only letters and digits. Its real length is not recorded. */
export function newKey(world: AzureWorld): string {
  let key = "";
  while (key.length < 32)
    key += randomBytes(48)
      .toString("base64")
      .replace(/[^A-Za-z0-9]/g, "");
  return world.secret(key.slice(0, 32));
}

/** The audience of an endpoint's own tokens (authMode AMLToken, and AADToken beside Entra's); a client cannot see it. */
const audienceOf = (endpoint: EndpointRecord): string =>
  `https://${endpoint.name.toLowerCase()}.inference.ml.azure.com`;

/** The answer to POST …/token: valid for 24 hours, to be renewed after 12 (docs/facts/azureml-wire.md#12.5). Times are epoch seconds. */
export function endpointToken(world: AzureWorld, endpoint: EndpointRecord, caller: Principal): object {
  // The client looks at its own clock for them.
  const after = (hours: number) => (world.clock.machineNow() + world.clock.onMachine(hours * 3_600_000)) / 1000;
  return {
    accessToken: world.secret(world.directory.issue(caller, audienceOf(endpoint), 24 * 3600)),
    tokenType: "Bearer",
    expiryTimeUtc: Math.floor(after(24)),
    refreshAfterTimeUtc: Math.floor(after(12)),
  };
}

/** Whether a scoring request may come in. */
export function mayScore(world: AzureWorld, endpoint: EndpointRecord, authorization: string | undefined): boolean {
  if (endpoint.authMode === "Key") {
    const key = /^Bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1];
    return key !== undefined && (key === endpoint.keys.primaryKey || key === endpoint.keys.secondaryKey);
  }
  // An endpoint of mode AADToken gives tokens as well (docs/facts/recorded-operations.md#2.5); that they open it is inferred.
  const audiences =
    endpoint.authMode === "AADToken"
      ? [world.environment.machineLearning, audienceOf(endpoint)]
      : [audienceOf(endpoint)];
  try {
    return world.directory.check(authorization, audiences).hasAccess;
  } catch {
    return false;
  }
}
