// Keys and certificates in the key vault of local Azure, as somebody with the rights for it makes them: by its REST, and by no code of lib.
import { readFileSync } from "node:fs";
import https from "node:https";
import { vaultAudience } from "../../../../local/azure/arm/clouds.ts";
import type { LocalCloud } from "../../../../local/cloud.ts";

/** Asks the vault, with a token for it. @param where a path, or an id that the vault has answered */
export function askVault(
  cloud: LocalCloud,
  method: "GET" | "POST" | "PATCH",
  where: string,
  body?: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const { directory, environment } = cloud.azure;
  const principal = directory.find(cloud.credentials.contributor.clientId);
  if (principal === undefined) throw new Error("The contributor is gone.");
  const token = directory.issue(principal, vaultAudience(environment));
  const url = new URL(`${where.startsWith("https:") ? where : `${cloud.urls.vault}${where}`}?api-version=7.4`);
  const options = {
    method,
    // Not every machine resolves names under .localhost.
    host: "127.0.0.1",
    port: url.port,
    path: `${url.pathname}${url.search}`,
    servername: url.hostname,
    ca: readFileSync(cloud.caFile),
    headers: { Host: url.host, Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
  };
  return new Promise((resolve, reject) => {
    const request = https.request(options, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(pieces).toString() || "{}") }),
      );
    });
    request.on("error", reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
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
