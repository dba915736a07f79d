// Addresses of blob storage: the account that one lies in, by this cloud's own hosts.
// Tests: test/lib/azure/storage-answers.test.ts
import type { Cloud } from "./clouds.ts";

/** Azure's rule for names of storage accounts. */
const ACCOUNT = /^[a-z0-9]{3,24}$/;

/** The account that an address lies in; undefined where it is no address of blobs in this cloud's storage. */
export function storageAccountOf(cloud: Cloud, url: URL): string | undefined {
  if (url.protocol !== "https:" || url.username !== "" || url.password !== "") return undefined;
  for (const service of ["blob", "dfs"]) {
    const end = `.${service}.${cloud.storageSuffix.toLowerCase()}`;
    const account = url.host.endsWith(end) ? url.host.slice(0, -end.length) : "";
    if (ACCOUNT.test(account)) return account;
  }
  return undefined;
}
