// The data collector's own endpoint beside a container: scripts report tables to it by HTTP, as the package azureml-ai-monitoring does
// (its version 1.0.0 was read: the environment, the path and the headers).
import { writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { DeploymentRecord } from "../records/online-endpoint.ts";
import type { AzureWorld } from "../world/world.ts";
import { collectionsOf, dataCollector } from "./data-collector.ts";

/** A listener of this machine for one container. */
export interface CollectorSink {
  /** Variables by which scripts find it. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Opens the endpoint; undefined where the deployment collects nothing. @param folder of the container, for the configuration */
export async function openSink(
  world: AzureWorld,
  deployment: DeploymentRecord,
  folder: string,
  instance: string,
): Promise<CollectorSink | undefined> {
  const collections = collectionsOf(deployment);
  if (collections.size === 0) return undefined;
  const server = http.createServer((request, response) => {
    void take(world, deployment, instance, request).then(
      (status) => response.writeHead(status).end(),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  server.unref();
  const settings = [...collections].map(([name, { samplingRate }]) => [
    name,
    { enabled: true, sampleRatePercentage: (samplingRate ?? 1) * 100 },
  ]);
  const configuration = join(folder, "mdc-config.json");
  await writeFile(configuration, JSON.stringify({ runMode: "cloud", collections: Object.fromEntries(settings) }));
  const { port } = server.address() as AddressInfo;
  const environment = {
    ...{ AZUREML_MDC_CONFIG_PATH: configuration, AZUREML_MDC_HOST: "127.0.0.1", AZUREML_MDC_PORT: String(port) },
  };
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { environment, close };
}

/** Keeps one report. @returns the status */
async function take(
  world: AzureWorld,
  deployment: DeploymentRecord,
  instance: string,
  request: http.IncomingMessage,
): Promise<number> {
  if (request.method !== "POST" || request.url !== "/modeldata/log") return 404;
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece as Uint8Array));
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return value === undefined ? undefined : String(value);
  };
  const collection = /^azureml\.inference\.([\w-]+)$/.exec(header("ce-type") ?? "")?.[1];
  if (collection === undefined) return 400;
  const correlation = header("ce-x-request-id");
  const isOn = dataCollector(world).collect(deployment, {
    ...{ collection, instance, body: Buffer.concat(pieces), contentType: header("content-type") ?? "application/json" },
    attributes: {
      ...{ correlationid: correlation, xrequestid: correlation, modelversion: header("ce-model-version") },
      ...{ collectdatatype: header("ce-collect-data-type"), agent: header("ce-agent") },
    },
  });
  return isOn ? 200 : 400;
}
