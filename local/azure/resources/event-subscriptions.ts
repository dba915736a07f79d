// Event subscriptions on the workspace, which Event Grid keeps as an extension of it (docs/facts/azureml-services.md#8.2).
import { resourceNotFound } from "../arm/errors.ts";
import { type ArmRouter, parameter, propertiesOf } from "../arm/router.ts";
import { eventGrid } from "../events/grid.ts";
import { type Subscription, subscriptionBody } from "../events/subscription.ts";
import type { AzureWorld } from "../world/world.ts";

const base = "/providers/Microsoft.EventGrid/eventSubscriptions";

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const grid = eventGrid(world);
  const body = (one: Subscription) => subscriptionBody(world.workspaceId, one);
  const found = (name: string): Subscription => {
    const one = grid.get(name);
    if (one === undefined) {
      throw resourceNotFound(`Microsoft.EventGrid/eventSubscriptions/${name}`, world.resourceGroup);
    }
    return one;
  };

  arm.get(base, (_request, response) => response.json({ value: grid.all().map(body) }));
  arm.get(`${base}/:name`, (request, response) => response.json(body(found(parameter(request, "name")))));
  arm.put(`${base}/:name`, (request, response) => {
    const { subscription } = grid.subscribe(parameter(request, "name"), propertiesOf(request));
    response.status(201).json(body(subscription));
  });
  // 200 and 204 are ARM's general ones; Event Grid's own answer to DELETE is not among the facts.
  arm.delete(`${base}/:name`, (request, response) =>
    response.status(grid.unsubscribe(parameter(request, "name")) ? 200 : 204).end(),
  );
  arm.post(`${base}/:name/getFullUrl`, (request, response) =>
    response.json({ endpointUrl: found(parameter(request, "name")).endpointUrl }),
  );
}
