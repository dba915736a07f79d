// Reads the caller's own roles at a scope from Azure's permissions API, and says whether they allow an operation (docs/facts/operations.md#B.6).
// Tests: test/lib/ml/setup/page.test.ts
import type { AzureMl } from "../../azure/index.ts";

/** A role in force, as `GET {scope}/providers/Microsoft.Authorization/permissions` answers it. */
export interface Permission {
  readonly actions?: readonly string[];
  readonly notActions?: readonly string[];
  readonly dataActions?: readonly string[];
  readonly notDataActions?: readonly string[];
}

const VERSION = "2022-04-01";

/** The caller's own roles at a scope. One round trip a page. @throws TaskError as Azure refuses */
export async function permissionsAt(
  { azure, signal }: { readonly azure: AzureMl; readonly signal: AbortSignal },
  scope: string,
): Promise<Permission[]> {
  const roles: Permission[] = [];
  const path = `${scope}/providers/Microsoft.Authorization/permissions`;
  for await (const one of azure.list<Permission>(path, {
    apiVersion: VERSION,
    doing: "read what the service connection's identity may do",
    signal,
  }))
    roles.push(one);
  return roles;
}

/**
 * One role allows an action if one of its patterns is met and none of its own exceptions; what another role excepts makes no
 * difference. `*` stands for any text. Deny assignments, conditions and locks do not show here.
 */
export function allows(roles: readonly Permission[], action: string, data = false): boolean {
  const meets = (patterns: readonly string[] | undefined) =>
    (patterns ?? []).some((pattern) => new RegExp(`^${expression(pattern)}$`, "i").test(action));
  return roles.some((role) =>
    data ? meets(role.dataActions) && !meets(role.notDataActions) : meets(role.actions) && !meets(role.notActions),
  );
}

// Between two slashes `*` also stands for nothing: AzureML Data Scientist has `workspaces/*/write` without `workspaces/write`, as
// the published role says by an exception of its own.
const expression = (pattern: string) =>
  pattern
    .split("/*/")
    .map((part) => part.split("*").map(escaped).join(".*"))
    .join("/(?:.*/)?");

const escaped = (text: string) => text.replace(/[\\^$.+?()[\]{}|]/g, "\\$&");
