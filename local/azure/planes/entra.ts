// Local Microsoft Entra: tokens for service principals, and the metadata documents that clients read first.
import express, { type Express, type Request } from "express";
import type { AzureWorld } from "../world.ts";

export function mount(app: Express, world: AzureWorld): void {
  app.use(express.urlencoded({ extended: false }));
  app.post("/:tenant/oauth2/v2.0/token", (request: Request, response) => {
    const form = (request.body ?? {}) as Record<string, string>;
    const principal = world.directory.find(form["client_id"] ?? "");
    if (principal === undefined || !principal.secrets.some((secret) => secret.value === form["client_secret"])) {
      response.status(401).json({ error: "invalid_client" });
      return;
    }
    const audience = (form["scope"] ?? "").split(" ")[0]?.replace(/\/\.default$/, "") ?? "";
    response.json({
      token_type: "Bearer",
      expires_in: 86399,
      ext_expires_in: 86399,
      refresh_in: 43199,
      access_token: world.secret(world.directory.issue(principal, audience)),
    });
  });
}
