// The one merge: the body of an update (PUT) of a resource that is there. What is there and not asked for stays; what is the service's own
// to say goes. Pure; Apply, rollouts and moves of traffic make their bodies with it.
import { isObject } from "../../plain-objects.ts";
import { isEmpty } from "./compare.ts";

/** A resource as the service answers it, or as it is sent. */
export interface Resource {
  readonly [key: string]: unknown;
  readonly id?: string;
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>> | null;
  readonly properties?: Readonly<Record<string, unknown>> | null;
}

/** A resource that is there, as far as an update keeps it. */
export interface Stored {
  readonly location?: unknown;
  readonly identity?: unknown;
  readonly kind?: unknown;
  readonly sku?: unknown;
  readonly tags?: Resource["tags"];
  readonly properties?: Resource["properties"];
}

/** Fields below `properties` that only the service says. */
const READ_ONLY = new Set([
  "provisioningState",
  "scoringUri",
  "swaggerUri",
  "createdOn",
  "modifiedOn",
  "provisioningErrors",
  "isAttachedCompute",
  "createdByWorkspaceArmId",
  "group",
  "registryId",
  "discoveryUrl",
  "mlFlowRegistryUri",
  "managedResourceGroup",
  "endpointState",
  "inferenceEndpoint",
  "marketplaceSubscriptionId",
  "marketplacePlan",
  "marketplaceSubscriptionStatus",
  "isDefault",
  "environmentType",
  "latestVersion",
  "nextVersion",
]);

/** Fields of a compute's own `properties.properties` that only the service says; elsewhere these names are the user's. */
const READ_ONLY_OF_COMPUTE =
  /^(allocationState|allocationStateTransitionTime|applications|connectivityEndpoints|containers|createdBy|currentNodeCount|dataDisks|dataMounts|errors|lastOperation|nodeStateCounts|osImageMetadata|state|targetNodeCount|versions)$/;

/** Fields that a body replaces as a whole, even an empty one: no variable of an earlier rollout stays. */
const WHOLE = new Set(["environmentVariables"]);

/** The body of an update. An empty value that is wanted asks for nothing; tags and properties of the user's are merged by name. */
export function merged(wanted: Resource, there: Stored): Resource & { properties: Record<string, unknown> } {
  const { tags: _tags, properties: _properties, ...rest } = wanted;
  const asked = Object.entries(wanted.properties ?? {}).filter(([name, value]) =>
    WHOLE.has(name) ? value !== undefined : !isEmpty(value),
  );
  const properties: Record<string, unknown> = { ...sendable(there.properties), ...Object.fromEntries(asked) };
  for (const name of ["tags", "properties"]) {
    const kept = Object.entries(asMap(there.properties?.[name])).filter(
      ([field]) => !("computeType" in (there.properties ?? {})) || !READ_ONLY_OF_COMPUTE.test(field),
    );
    const both = { ...Object.fromEntries(kept), ...asMap(wanted.properties?.[name]) };
    if (Object.keys(both).length > 0) properties[name] = both;
  }
  const top = Object.entries(rest).filter(([, value]) => !isEmpty(value));
  const tags = { ...there.tags, ...wanted.tags };
  return {
    ...envelope(there),
    ...Object.fromEntries(top),
    ...(Object.keys(tags).length > 0 ? { tags } : {}),
    properties,
  };
}

/** Of what the service answered, the properties that may go back in a PUT. */
export function sendable(properties: Resource["properties"]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties ?? {}).flatMap(([name, value]) => {
      const kept = WHOLE.has(name) ? userVariables(value, properties ?? {}) : value;
      return READ_ONLY.has(name) || isEmpty(kept) ? [] : [[name, kept]];
    }),
  );
}

/**
 * The variables without those that the service adds once a deployment is ready (docs/facts/recorded-operations.md#2.2): sent back, they
 * would stand as the user's own, and name the old model and the old code after a change of these.
 */
function userVariables(variables: unknown, { codeConfiguration }: Readonly<Record<string, unknown>>): unknown {
  if (!isObject(variables)) return variables;
  const script = isObject(codeConfiguration) ? codeConfiguration["scoringScript"] : undefined;
  const isAdded = (name: string, value: unknown) =>
    name === "AZUREML_ENTRY_SCRIPT"
      ? value === script
      : /^(AZUREML_MODEL_DIR|AML_APP_ROOT)$/.test(name) && /^\/var\/azureml-app\//.test(String(value));
  return Object.fromEntries(Object.entries(variables).filter(([name, value]) => !isAdded(name, value)));
}

/** Beside properties and tags, the parts of an answer that may go back in a PUT. */
export function envelope({ location, identity, kind, sku }: Stored): Record<string, unknown> {
  return {
    ...(location === undefined ? {} : { location }),
    ...(isObject(identity) ? { identity: chosenIdentity(identity) } : {}),
    ...(kind ? { kind } : {}),
    ...(sku ? { sku } : {}),
  };
}

/** Reduces an identity to its type and ids, because the service fills in the rest. */
function chosenIdentity(identity: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { principalId: _principal, tenantId: _tenant, userAssignedIdentities, ...own } = identity;
  const ids = Object.keys(asMap(userAssignedIdentities));
  return ids.length === 0 ? own : { ...own, userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])) };
}

const asMap = (value: unknown) => (isObject(value) ? value : {});
