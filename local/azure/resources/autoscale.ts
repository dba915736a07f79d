// Autoscale settings of Azure Monitor, which own the instance count of an online deployment (docs/facts/operations.md#A.9).
import type { Request } from "express";
import { invalidRequest, resourceNotFound } from "../arm/errors.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf } from "../arm/router.ts";
import { type AutoscaleRecord, autoscaleSettingsOf, keepScaling, readProfiles } from "../monitor/autoscale.ts";
import type { AzureWorld } from "../world/world.ts";

export function mountAbove(router: ArmRouter, world: AzureWorld): void {
  const settings = autoscaleSettingsOf(world);
  if (settings.size > 0) keepScaling(world);
  const group = `/subscriptions/${world.subscriptionId}/resourceGroups/${world.resourceGroup}`;
  const body = (one: AutoscaleRecord) => ({
    id: `${group}/providers/microsoft.insights/autoscalesettings/${one.name}`,
    type: "Microsoft.Insights/autoscaleSettings",
    name: one.name,
    location: one.location,
    tags: one.tags,
    properties: { ...one.properties, name: one.name },
  });
  const settingOf = (request: Request): AutoscaleRecord => {
    const name = parameter(request, "name");
    const found = settings.get(name.toLowerCase());
    if (found === undefined)
      throw resourceNotFound(`microsoft.insights/autoscalesettings/${name}`, world.resourceGroup);
    return found;
  };
  const all = () => ({ value: [...settings.values()].map(body) });
  const provider = "providers/Microsoft.Insights/autoscaleSettings";
  const base = `/subscriptions/:subscription/resourceGroups/:group/${provider}`;
  router.get(`/subscriptions/:subscription/${provider}`, (_request, response) => response.json(all()));
  router.get(base, (_request, response) => response.json(all()));
  router.get(`${base}/:name`, (request, response) => response.json(body(settingOf(request))));
  router.put(`${base}/:name`, (request, response) => {
    const name = parameter(request, "name");
    const { location, tags } = bodyOf<{ location: string; tags: Record<string, string> }>(request);
    if (typeof location !== "string") throw invalidRequest("LocationRequired", "The location property is required.");
    const properties = propertiesOf(request);
    readProfiles(world, properties);
    const known = settings.get(name.toLowerCase());
    const made = { name: known?.name ?? name, location, tags: { ...tags }, properties, scaledAt: known?.scaledAt ?? 0 };
    settings.set(name.toLowerCase(), made);
    keepScaling(world);
    response.status(known === undefined ? 201 : 200).json(body(made));
  });
  router.delete(`${base}/:name`, (request, response) => {
    response.status(settings.delete(parameter(request, "name").toLowerCase()) ? 200 : 204).end();
  });
}
