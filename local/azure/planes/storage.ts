// Blob storage as clients see it: TLS and the account's own host name in front of Azurite.
import http from "node:http";

/** Hands every request to Azurite on `port`, host name and all: the account is in the host name. */
export function storageHandler(port: number): http.RequestListener {
  const agent = new http.Agent({ keepAlive: true });
  return (request, response) => {
    const upstream = http.request(
      { host: "127.0.0.1", port, agent, method: request.method, path: request.url, headers: request.headers },
      (answer) => {
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
