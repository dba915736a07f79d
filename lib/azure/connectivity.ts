// Connectivity checks: tells DNS, connection, certificate and proxy failures of a host apart.
// Tests: test/bundle/check-setup.test.ts
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import { bounded } from "../remote-text.ts";
import type { Transport } from "./transport.ts";

export type Connectivity =
  /** `addresses` is empty where the agent's proxy looks names up. */
  | { readonly kind: "answered"; readonly status: number; readonly text: string; readonly addresses: readonly string[] }
  | { readonly kind: "noName"; readonly said: string }
  | { readonly kind: "noWay"; readonly said: string; readonly addresses: readonly string[] }
  | { readonly kind: "certificate"; readonly said: string }
  | { readonly kind: "proxy"; readonly said: string };

/** Milliseconds until somebody must have answered. */
const PATIENCE = 15_000;

/** Statuses with which a proxy says that it does not go there, where no service of Azure speaks. */
const OF_PROXIES = new Set([403, 407, 502, 503, 504]);
/** One of these is in every answer of Azure's services. */
const OF_AZURE = [
  "x-ms-request-id",
  "x-request-id",
  "request-context",
  "x-ms-error-code",
  "x-ms-version",
  "x-aml-cluster",
];

/** Sends one GET without any credential, and once. @throws the signal's reason; nothing else */
export async function checkConnectivity(transport: Transport, url: string, signal: AbortSignal): Promise<Connectivity> {
  const { hostname } = new URL(url);
  const isProxied = transport.goesThroughProxy?.(url) === true;
  let addresses: string[] = [];
  if (!isProxied) {
    try {
      addresses = await addressesOf(hostname);
    } catch (error) {
      return { kind: "noName", said: saidOf(error) };
    }
  }
  const request = createPipelineRequest({
    url,
    method: "GET",
    headers: createHttpHeaders({ "User-Agent": transport.userAgent }),
    timeout: PATIENCE,
    abortSignal: signal,
  });
  try {
    const { status, headers, bodyAsText } = await transport.httpClient.sendRequest(request);
    const isAzure = OF_AZURE.some((name) => headers.get(name) !== undefined);
    const text = bounded(bodyAsText ?? "", 2_000);
    if (isProxied && !isAzure && OF_PROXIES.has(status)) return { kind: "proxy", said: `status ${status}` };
    return { kind: "answered", status, text, addresses };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const said = saidOf(error);
    if (/ENOTFOUND|EAI_AGAIN/.test(said)) return { kind: "noName", said };
    if (/certificate|self.signed|CERT_/i.test(said)) return { kind: "certificate", said };
    return { kind: "noWay", said, addresses };
  }
}

async function addressesOf(hostname: string): Promise<string[]> {
  const plain = hostname.replace(/^\[|\]$/g, "");
  if (isIP(plain) !== 0) return [plain];
  return (await lookup(plain, { all: true })).map(({ address }) => address);
}

function saidOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const text = typeof message === "string" && message !== "" ? message : "the reason is unknown";
  // An address may carry a signature.
  const plain = bounded(text.replaceAll(/https?:\/\/\S+/g, "the address"), 300);
  return typeof code === "string" && !plain.includes(code) ? `${plain} (${code})` : plain;
}

/** Whether an address is one of a private network, as private endpoints have them (RFC 1918, RFC 4193). */
export function isPrivateAddress(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:)/i.test(address);
}
