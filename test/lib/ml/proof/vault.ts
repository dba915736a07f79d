// Keys and certificates in the key vault of local Azure, as somebody with the rights for it makes them.
import type { AzureMl } from "../../../../lib/azure/index.ts";
import type { LocalCloud } from "../../../../local/cloud.ts";
import { openAzure } from "../world.ts";

/** Asks the vault by its own REST, with a token for it. */
export async function askVault(
  cloud: LocalCloud,
  method: "GET" | "POST" | "PATCH",
  path: string,
  body?: object,
  azure?: AzureMl,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const client = azure ?? (await openAzure({ cloud }));
  const token = await client.token(client.cloud.vaultScope);
  const url = path.startsWith("https:") ? path : `${cloud.urls.vault}${path}`;
  const answer = await client.request<Record<string, unknown>>(method, url, {
    anonymous: true,
    headers: { Authorization: `Bearer ${token}` },
    apiVersion: "7.4",
    promises: "anything",
    expect: [400, 401, 403, 404, 501],
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, body: answer.body ?? {} };
}

/** Makes a key, or a new version of one. @returns its id with the version, and without */
export async function newKey(cloud: LocalCloud, name: string, crv = "P-256"): Promise<{ kid: string; id: string }> {
  const { body } = await askVault(cloud, "POST", `/keys/${name}/create`, { kty: "EC", crv });
  const { kid } = body["key"] as { kid: string };
  return { kid, id: kid.replace(/\/[0-9a-f]{32}$/, "") };
}

/** Enables or disables a version. */
export const setEnabled = (cloud: LocalCloud, kid: string, enabled: boolean) =>
  askVault(cloud, "PATCH", kid, { attributes: { enabled } });

/** Imports a certificate with its key. @returns its id with the version */
export async function newCertificate(cloud: LocalCloud, name: string, pem: string): Promise<string> {
  const { body } = await askVault(cloud, "POST", `/certificates/${name}/import`, { value: pem });
  return String(body["id"]);
}
