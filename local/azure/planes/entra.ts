// Local Microsoft Entra: tokens for service principals, and the documents that clients read first.
import { randomUUID } from "node:crypto";
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from "express";
import { EntraError, renderEntraError } from "../entra/errors.ts";
import { tokenFor } from "../entra/tokens.ts";
import type { AzureWorld } from "../world/world.ts";

export function mount(app: Express, world: AzureWorld): void {
  app.use((request, response, next) => {
    response.set({ "Cache-Control": "no-store, no-cache", "x-ms-request-id": randomUUID() });
    const correlation = request.headers["client-request-id"];
    if (typeof correlation === "string") response.setHeader("client-request-id", correlation);
    next();
  });
  app.use(express.urlencoded({ extended: false }));

  // Before the routes of a tenant: "common" is none.
  app.get("/common/discovery/instance", (_request, response) => {
    const host = new URL(world.urls.login).host;
    response.json({
      tenant_discovery_endpoint: `${world.urls.login}/${world.tenantId}/v2.0/.well-known/openid-configuration`,
      "api-version": "1.1",
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    });
  });

  const configuration = (request: Request, response: Response) => {
    const base = `${world.urls.login}/${requireTenant(world, request)}`;
    response.json({
      token_endpoint: `${base}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
      jwks_uri: `${base}/discovery/v2.0/keys`,
      response_modes_supported: ["query", "fragment", "form_post"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
      response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
      scopes_supported: ["openid", "profile", "email", "offline_access"],
      issuer: `${base}/v2.0`,
      request_uri_parameter_supported: false,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      claims_supported: ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce", "tid", "ver"],
    });
  };
  app.get("/:tenant/v2.0/.well-known/openid-configuration", configuration);
  app.get("/:tenant/.well-known/openid-configuration", configuration);

  app.get("/:tenant/discovery/v2.0/keys", (request, response) => {
    requireTenant(world, request);
    const { keyId: kid, publicKey } = world.directory;
    response.json({ keys: [{ ...publicKey.export({ format: "jwk" }), use: "sig", kid, x5t: kid }] });
  });

  app.post("/:tenant/oauth2/v2.0/token", (request, response) => {
    if (world.directory.outages > 0) {
      world.directory.outages -= 1;
      response.status(503).setHeader("Retry-After", "1").end("Service Unavailable");
      return;
    }
    requireTenant(world, request);
    response.json(tokenFor(world, (request.body ?? {}) as Record<string, string>));
  });

  const refuse: ErrorRequestHandler = (error: unknown, request, response, next) => {
    if (!(error instanceof EntraError)) return next(error);
    const correlation = request.headers["client-request-id"];
    response
      .status(error.status)
      .json(renderEntraError(error, typeof correlation === "string" ? correlation : undefined));
  };
  app.use(refuse);
}

/** @throws EntraError 90002 for a tenant that does not exist */
function requireTenant(world: AzureWorld, request: Request): string {
  const tenant = String(request.params["tenant"]);
  if (tenant.toLowerCase() === world.tenantId.toLowerCase()) return world.tenantId;
  throw new EntraError(
    400,
    "invalid_request",
    90002,
    `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
  );
}
