// Permissions of the build service, by security namespace: everything but what was denied. Namespaces and bits are those of Microsoft's
// reference of security namespaces; that the build service of a new project may do less is not modelled.

/** Namespaces that are evaluated here. */
export const namespaces = {
  build: "33344d9c-fc72-4d6f-aba5-fa317101a7e9",
  project: "52d39943-cb85-4d7f-8fa8-c6baac873819",
  git: "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87",
  areas: "83e28ad4-2d72-4ceb-97b0-c7726d5502c3",
} as const;
export type Namespace = keyof typeof namespaces;

/** Bits of those permissions that something here asks for. */
export const permissions = {
  build: {
    ...{ ViewBuilds: 1, UpdateBuildInformation: 64, QueueBuilds: 128, StopBuilds: 512 },
    // Azure DevOps' release notes of sprint 237; the bit from public listings of the namespace.
    EditPipelineQueueConfigurationPermission: 65536,
  },
  project: { PUBLISH_TEST_RESULTS: 8 },
  git: { GenericRead: 2, GenericContribute: 4, PullRequestContribute: 16384 },
  areas: { WORK_ITEM_READ: 16, WORK_ITEM_WRITE: 32 },
} as const;

export type PermissionOf<Space extends Namespace> = keyof (typeof permissions)[Space] & string;

export class Permissions {
  private readonly denied: { readonly namespace: string; readonly bits: number }[] = [];

  /** From now on the build service may not do this. */
  deny<Space extends Namespace>(namespace: Space, permission: PermissionOf<Space>): void {
    const bits = (permissions[namespace] as Readonly<Record<string, number>>)[permission] ?? 0;
    this.denied.push({ namespace: namespaces[namespace], bits });
  }

  /** Takes back all denials. */
  clear(): void {
    this.denied.length = 0;
  }

  isNamespace(id: string): boolean {
    return Object.values<string>(namespaces).includes(id.toLowerCase());
  }

  /** Whether all of these bits are allowed, as the service evaluates them. */
  allows(namespaceId: string, bits: number): boolean {
    return !this.denied.some((one) => one.namespace === namespaceId.toLowerCase() && (one.bits & bits) !== 0);
  }
}
