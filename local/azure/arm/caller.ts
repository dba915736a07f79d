// The caller of a request: a principal of the tenant with its roles, and how management-plane answers name it.
import type { Author } from "./envelope.ts";

/** One role in force. `*` stands for any text; what `notActions` except is excepted of this role alone. */
export interface Role {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

/** A service principal or managed identity of the tenant. */
export interface Principal {
  readonly clientId: string;
  readonly objectId: string;
  readonly displayName: string;
  /** Client secrets; `expired` ones are refused with AADSTS7000222. */
  readonly secrets: readonly { readonly value: string; readonly expired?: boolean }[];
  /** PEM of the certificate registered for client assertions. */
  readonly certificatePem?: string;
  /** Whether it holds a role on the workspace; without one every plane answers 403. */
  readonly hasAccess: boolean;
  /** The subscriptions in which it holds its roles; all of the tenant's where absent. */
  readonly subscriptions?: readonly string[];
  /** Its rights there and elsewhere, if they are limited. */
  readonly roles?: readonly Role[];
  /** Managed identities have no secret; they get tokens from the identity endpoint. */
  readonly managed?: boolean;
  /** A policy or a fault of the directory that keeps it out whatever it proves: Entra's number and words. */
  readonly refusal?: { readonly number: number; readonly message: string };
}

/** A principal in systemData: an application by its guid (docs/facts/azureml-wire.md#1.3). */
export function author(principal: Principal): Author {
  return { name: principal.objectId, type: "Application" };
}
