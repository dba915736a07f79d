// A service outside of Azure DevOps that a server task calls: answers as a test says, and reports back over REST as ServerTaskHelper does.
import http from "node:http";
import type { AddressInfo } from "node:net";
import { send } from "../../../local/devops/outbound/request.ts";

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}
export type Reply = { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown };

export class OutsideService {
  readonly asked: Asked[] = [];
  /** What is answered; `never` leaves the caller waiting. */
  answer: (asked: Asked) => Reply | "never" = () => ({});
  url = "";
  private readonly server: http.Server;

  constructor() {
    this.server = http.createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        const asked = { method, url, headers, body: Buffer.concat(pieces).toString("utf8") };
        this.asked.push(asked);
        const reply = this.answer(asked);
        if (reply === "never") return;
        response.writeHead(reply.status ?? 200, { "Content-Type": "application/json", ...reply.headers });
        response.end(JSON.stringify(reply.body ?? {}));
      });
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** The fields that server tasks send along by default (docs/facts/extension.md#3.4). */
export interface Callback {
  readonly PlanUrl: string;
  readonly ProjectId: string;
  readonly HubName: string;
  readonly PlanId: string;
  readonly JobId: string;
  readonly TimelineId: string;
  readonly TaskInstanceId: string;
  readonly AuthToken: string;
}

/** Calls a REST route of the plan with the job's token; resolves to status and parsed body. */
export async function report(
  to: Callback,
  caFile: string,
  call: { readonly method: string; readonly path: string; readonly body: unknown; readonly version?: string },
): Promise<{ status: number; body: Record<string, unknown> }> {
  const base = `${to.PlanUrl}${to.ProjectId}/_apis/distributedtask/hubs/${to.HubName}/plans/${to.PlanId}`;
  const headers = {
    "Content-Type": typeof call.body === "string" ? "application/octet-stream" : "application/json",
    Authorization: `Basic ${Buffer.from(`:${to.AuthToken}`).toString("base64")}`,
  };
  const body = typeof call.body === "string" ? call.body : JSON.stringify(call.body);
  const url = `${base}/${call.path}?api-version=${call.version ?? "2.0-preview.1"}`;
  const answer = await send({ method: call.method, url, headers, body }, caFile, AbortSignal.timeout(100_000));
  return { status: answer.status, body: answer.text === "" ? {} : JSON.parse(answer.text) };
}
