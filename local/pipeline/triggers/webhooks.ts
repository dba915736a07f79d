// Webhook resources: reading them, what a payload makes of them, and which pipelines it starts.

import type { Value } from "../../expressions/evaluate.ts";
import { toText } from "../../expressions/evaluate.ts";
import type { ParameterValue, PipelineDocument, WebhookResource } from "../language/document.ts";
import type { Mapping } from "../language/reader.ts";

/** A JSON object that was posted to an incoming webhook. */
export type Payload = Readonly<Record<string, unknown>>;

/** Reads `webhooks:` of `resources:`. */
export function readWebhooks(resources: Mapping | undefined): WebhookResource[] {
  if (!resources) return [];
  const { reader } = resources;
  const nodes = resources.read("webhooks", (node) => reader.sequence(node, "resources.webhooks")) ?? [];
  const webhooks = nodes.flatMap((node): WebhookResource[] => {
    const mapping = reader.mapping(node, "a webhook resource");
    if (!mapping) return [];
    const alias = mapping.text("webhook") ?? "";
    const connection = mapping.text("connection") ?? "";
    if (alias === "" || connection === "")
      reader.fault(
        mapping.place,
        "A webhook resource needs webhook (its alias) and connection (an incoming webhook connection).",
      );
    mapping.text("type");
    const filters = mapping.read("filters", (inner) => reader.sequence(inner, "filters")) ?? [];
    const read = filters.flatMap((filter) => {
      const one = reader.mapping(filter, "a filter of a webhook resource");
      if (!one) return [];
      const [path, value] = [one.text("path"), one.text("value")];
      if (path === undefined || value === undefined)
        reader.fault(one.place, "A filter of a webhook resource needs path and value.");
      one.finish();
      return [{ path: path ?? "", value: value ?? "" }];
    });
    mapping.finish();
    return [{ alias, connection, filters: read, place: mapping.place }];
  });
  const seen = new Set<string>();
  for (const { alias, place } of webhooks) {
    if (seen.has(alias.toLowerCase())) reader.fault(place, `The webhook '${alias}' is there twice.`);
    seen.add(alias.toLowerCase());
  }
  return webhooks;
}

/** The value of `${{ parameters.<alias> }}`: the payload of the webhook that started the run, null for the others. */
export function webhookParameters(
  webhooks: readonly WebhookResource[],
  payloads: Readonly<Record<string, Payload>>,
): Record<string, Value> {
  const find = (alias: string) =>
    Object.entries(payloads).find(([name]) => name.toLowerCase() === alias.toLowerCase())?.[1];
  return Object.fromEntries(webhooks.map(({ alias }) => [alias, (find(alias) as ParameterValue) ?? null]));
}

/** The resource by which a payload starts the pipeline: of that connection, and every filter fits. */
export function webhookTriggeredBy(
  document: Pick<PipelineDocument, "webhooks">,
  connection: string,
  payload: Payload,
): WebhookResource | undefined {
  return document.webhooks.find(
    (webhook) =>
      webhook.connection.toLowerCase() === connection.toLowerCase() &&
      webhook.filters.every(({ path, value }) => {
        const held = at(payload, path);
        return held !== undefined && toText(held) === value;
      }),
  );
}

/** `model.name`, `items[0].id`; undefined where there is nothing. */
function at(payload: Payload, path: string): Value | undefined {
  let held: unknown = payload;
  for (const part of path.replace(/^\$\.?/, "").split(/\.|\[(\d+)\]/)) {
    if (part === undefined || part === "") continue;
    if (typeof held !== "object" || held === null || !Object.hasOwn(held, part)) return undefined;
    held = (held as Record<string, unknown>)[part];
  }
  return held as Value;
}
