// A place where the log of a job lies, beside the local cloud: made up range by range, so that it can be of any size.
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { AgentNetwork } from "../../local/agent/network.ts";
import type { LocalCloud } from "../../local/cloud.ts";

/** What lies there, as bytes from `from` to `to` (without it) of `size`. */
export interface ServedLog {
  readonly size: number;
  read(from: number, to: number): Buffer;
}

/** A log that is a text. */
export const textLog = (text: string | Buffer): ServedLog => {
  const bytes = Buffer.from(text as string);
  return { size: bytes.length, read: (from, to) => bytes.subarray(from, to) };
};

/** A log of whole lines of one length, each with its number: `size` is rounded down to a whole line. */
export function numberedLog(size: number, lineLength = 100): ServedLog & { readonly lines: number } {
  const lines = Math.floor(size / lineLength);
  const line = (number: number) =>
    `filler ${String(number).padStart(12, "0")} `.padEnd(lineLength - 1, "abcdefghijklmnopqrstuvwxyz").concat("\n");
  return {
    lines,
    size: lines * lineLength,
    read(from, to) {
      const first = Math.floor(from / lineLength);
      const last = Math.ceil(to / lineLength);
      const pieces: string[] = [];
      for (let number = first; number < last; number++) pieces.push(line(number));
      const start = first * lineLength;
      return Buffer.from(pieces.join("")).subarray(from - start, to - start);
    },
  };
}

export interface LogServer {
  readonly url: string;
  /** What is there now; set anew to let the log grow or be replaced. Undefined: 404. */
  log: ServedLog | undefined;
  /** Whether ranges are understood; otherwise the whole is sent. */
  ranges: boolean;
  /** Answers with this status, or breaks the connection off, as long as it says so. */
  fault: ((asked: number) => number | "reset" | undefined) | undefined;
  /** Bytes of the largest answer so far, and how many requests there were. */
  readonly seen: { largest: number; requests: number };
  /** The agent's network, with a way past the cloud's own proxy. */
  readonly network: AgentNetwork;
  close(): Promise<void>;
}

/** Starts the server; from now on run history names it as the place of the logs that `isServed` says yes to. */
export async function serveLogs(
  cloud: LocalCloud,
  isServed: (path: string) => boolean = (path) => path.endsWith("user_logs/std_log.txt"),
): Promise<LogServer> {
  const seen = { largest: 0, requests: 0 };
  const server = https.createServer({ key: cloud.tls.keyPem, cert: cloud.tls.certPem }, (request, response) => {
    seen.requests += 1;
    const fault = served.fault?.(seen.requests);
    if (fault === "reset") return void request.socket.destroy();
    const { log } = served;
    if (fault !== undefined || log === undefined) return void response.writeHead(fault ?? 404).end();
    const asked = /^bytes=(\d+)-(\d*)$/.exec(String(request.headers["x-ms-range"] ?? request.headers.range ?? ""));
    if (!served.ranges || asked === null) {
      response.writeHead(200, { "Content-Length": String(log.size) });
      return void sendPieces(response, log, 0, log.size);
    }
    const from = Number(asked[1]);
    const to = Math.min(asked[2] === "" ? log.size : Number(asked[2]) + 1, log.size);
    if (from >= log.size) {
      response.writeHead(416, { "Content-Range": `bytes */${log.size}`, "x-ms-error-code": "InvalidRange" });
      return void response.end();
    }
    seen.largest = Math.max(seen.largest, to - from);
    response.writeHead(206, {
      "Content-Range": `bytes ${from}-${to - 1}/${log.size}`,
      "Content-Length": String(to - from),
    });
    sendPieces(response, log, from, to);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { blobs } = cloud.azure;
  const signed = blobs.sasUrl.bind(blobs);
  const served: LogServer = {
    url: `https://localhost:${port}/log`,
    log: undefined,
    ranges: true,
    fault: undefined,
    seen,
    network: { proxyUrl: cloud.urls.proxy, caFile: cloud.caFile, proxyBypassList: [`https://localhost:${port}/`] },
    close: async () => {
      blobs.sasUrl = signed;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  blobs.sasUrl = (container, name, ...rest) =>
    isServed(name) ? `${served.url}?sig=not-a-real-one` : signed(container, name, ...rest);
  return served;
}

/** Sends a part of a log in pieces of a megabyte, as fast as they are taken. */
async function sendPieces(response: import("node:http").ServerResponse, log: ServedLog, from: number, to: number) {
  for (let at = from; at < to && !response.destroyed; at += 1 << 20) {
    if (!response.write(log.read(at, Math.min(at + (1 << 20), to))))
      await new Promise((resolve) => {
        const go = () => {
          response.off("drain", go).off("close", go);
          resolve(undefined);
        };
        response.on("drain", go).on("close", go);
      });
  }
  response.end();
}
