// Validates answers of Azure DevOps. Its client accepts any 2xx, and takes what it cannot read for an empty result: an empty list, a
// definition that does not exist. A sign-in page comes as a 203, or as a 200 with HTML.
// Tests: test/lib/agent/azure-devops.test.ts

/** The part of the client that sends: `api.rest.client`. */
interface Sending {
  request(verb: string, url: string, data: unknown, headers: unknown): Promise<Received>;
}
interface Received {
  readonly message: { readonly statusCode?: number; readonly headers: Readonly<Record<string, unknown>> };
  readBody(): Promise<string>;
}

/** Longest piece of an answer that goes into an error. */
const QUOTED = 500;

/**
 * Validates answers: from here on a call of `api` ends with JSON, with 204 and no body, or with an error.
 * A 404 in JSON stays what it is for the client: nothing.
 */
export function onlyAnswers<T>(api: T): T {
  const { client } = (api as { rest: { client: Sending } }).rest;
  const send = client.request.bind(client);
  client.request = async (verb, url, data, headers) => {
    const received = await send(verb, url, data, headers);
    const text = await received.readBody();
    const status = received.message.statusCode ?? 0;
    const fault = faultOf(status, text);
    if (fault !== undefined) throw Object.assign(new Error(fault), { statusCode: status });
    return { message: received.message, readBody: async () => text };
  };
  return api;
}

function faultOf(status: number, text: string): string | undefined {
  if (status === 204) return undefined;
  const json = readJson(text);
  if (status === 203) return "it answered with a sign-in page: it does not accept the token, or not for this";
  if (status >= 300 && status < 400)
    return `it redirected (${status}), and the task does not send its token to another place`;
  if (status < 300) return json === undefined ? `its answer is not JSON (${text.length} characters)` : undefined;
  if (status === 404 && json !== undefined) return undefined;
  const { message } = (json ?? {}) as { message?: unknown };
  return typeof message === "string" ? message.slice(0, QUOTED) : `it answered with status ${status}`;
}

/** An object or a list; anything else answers nothing that is asked here. */
function readJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
