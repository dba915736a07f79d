// Marketplace subscriptions: the agreement to the offer of a model. Published and in no recording; they succeed at once here: inferred.
import { page } from "../../arm/collection.ts";
import { envelope, stampsOf, systemData } from "../../arm/envelope.ts";
import { ArmError, invalidRequest } from "../../arm/errors.ts";
import { paged } from "../../arm/query.ts";
import { type ArmRouter, parameter, propertiesOf } from "../../arm/router.ts";
import type { MarketplaceSubscriptionProperties } from "../../contract/types.gen.ts";
import { type MarketplaceSubscriptionRecord, marketplaceSubscriptionsOf } from "../../records/serverless-endpoint.ts";
import type { AzureWorld } from "../../world/world.ts";
import { answerStarted, begin, carryOut, requireIdle, settling } from "./operations.ts";

const about = (name: string) => `marketplace:${name}`;

function bodyFor(world: AzureWorld, { name, modelId, provisioningState, stamps }: MarketplaceSubscriptionRecord) {
  const isDone = provisioningState === "Succeeded";
  return envelope({
    id: `${world.workspaceId}/marketplaceSubscriptions/${name}`,
    name,
    type: "marketplaceSubscriptions",
    properties: {
      modelId,
      provisioningState,
      ...(isDone
        ? {
            marketplaceSubscriptionStatus: "Subscribed",
            marketplacePlan: { publisherId: "local", offerId: "simulated", planId: "simulated" },
          }
        : {}),
    },
    systemData: systemData(stamps, "endpoint"),
    rest: {},
  });
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const subscriptions = marketplaceSubscriptionsOf(world);
  const base = "/marketplaceSubscriptions";

  arm.get(
    base,
    (request, response) => {
      response.json(page([...subscriptions.values()], request, world.urls.arm, (one) => bodyFor(world, one)));
    },
    paged,
  );

  arm.get(`${base}/:subscription`, (request, response) => {
    const found = subscriptions.get(parameter(request, "subscription").toLowerCase());
    if (found === undefined) throw new ArmError(404, "NotFound", "The specified resource was not found.");
    response.json(bodyFor(world, found));
  });

  arm.put(`${base}/:subscription`, (request, response, { apiVersion, author }) => {
    const name = parameter(request, "subscription");
    requireIdle(world, about(name));
    const { modelId } = propertiesOf<MarketplaceSubscriptionProperties>(request);
    if (typeof modelId !== "string") throw invalidRequest("BadRequest", "properties.modelId is required.");
    const known = subscriptions.get(name.toLowerCase());
    const operation = begin(world, request, "oe", about(name));
    const subscription: MarketplaceSubscriptionRecord = {
      name: known?.name ?? name,
      modelId,
      stamps: stampsOf(known?.stamps, world.clock.now(), author),
      provisioningState: "Creating",
    };
    subscriptions.set(name.toLowerCase(), subscription);
    answerStarted(world, response, operation, apiVersion, bodyFor(world, subscription));
    const settle = settling(subscriptions, subscription);
    const work = async () => settle("Succeeded");
    carryOut(world, about(name), operation, world.settings.online.endpoint, work, () => settle("Failed"));
  });

  arm.delete(`${base}/:subscription`, (request, response, { apiVersion }) => {
    const name = parameter(request, "subscription");
    if (!subscriptions.has(name.toLowerCase())) return response.status(204).end();
    requireIdle(world, about(name));
    const operation = begin(world, request, "oe", about(name));
    world.operations.accepted(response, operation, apiVersion);
    const work = async () => void subscriptions.delete(name.toLowerCase());
    carryOut(world, about(name), operation, world.settings.online.endpoint, work, () => {});
    return undefined;
  });
}
