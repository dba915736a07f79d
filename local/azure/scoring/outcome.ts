// Outcome of a scoring request: the container's answer, a 424 that tells of its failure, or a refusal of the gateway.
import type http from "node:http";

/** Headers that belong to one connection and are not passed on (RFC 9110 7.6.1). */
export const ownHeaders = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "host",
  "authorization",
  "content-length",
  "date",
  "server",
]);

/** The answer of a container. */
export interface Answered {
  readonly status: number;
  readonly reason: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The outcome of a request to a deployment. */
export interface Outcome {
  /** The answer that the caller gets. */
  readonly status: number;
  /** The status that the container answered; undefined where it answered nothing. */
  readonly modelStatus?: number;
  /** The container's answer; absent where it answered nothing. */
  readonly answered?: Answered;
  readonly write: (response: http.ServerResponse) => void;
}

/** 200 goes through as it is; anything else that the container says is a 424 (docs/facts/azureml-services.md#6.2). */
export function relayed(answer: Answered): Outcome {
  if (answer.status !== 200) return modelFailed(answer);
  const write = (response: http.ServerResponse) => {
    passHeaders(answer, response);
    response.setHeader("Content-Length", answer.body.length);
    response.writeHead(200).end(answer.body);
  };
  return { status: 200, modelStatus: 200, answered: answer, write };
}

function passHeaders({ headers }: Answered, response: http.ServerResponse): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !ownHeaders.has(name) && name !== "x-request-id") response.setHeader(name, value);
  }
}

export function modelFailed(answer: Answered): Outcome {
  const { status, reason, headers, body } = answer;
  const write = (response: http.ServerResponse) => {
    passHeaders(answer, response);
    response.setHeader("ms-azureml-model-error-statuscode", String(status));
    response.setHeader("ms-azureml-model-error-reason", reason.replace(/[^\x20-\x7e]/g, " "));
    response.setHeader("Content-Type", String(headers["content-type"] ?? "application/json"));
    response.setHeader("Content-Length", body.length);
    response.writeHead(424, "Failed Dependency").end(body);
  };
  return { status: 424, modelStatus: status, answered: answer, write };
}

export const refused = (status: number, code: string, message: string): Outcome => ({
  status,
  write: (response) => refuse(response, status, code, message),
});

export function refuse(response: http.ServerResponse, status: number, code: string, message: string): void {
  const body = Buffer.from(JSON.stringify({ error: { code, message } }));
  response.setHeader("Content-Type", "application/json");
  response.setHeader("Content-Length", body.length);
  response.writeHead(status).end(body);
}
