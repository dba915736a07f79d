// Reads a blob at a signed URL, a piece at a time: for example a growing log of any size.
// Tests: test/lib/azure/blobs.test.ts
import { createHttpHeaders, createPipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { TaskError } from "../errors.ts";
import type { AzureMl } from "./client.ts";
import { unreachable } from "./failure.ts";

/** A piece of what lies there. */
export interface Piece {
  /** Empty where there is nothing at that place (yet). */
  readonly bytes: Buffer;
  /** Length of the whole in bytes, where the answer says it. */
  readonly total: number | undefined;
}

/** Milliseconds until the answer's head must be there, and between two parts of its body. */
const PATIENCE = 60_000;

/**
 * Reads from `from` on as many bytes as `room` holds, and no more, whatever the other side sends (ranges: docs/facts/azureml-wire.md#11.1).
 * One round trip; no second attempt.
 * @param room where the bytes are put: the piece is a part of it
 * @param doing for errors: "read the file outputs/rows.csv"
 * @returns an empty piece where it ends before, and undefined where nothing lies there
 * @throws TaskError for every other answer, and where nobody answers; the signal's reason when it is aborted
 */
export async function readPiece(
  azure: AzureMl,
  signedUrl: string,
  from: number,
  room: Buffer,
  signal?: AbortSignal,
  doing = "read the job's log",
): Promise<Piece | undefined> {
  const request = createPipelineRequest({
    url: signedUrl,
    method: "GET",
    headers: createHttpHeaders({
      "x-ms-range": `bytes=${from}-${from + room.length - 1}`,
      "x-ms-version": "2021-10-04",
    }),
    streamResponseStatusCodes: new Set([200, 206]),
    timeout: PATIENCE,
    ...(signal ? { abortSignal: signal } : {}),
  });
  try {
    const response = await azure.transport.httpClient.sendRequest(request);
    switch (response.status) {
      case 206:
        return { bytes: await part(response, 0, room, signal), total: totalOf(response, /\/(\d+)$/) };
      case 200: {
        // A server that knows no ranges sends the whole.
        const length = response.headers.get("Content-Length");
        const total = length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
        return { bytes: await part(response, from, room, signal), total };
      }
      case 416:
        return { bytes: Buffer.alloc(0), total: totalOf(response, /^bytes \*\/(\d+)$/) };
      case 404:
        return undefined;
      default:
        throw new TaskError("service", `Azure answered ${response.status} when asked to ${doing}.`, {
          errorCode: "AML1113",
          status: response.status,
        });
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error instanceof TaskError ? error : unreachable(doing, signedUrl, error);
  }
}

function totalOf(response: PipelineResponse, pattern: RegExp): number | undefined {
  const size = pattern.exec(response.headers.get("Content-Range") ?? "")?.[1];
  return size === undefined ? undefined : Number(size);
}

/** The bytes of the body after the first `skip`, until the room is full; what comes after them is not waited for. */
async function part(response: PipelineResponse, skip: number, room: Buffer, signal?: AbortSignal): Promise<Buffer> {
  const stream = response.readableStreamBody as NodeJS.ReadableStream & { destroy(error?: Error): void };
  if (stream === undefined) return Buffer.alloc(0);
  const stop = (why: Error) => stream.destroy(why);
  const tooLate = () => stop(new Error(`no data came for ${PATIENCE / 1000} seconds`));
  const cancel = () => stop(new Error("cancelled"));
  let timer = setTimeout(tooLate, PATIENCE);
  signal?.addEventListener("abort", cancel, { once: true });
  let taken = 0;
  let left = skip + room.length;
  try {
    for await (const one of stream) {
      clearTimeout(timer);
      timer = setTimeout(tooLate, PATIENCE);
      const whole = one as Buffer;
      const passed = skip + room.length - left;
      taken += whole.copy(
        room,
        taken,
        Math.max(0, Math.min(skip - passed, whole.length)),
        Math.min(left, whole.length),
      );
      left -= Math.min(whole.length, left);
      if (left === 0) break;
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  }
  return room.subarray(0, taken);
}
