// The discovery document of a workspace: the hosts of its services, open to everyone.
import type { Express } from "express";
import type { AzureWorld } from "../world/world.ts";

export function mount(app: Express, world: AzureWorld): void {
  app.get("/discovery", (_request, response) => {
    const { api } = world.urls;
    response.set({
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Expose-Headers":
        "Content-Length, Content-Range, Content-Type, Retry-After, Location, x-request-time, x-ms-client-request-id",
      "Access-Control-Max-Age": "2520",
    });
    // Keys as recorded (docs/facts/azureml-wire.md#2). What the real document puts on hosts of their own is on this host here.
    response.json({
      api,
      catalog: "https://catalog.cortanaanalytics.com",
      experimentation: api,
      gallery: "https://gallery.cortanaintelligence.com/project",
      history: api,
      hyperdrive: api,
      labeling: api,
      modelmanagement: api,
      pipelines: api,
      studio: `${api}/studio`,
    });
  });
}
