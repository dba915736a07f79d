// The keys and tokens of an online endpoint: shown, renewed and issued.
import { ArmError, invalidRequest, userError } from "../../arm/errors.ts";
import type { Operation } from "../../arm/operations.ts";
import { type ArmRouter, bodyOf, parameter } from "../../arm/router.ts";
import { type EndpointRecord, endpointsOf } from "../../records/online-endpoint.ts";
import { endpointToken, newKey } from "../../scoring/access.ts";
import type { AzureWorld } from "../../world/world.ts";
import { noSuchEndpoint } from "./names.ts";
import { begin, carryOut, requireIdle } from "./operations.ts";

type Json = Record<string, unknown>;

/** The endpoint of this name. @throws ArmError 404 */
export function endpointOf(world: AzureWorld, name: string): EndpointRecord {
  const endpoint = endpointsOf(world).get(name.toLowerCase());
  if (endpoint === undefined) throw noSuchEndpoint(world, name);
  return endpoint;
}

export function mountKeys(arm: ArmRouter, world: AzureWorld): void {
  const endpoints = endpointsOf(world);
  const base = "/onlineEndpoints";

  arm.post(`${base}/:endpoint/listKeys`, (request, response) => {
    const endpoint = endpointOf(world, parameter(request, "endpoint"));
    // An endpoint of another mode has none (docs/facts/recorded-operations.md#2.5).
    response.json(endpoint.authMode === "Key" ? endpoint.keys : { primaryKey: null, secondaryKey: null });
  });

  arm.post(`${base}/:endpoint/regenerateKeys`, (request, response, { apiVersion }) => {
    const endpoint = endpointOf(world, parameter(request, "endpoint"));
    requireMode(endpoint, ["Key"], "regenerateKeys");
    requireIdle(world, endpoint.name);
    const { keyType, keyValue } = bodyOf(request) as Json & { keyType?: string; keyValue?: string };
    if (keyType !== "Primary" && keyType !== "Secondary") {
      throw invalidRequest(
        "BadRequest",
        `keyType must be one of Primary, Secondary, and is ${JSON.stringify(keyType)}.`,
      );
    }
    const operation = begin(world, request, "oe", endpoint.name);
    world.operations.accepted(response, operation, apiVersion, "result, no timeout");
    // Recorded under this api-version alone (June 2022, docs/facts/recorded-operations.md#2.5). Azure's Python client, which asks with 2022-02-01-preview,
    // waits for the end there and goes on, so others answer as for every operation of an endpoint. Inferred.
    if (apiVersion === "2022-05-01") operation.result = () => noSuchOperation(operation);
    const renew = async () => {
      const which = keyType === "Primary" ? "primaryKey" : "secondaryKey";
      // The official Python client sends the very key that is to be replaced; that asks for a new one. Inferred.
      const isNew = keyValue !== undefined && keyValue !== endpoint.keys[which];
      endpoint.keys = { ...endpoint.keys, [which]: isNew ? world.secret(keyValue) : newKey(world) };
      endpoints.changed();
    };
    carryOut(world, endpoint.name, operation, world.settings.online.endpoint, renew, () => {});
  });

  arm.post(`${base}/:endpoint/token`, (request, response, { caller }) => {
    const endpoint = endpointOf(world, parameter(request, "endpoint"));
    requireMode(endpoint, ["AMLToken", "AADToken"], "token");
    response.json(endpointToken(world, endpoint, caller));
  });
}

/** @throws ArmError 404, as recorded in 2022 */
function noSuchOperation({ id }: Operation): never {
  const message = `There is no operation with id ${id.split(":").at(-1)}`;
  throw new ArmError(404, "NotFound", "The specified resource was not found.", [], {
    details: [{ code: "OperationNotFound", message }],
  });
}

/** Keys are renewed on endpoints of mode Key, tokens given on the others. That the rest is refused, and how, is not recorded. */
function requireMode(endpoint: EndpointRecord, modes: readonly EndpointRecord["authMode"][], verb: string): void {
  if (modes.includes(endpoint.authMode)) return;
  throw userError(400, `${verb} is not for the endpoint ${endpoint.name}: its authMode is ${endpoint.authMode}.`, [
    "BadArgument",
    "InvalidAuthMode",
  ]);
}
