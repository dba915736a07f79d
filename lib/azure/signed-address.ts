// Reading what lies at a signed address: a log that grows.
import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import type { AzureMl } from "./client.ts";
import { unreachable } from "./failure.ts";

/** Reads a signed address from `offset` on. `bytes` is undefined where there is nothing new (yet). */
export async function readFrom(azure: AzureMl, signedUrl: string, offset: number, signal?: AbortSignal) {
  const bytesOf = (response: { readableStreamBody?: NodeJS.ReadableStream | undefined }) =>
    collect(response.readableStreamBody);
  const request = createPipelineRequest({
    url: signedUrl,
    method: "GET",
    headers: createHttpHeaders({ "x-ms-range": `bytes=${offset}-`, "x-ms-version": "2021-10-04" }),
    streamResponseStatusCodes: new Set([200, 206]),
    timeout: 60_000,
    ...(signal ? { abortSignal: signal } : {}),
  });
  try {
    const response = await azure.transport.httpClient.sendRequest(request);
    const total = /\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1];
    const length = total === undefined ? undefined : Number(total);
    if (response.status === 206) return { status: 206, bytes: await bytesOf(response), length };
    // A server that knows no ranges sends the whole.
    if (response.status === 200) return { status: 200, bytes: (await bytesOf(response)).subarray(offset), length };
    return { status: response.status, bytes: undefined, length };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable("read the job's log", signedUrl, error);
  }
}

/** The whole of a stream; nothing where there is none. */
export async function collect(stream: NodeJS.ReadableStream | undefined): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream ?? []) pieces.push(Buffer.from(piece as Uint8Array));
  return Buffer.concat(pieces);
}
