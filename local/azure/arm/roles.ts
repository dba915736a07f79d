// Role-based access: role definitions, the permissions API, and the refusal of what no role allows.
import type { Express, RequestHandler } from "express";
import type { Principal, Role } from "./caller.ts";
import { authorizationFailed } from "./errors.ts";

const role = (actions: string[], notActions: string[] = [], dataActions: string[] = []): Role => ({
  actions,
  notActions,
  dataActions,
  notDataActions: [],
});

const ML = "Microsoft.MachineLearningServices/workspaces";
const VAULTS = "Microsoft.KeyVault/vaults";
const BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers";

/** Built-in roles, as Microsoft's reference lists them; of long ones the part that something here asks for. */
export const builtInRoles = {
  contributor: role(
    ["*"],
    [
      "Microsoft.Authorization/*/Delete",
      "Microsoft.Authorization/*/Write",
      "Microsoft.Authorization/elevateAccess/Action",
    ],
  ),
  reader: role(["*/read"]),
  dataScientist: role(
    [`${ML}/*/read`, `${ML}/*/action`, `${ML}/*/delete`, `${ML}/*/write`],
    [
      `${ML}/delete`,
      `${ML}/write`,
      `${ML}/computes/*/write`,
      `${ML}/computes/*/delete`,
      `${ML}/computes/listKeys/action`,
      `${ML}/listKeys/action`,
      `${ML}/hubs/write`,
      `${ML}/hubs/delete`,
      `${ML}/featurestores/write`,
      `${ML}/featurestores/delete`,
    ],
  ),
  storageBlobDataContributor: role(
    [
      `${BLOBS}/delete`,
      `${BLOBS}/read`,
      `${BLOBS}/write`,
      `${BLOBS.replace("/containers", "")}/generateUserDelegationKey/action`,
    ],
    [],
    [
      `${BLOBS}/blobs/delete`,
      `${BLOBS}/blobs/read`,
      `${BLOBS}/blobs/write`,
      `${BLOBS}/blobs/move/action`,
      `${BLOBS}/blobs/add/action`,
    ],
  ),
  keyVaultCryptoOfficer: role([], [], [`${VAULTS}/keys/*`, `${VAULTS}/keyrotationpolicies/*`]),
  keyVaultCertificatesOfficer: role([], [], [`${VAULTS}/certificatecas/*`, `${VAULTS}/certificates/*`]),
  keyVaultCryptoUser: role(
    [],
    [],
    [
      "read",
      "update/action",
      "backup/action",
      "encrypt/action",
      "decrypt/action",
      "wrap/action",
      "unwrap/action",
      "sign/action",
      "verify/action",
    ].map((one) => `${VAULTS}/keys/${one}`),
  ),
  keyVaultReader: role([`${VAULTS}/*/read`], [], [`${VAULTS}/*/read`, `${VAULTS}/secrets/readMetadata/action`]),
  storageBlobDataReader: role([`${BLOBS}/read`], [], [`${BLOBS}/blobs/read`]),
} as const;

/** Those of the principal; where none are told, one with access may do everything. Scopes are not modelled: each is in force everywhere. */
function rolesOf({ hasAccess, roles }: Principal): readonly Role[] {
  if (!hasAccess) return [];
  const { contributor, storageBlobDataContributor, keyVaultCryptoOfficer, keyVaultCertificatesOfficer } = builtInRoles;
  return roles ?? [contributor, storageBlobDataContributor, keyVaultCryptoOfficer, keyVaultCertificatesOfficer];
}

/** Whether one of the roles allows it. */
export function mayDo(principal: Principal, action: string, data = false): boolean {
  const meets = (patterns: readonly string[]) => patterns.some((pattern) => expressionOf(pattern).test(action));
  return rolesOf(principal).some((one) =>
    data ? meets(one.dataActions) && !meets(one.notDataActions) : meets(one.actions) && !meets(one.notActions),
  );
}

// Between two slashes `*` also stands for nothing: else AzureML Data Scientist, which has `workspaces/*/write`, would not need its
// exception of `workspaces/write`.
function expressionOf(pattern: string): RegExp {
  const parts = pattern.split(/(\/\*\/|\*)/).map((part) => {
    if (part === "/*/") return "/(?:.*/)?";
    return part === "*" ? ".*" : part.replace(/[\\^$.+?()[\]{}|]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`, "i");
}

/** Data actions of storage by what a request does. */
export const blobAction = (method: string): string =>
  `${BLOBS}/blobs/${method === "GET" || method === "HEAD" ? "read" : "write"}`;

/** The name of a request's operation in role definitions, by the last provider in its path; undefined where there is none. */
function actionOf(method: string, path: string): string | undefined {
  const from = path.toLowerCase().lastIndexOf("/providers/");
  if (from < 0) return undefined;
  const [provider, ...parts] = path
    .slice(from + "/providers/".length)
    .split("/")
    .filter((part) => part !== "");
  const verbs: Readonly<Record<string, string>> = { GET: "read", HEAD: "read", DELETE: "delete", POST: "action" };
  return [provider, ...parts.filter((_part, index) => index % 2 === 0), verbs[method] ?? "write"].join("/");
}

/** Refuses what no role of the caller allows. Principals without roles of their own were let in before, or not at all. */
export const requireRole: RequestHandler = (request, response, next) => {
  const caller = response.locals["caller"] as Principal;
  // Whoever began an operation may ask how it goes: roles of a workspace alone deploy, as Microsoft's pages on them say.
  const isOwn = /\/locations\/[^/]+\/[a-z]*operation(s?status|results)\//i.test(request.path);
  const action = caller.roles === undefined || isOwn ? undefined : actionOf(request.method, request.path);
  if (action !== undefined && !mayDo(caller, action))
    throw authorizationFailed(caller.clientId, caller.objectId, action, request.path);
  next();
};

/** `GET {scope}/providers/Microsoft.Authorization/permissions`: the caller's roles at any scope (docs/facts/operations.md#B.6). */
export function mountPermissions(app: Express): void {
  app.get(/^\/subscriptions\/.+\/providers\/Microsoft\.Authorization\/permissions\/?$/i, (_request, response) => {
    response.json({ value: rolesOf(response.locals["caller"] as Principal) });
  });
}
