// A managed identity's token endpoint as App Service gives it to its processes: IDENTITY_ENDPOINT and IDENTITY_HEADER.
import type http from "node:http";
import type { Principal } from "../arm/caller.ts";
import { EntraError } from "./errors.ts";
import type { Tenant } from "./tenant.ts";
import { requireResource } from "./tokens.ts";

/** Path of the endpoint; the listener's URL and this make IDENTITY_ENDPOINT. */
export const identityPath = "/msi/token";

/**
 * Answers GET `?api-version=2019-08-01&resource=…[&client_id=…]` with header `X-IDENTITY-HEADER: <secret>`.
 * Its shape is App Service's published one; it is in no recording.
 */
export function managedIdentityHandler(tenant: Tenant, principal: Principal, secret: string): http.RequestListener {
  return (request, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" });
      response.end(JSON.stringify(body));
    };
    const url = new URL(request.url ?? "/", "http://localhost");
    const resource = url.searchParams.get("resource");
    const clientId = url.searchParams.get("client_id");
    if (request.method !== "GET" || url.pathname !== identityPath) {
      return answer(404, { statusCode: 404, message: "Not found." });
    }
    if (request.headers["x-identity-header"] !== secret) {
      return answer(401, { statusCode: 401, message: "Invalid X-IDENTITY-HEADER." });
    }
    if (resource === null) {
      return answer(400, { statusCode: 400, message: "The resource parameter is required." });
    }
    if (clientId !== null && clientId.toLowerCase() !== principal.clientId.toLowerCase()) {
      return answer(400, { statusCode: 400, message: "No User Assigned or Delegated Managed Identity found." });
    }
    const unknown = refusalOf(tenant, resource);
    if (unknown !== undefined) return answer(400, { statusCode: 400, message: unknown });
    const seconds = tenant.directory.lifetime;
    answer(200, {
      access_token: tenant.secret(tenant.directory.issue(principal, resource, seconds)),
      client_id: principal.clientId,
      expires_on: String(Math.floor((tenant.clock.machineNow() + tenant.clock.onMachine(seconds * 1000)) / 1000)),
      resource,
      token_type: "Bearer",
    });
  };
}

function refusalOf(tenant: Tenant, resource: string): string | undefined {
  try {
    requireResource(tenant, resource);
    return undefined;
  } catch (error) {
    if (error instanceof EntraError) return error.message;
    throw error;
  }
}
