// The address at which a webhook, or whoever owns it, agrees to an event subscription by visiting it.
import type { Express } from "express";
import { eventGrid } from "../events/grid.ts";
import { validationPath } from "../events/handshake.ts";
import type { AzureWorld } from "../world/world.ts";

/** Event Grid has a host of its own for this; nobody signs in there. Its words and its refusal are not in the facts. */
export function mount(app: Express, world: AzureWorld): void {
  app.get(validationPath, (request, response) => {
    const agreed = eventGrid(world).validate(String(request.params["name"]), String(request.query["code"] ?? ""));
    response
      .status(agreed ? 200 : 400)
      .type("text/plain")
      .send(
        agreed ? "Webhook successfully validated as a subscription endpoint." : "The validation code is not valid.",
      );
  });
}
