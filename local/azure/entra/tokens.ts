// The client-credentials grant: who the client says it is, how it proves that, and what it gets.

import type { Principal } from "../arm/caller.ts";
import { everywhere, vaultAudience } from "../arm/clouds.ts";
import { checkAssertion } from "./assertions.ts";
import { EntraError, invalidClient } from "./errors.ts";
import type { Tenant } from "./tenant.ts";

/**
 * The audience of tokens for a scope: what stands before `/.default`, a trailing slash included.
 * @throws EntraError 1002012 for a scope without `/.default`, 500011 for a resource that is not in the tenant
 */
function audienceOf(tenant: Tenant, scope: string): string {
  const wanted = scope.split(" ").find((one) => !["openid", "profile", "offline_access"].includes(one)) ?? "";
  if (!wanted.endsWith("/.default")) {
    throw new EntraError(
      400,
      "invalid_scope",
      1002012,
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    );
  }
  const audience = wanted.slice(0, -"/.default".length);
  requireResource(tenant, audience);
  return audience;
}

/** Refuses a resource that is not this cloud's. @throws EntraError 500011 */
export function requireResource(tenant: Tenant, audience: string): void {
  const plain = audience.replace(/\/+$/, "").toLowerCase();
  const { management, machineLearning, logAnalytics } = tenant.environment;
  const { arm, logs = "" } = tenant.urls;
  const others = [machineLearning, logAnalytics, vaultAudience(tenant.environment), arm, logs];
  if ([...management, ...others, ...everywhere].includes(plain)) return;
  throw new EntraError(
    400,
    "invalid_resource",
    500011,
    `The resource principal named ${audience} was not found in the tenant named ${tenant.tenantId}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`,
  );
}

/** Answers a POST to the token endpoint. @throws EntraError */
export function tokenFor(tenant: Tenant, form: Record<string, string>): object {
  const { grant_type: grant = "", client_id: clientId = "", scope = "" } = form;
  if (grant === "") throw missing("grant_type");
  if (grant !== "client_credentials") {
    throw new EntraError(
      400,
      "unsupported_grant_type",
      70003,
      `The app requested an unsupported grant type '${grant}'.`,
    );
  }
  if (clientId === "") throw missing("client_id");
  const principal = tenant.directory.find(clientId);
  if (principal === undefined || principal.managed === true) {
    throw new EntraError(
      400,
      "unauthorized_client",
      700016,
      `Application with identifier '${clientId}' was not found in the directory 'Local'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
    );
  }
  const { refusal } = principal;
  if (refusal !== undefined) throw new EntraError(400, "invalid_grant", refusal.number, refusal.message);
  if (form["client_assertion"] !== undefined) checkAssertion(tenant, principal, form["client_assertion"]);
  else if (form["client_secret"] !== undefined) checkSecret(principal, form["client_secret"]);
  else {
    throw invalidClient(
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  }
  if (scope === "") throw missing("scope");
  const seconds = tenant.directory.lifetime;
  // The client counts them by its own clock.
  const told = Math.max(1, Math.floor(tenant.clock.onMachine(seconds)));
  return {
    token_type: "Bearer",
    expires_in: told,
    ext_expires_in: told,
    ...(told > 7200 ? { refresh_in: Math.floor(told / 2) } : {}),
    access_token: tenant.secret(tenant.directory.issue(principal, audienceOf(tenant, scope), seconds)),
  };
}

function checkSecret(principal: Principal, secret: string): void {
  const found = principal.secrets.find((one) => one.value === secret);
  if (found === undefined) {
    throw invalidClient(
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${principal.clientId}'.`,
    );
  }
  if (found.expired === true) {
    throw invalidClient(
      7000222,
      `The provided client secret keys for app '${principal.clientId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`,
    );
  }
}

function missing(parameter: string): EntraError {
  return new EntraError(
    400,
    "invalid_request",
    900144,
    `The request body must contain the following parameter: '${parameter}'.`,
  );
}
