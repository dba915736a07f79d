// Blob storage as clients see it: TLS and the account's own host name in front of Azurite.
import http from "node:http";

/** Hands every request to Azurite on `port`, host name and all: the account is in the host name. */
export function storageHandler(port: number): http.RequestListener {
  const agent = new http.Agent({ keepAlive: true });
  return (request, response) => {
    const upstream = http.request(
      { host: "127.0.0.1", port, agent, method: request.method, path: request.url, headers: request.headers },
      (answer) => {
        if (beginsAtTheEnd(answer)) return refuseRange(answer, response);
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    upstream.on("error", (error) => {
      if (response.headersSent) return response.destroy();
      response.writeHead(503, { "Content-Type": "text/plain" });
      response.end(`The local storage server does not answer: ${error.message}`);
    });
    response.on("close", () => {
      if (!response.writableFinished) upstream.destroy();
    });
    request.pipe(upstream);
  };
}

/**
 * A range that begins where the blob ends is 416 InvalidRange with Azure, as it is for an empty blob (facts/04 §11.1); Azurite
 * answers 206 with nothing in it, and a last byte before the first one. Whoever follows a growing log meets this at every look.
 */
function beginsAtTheEnd(answer: http.IncomingMessage): boolean {
  const range = /^bytes (\d+)-(\d+)\//.exec(answer.headers["content-range"] ?? "");
  return answer.statusCode === 206 && range !== null && Number(range[2]) < Number(range[1]);
}

function refuseRange(answer: http.IncomingMessage, response: http.ServerResponse): void {
  answer.resume();
  const { "content-length": _length, etag: _etag, ...headers } = answer.headers;
  const size = answer.headers["content-range"]?.split("/")[1];
  const message = "The range specified is invalid for the current size of the resource.";
  const body = `\uFEFF<?xml version="1.0" encoding="utf-8"?><Error><Code>InvalidRange</Code><Message>${message}\nRequestId:${answer.headers["x-ms-request-id"]}\nTime:${new Date().toISOString()}</Message></Error>`;
  response.writeHead(416, "The range specified is invalid for the current size of the resource.", {
    ...headers,
    "content-range": `bytes */${size}`,
    "content-type": "application/xml",
    "content-length": Buffer.byteLength(body),
    "x-ms-error-code": "InvalidRange",
  });
  response.end(body);
}
