// Service principals and managed identities of the tenant that an administrator has added to the organization.

/** The identity of a token of Microsoft Entra. */
export interface EntraIdentity {
  readonly objectId: string;
  readonly displayName: string;
}

/** Members: identities whose Microsoft Entra tokens Azure DevOps accepts. Rights within the project are not modelled: a member has all. */
export class Members {
  private readonly ids = new Set<string>();

  add(identity: EntraIdentity): void {
    this.ids.add(identity.objectId.toLowerCase());
  }

  remove(identity: EntraIdentity): void {
    this.ids.delete(identity.objectId.toLowerCase());
  }

  has(identity: EntraIdentity): boolean {
    return this.ids.has(identity.objectId.toLowerCase());
  }
}
