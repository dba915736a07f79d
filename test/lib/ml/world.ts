// One local cloud for all of these tests, and a workspace opened on it the way a task opens it.
import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import {
  AzureMl,
  cloudOf,
  createCredential,
  createTransport,
  dryRun,
  type Identity,
  type Transport,
  type TransportOptions,
  WithheldWrites,
} from "../../../lib/azure/index.ts";
import type { Log } from "../../../lib/log.ts";
import { openWorkspace, type Workspace } from "../../../lib/ml/workspace/workspace.ts";
import type { Provenance } from "../../../lib/provenance.ts";
import { contracts } from "../../../local/azure/contract/contracts.ts";
import { storageSuffix, vaultSuffix } from "../../../local/azure/workspace/addresses.ts";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { afterFile } from "../../harness/after-file.ts";

let started: Promise<LocalCloud> | undefined;

/** The cloud of the file that runs: started at the first call, ended after the file's last test. */
export function theCloud(): Promise<LocalCloud> {
  if (started === undefined) {
    const cloud = startCloud({ contracts: contracts() });
    started = cloud;
    afterFile(async () => {
      started = undefined;
      // A story that fails leaves requests on their way; once answered, nobody sends them again.
      await new Promise((resolve) => setTimeout(resolve, 300));
      await (await cloud).close();
    });
  }
  return started;
}

/** A log that remembers. */
export function memoryLog(): Log & { lines: string[]; text(): string } {
  const lines: string[] = [];
  return {
    lines,
    text: () => lines.join("\n"),
    info: (line) => void lines.push(line),
    debug: (line) => void lines.push(`[debug] ${line}`),
    warn: (line) => void lines.push(`[warning] ${line}`),
    remote: (text) => void lines.push(text),
    group: (title, work) => {
      lines.push(`[group] ${title}`);
      return work();
    },
  };
}

export const provenance: Provenance = {
  kind: "build",
  organization: "https://dev.azure.com/contoso/",
  project: "breast-cancer",
  definition: "train",
  runId: "7",
  runNumber: "20261123.1",
  runUri: "https://dev.azure.com/contoso/breast-cancer/_build/results?buildId=7",
  stage: "",
  job: "Job",
  step: "train",
  attempt: 1,
  repositoryUri: "https://dev.azure.com/contoso/breast-cancer/_git/breast-cancer",
  branch: "main",
  commit: "0123456789abcdef0123456789abcdef01234567",
};

export interface Opening {
  readonly identity?: Identity;
  readonly name?: string;
  readonly resourceGroup?: string;
  readonly subscriptionId?: string;
  readonly provenance?: Provenance;
  readonly signal?: AbortSignal;
  /** Another cloud than that of all tests. */
  readonly cloud?: LocalCloud;
  /** Sees each request as it leaves, and what it is signed with, if with a header. */
  readonly onRequest?: (method: string, url: string, authorization?: string) => void;
  /** Stands between the library and the network: answers in the service's place, or hands the request on. */
  readonly between?: (request: PipelineRequest, send: () => Promise<PipelineResponse>) => Promise<PipelineResponse>;
  /** Writes are withheld. */
  readonly dryRun?: boolean;
}

/** An answer that the cloud did not give. */
export function answered(request: PipelineRequest, status: number, body: unknown = ""): PipelineResponse {
  const isText = typeof body === "string";
  const headers = createHttpHeaders(isText ? {} : { "content-type": "application/json" });
  return { request, status, headers, bodyAsText: isText ? body : JSON.stringify(body) };
}

/** Makes the way out that every task has, and lets a test see what leaves by it, or answer in the service's place. */
export const watched =
  ({ onRequest, between }: Pick<Opening, "onRequest" | "between">) =>
  (options: TransportOptions): Transport => {
    const transport = createTransport(options);
    return {
      ...transport,
      httpClient: {
        sendRequest(request) {
          onRequest?.(request.method, request.url, request.headers.get("Authorization"));
          const send = () => transport.httpClient.sendRequest(request);
          return between ? between(request, send) : send();
        },
      },
    };
  };

export async function openAzure(opening: Opening = {}, log: Log = memoryLog()): Promise<AzureMl> {
  const local = opening.cloud ?? (await theCloud());
  const cloud = cloudOf({
    environment: "AzureCloud",
    resourceManagerUrl: local.urls.arm,
    authorityUrl: local.urls.login,
    storageSuffix: storageSuffix(local.azure),
    vaultSuffix: vaultSuffix(local.azure),
  });
  const counted = watched(opening)({
    proxy: { url: local.urls.proxy },
    caFile: local.caFile,
    userAgent: "azure-ml-pipelines/test",
  });
  const used = opening.dryRun ? dryRun(counted, cloud.resourceManager, new WithheldWrites()) : counted;
  const { clientId, secret } = local.credentials.contributor;
  const identity: Identity = opening.identity ?? {
    scheme: "servicePrincipalSecret",
    tenantId: local.tenantId,
    clientId,
    secret,
  };
  const credential = createCredential(cloud, identity, used);
  return new AzureMl({
    cloud,
    credential,
    transport: used,
    subscriptionId: opening.subscriptionId ?? local.subscriptionId,
    log,
  });
}

export async function openLocal(opening: Opening = {}): Promise<Workspace & { log: ReturnType<typeof memoryLog> }> {
  const local = opening.cloud ?? (await theCloud());
  const log = memoryLog();
  const azure = await openAzure(opening, log);
  const workspace = await openWorkspace({
    azure,
    subscriptionId: azure.subscriptionId,
    resourceGroup: opening.resourceGroup ?? local.resourceGroup,
    name: opening.name ?? local.workspace,
    log,
    signal: opening.signal ?? new AbortController().signal,
    provenance: opening.provenance ?? provenance,
  });
  return { ...workspace, log };
}
