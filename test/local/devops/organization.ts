// A local Azure DevOps organization on a TLS listener of its own, and the official client pointed at it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getBearerHandler, WebApi } from "azure-devops-node-api/WebApi.js";
import { extensionFiles } from "../../../local/devops/pages/pages.ts";
import { devOpsApplication } from "../../../local/devops/rest/server.ts";
import type { Build } from "../../../local/devops/state/builds.ts";
import type { Connection } from "../../../local/devops/state/connections.ts";
import { DevOpsWorld } from "../../../local/devops/world.ts";
import { HarRecorder } from "../../../local/network/har.ts";
import { listen } from "../../../local/network/listen.ts";
import { makeAuthority } from "../../../local/network/tls.ts";

export interface Organization {
  readonly world: DevOpsWorld;
  readonly har: HarRecorder;
  readonly caFile: string;
  /** The official client, with this token. */
  client(token: string): WebApi;
  close(): Promise<void>;
}

export async function startOrganization(now?: () => number): Promise<Organization> {
  const authority = await makeAuthority();
  const folder = mkdtempSync(join(tmpdir(), "devops-"));
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, authority.caPem);
  const har = new HarRecorder();
  const world = new DevOpsWorld({ addSecret: (value) => har.addSecret(value), ...(now === undefined ? {} : { now }) });
  const listener = await listen("devops", devOpsApplication(world), { authority, har });
  const pages = await listen("pages", extensionFiles(world), { authority, har });
  world.listensAt(listener.url);
  world.pagesAt(pages.url);
  return {
    world,
    har,
    caFile,
    client: (token) =>
      new WebApi(world.collectionUri, getBearerHandler(token), {
        cert: { caFile, certFile: "", keyFile: "", passphrase: "" },
        ignoreSslError: false,
        keepAlive: false,
      }),
    close: async () => {
      await Promise.all([listener.close(), pages.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A build, and a service connection with workload identity federation. */
export const federatedBuild = (world: DevOpsWorld): { build: Build; connection: Connection } => ({
  build: world.createBuild("train", { branch: "main", commit: "a", requestedFor: "Ada" }),
  connection: world.connections.add({
    name: "aml dev",
    type: "azurerm",
    url: "https://management.azure.com/",
    authorization: { scheme: "WorkloadIdentityFederation", parameters: { tenantid: "t", serviceprincipalid: "c" } },
    data: {},
  }),
});
