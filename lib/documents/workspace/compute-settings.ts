// Parts that computes of several types share: header, identity and network.
// Tests: test/lib/documents/workspace/compute.test.ts
import { list, object, optional, readOnly, required } from "../language/object.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, nameText, text } from "../language/scalar.ts";
import type { Infer } from "../language/shape.ts";
import { resourceTags } from "../language/tag-limits.ts";

/** The size that the service would choose. */
export const DEFAULT_SIZE = "STANDARD_DS3_V2";

export const computeHeader = {
  name: required(nameText()),
  description: optional(text()),
  tags: optional(resourceTags),
  location: optional(text()),
  id: readOnly(),
  provisioning_errors: readOnly(),
  provisioning_state: readOnly(),
  created_on: readOnly(),
};

const IDENTITIES = {
  system_assigned: "SystemAssigned",
  user_assigned: "UserAssigned",
  none: "None",
  "system_assigned,user_assigned": "SystemAssigned,UserAssigned",
} as const;

const identityNames = ["system_assigned", "user_assigned", "none", "system_assigned,user_assigned"] as const;
const userIdentity = object("an identity", {
  resource_id: required(text()),
  principal_id: readOnly(),
  client_id: readOnly(),
  tenant_id: readOnly(),
});

/** The identity of a compute. Unlike an endpoint, it may have several. */
export const computeIdentity = object(
  "an identity",
  {
    type: required(enumeration(identityNames, { fold: "snake", rest: IDENTITIES })),
    user_assigned_identities: optional(list(userIdentity), { unwritten: true }),
    principal_id: readOnly(),
    tenant_id: readOnly(),
  },
  {
    finish(body, value) {
      const identities = value.user_assigned_identities;
      if (identities === undefined) return body;
      return {
        ...body,
        userAssignedIdentities: Object.fromEntries(identities.map(({ resource_id }) => [resource_id, {}])),
      };
    },
  },
);

export const networkSettings = object(
  "network settings",
  {
    vnet_name: optional(text()),
    subnet: optional(text()),
    public_ip_address: readOnly(),
    private_ip_address: readOnly(),
  },
  {
    check(value, node, at) {
      if (value.vnet_name !== undefined && value.subnet === undefined)
        at.fault(node, `${at.name} names a network and no subnet in it.`, { hint: "Add `subnet:`." });
      else if (value.subnet !== undefined && value.vnet_name === undefined && !value.subnet.startsWith("/"))
        at.fault(node, `${at.name} names a subnet and no network that it lies in.`, {
          hint: "Add `vnet_name:`, or write the subnet's ARM id.",
        });
    },
  },
);

/** The subnet's ARM id; a bare name is one of the workspace's resource group. */
export function subnetOf(value: Infer<typeof networkSettings> | undefined, resolver: Resolver): object | undefined {
  if (value?.subnet === undefined) return undefined;
  const { subscriptionId, resourceGroup } = resolver.workspace;
  const network = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Network/virtualNetworks/${value.vnet_name}`;
  return { id: value.subnet.startsWith("/") ? value.subnet : `${network}/subnets/${value.subnet}` };
}
