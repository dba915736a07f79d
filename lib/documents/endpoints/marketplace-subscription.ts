// Marketplace subscriptions: the agreement to the offer of a model that others than Microsoft publish, before a serverless endpoint of it can be
// made (docs/facts/azureml-documents.md#2.13).
// Tests: test/lib/documents/endpoints/serverless.test.ts
import { segment } from "../../segment.ts";
import { defineKind } from "../language/define-kind.ts";
import { object, readOnly, required } from "../language/object.ts";
import { nameText, text } from "../language/scalar.ts";
import type { Infer } from "../language/shape.ts";

const shape = object("a marketplace subscription", {
  name: required(nameText()),
  model_id: required(text()),
  marketplace_plan: readOnly(),
  status: readOnly(),
  provisioning_state: readOnly(),
  id: readOnly(),
  system_data: readOnly(),
});
type MarketplaceSubscriptionDocument = Infer<typeof shape>;

async function write(document: MarketplaceSubscriptionDocument) {
  return {
    path: `marketplaceSubscriptions/${segment(document.name, "the name")}`,
    body: { properties: { modelId: document.model_id } },
  };
}

export const marketplaceSubscriptionKind = defineKind({
  name: "marketplace subscription",
  order: 104,
  schemas: ["marketplacesubscription"],
  advice: "AzureMLApply creates marketplace subscriptions.",
  shape,
  apiVersion: "2025-12-01",
  write,
});
