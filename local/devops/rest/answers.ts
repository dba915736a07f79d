// Shapes of Azure DevOps' REST answers: values, collections, files, errors. Error shapes and words are from general knowledge of the
// service, not from recordings: not verified against live Azure DevOps.

/** An answer of a handler. `body` is JSON unless `type` says otherwise. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bytes?: Buffer;
  readonly type?: string;
  /** A collection may be asked for without its envelope (`noArrayWrap=true` in Accept). */
  readonly list?: readonly unknown[];
}

export const json = (body: unknown, status = 200): Answer => ({ status, body });

export const none = (status = 204): Answer => ({ status });

export const file = (bytes: Buffer, type = "application/octet-stream"): Answer => ({ status: 200, bytes, type });

/** `{"count":…,"value":[…]}`, and the continuation token of the next page where there is one. */
export function collection(list: readonly unknown[], continuation?: string): Answer {
  return {
    status: 200,
    list,
    body: { count: list.length, value: list },
    ...(continuation === undefined ? {} : { headers: { "x-ms-continuationtoken": continuation } }),
  };
}

/** Cuts the page that `$top` and `continuationToken` ask for. The token is opaque: the place to go on from. */
export function page<T>(all: readonly T[], query: URLSearchParams, most = 1000): Answer {
  const from = Number(query.get("continuationToken") ?? 0);
  if (!Number.isInteger(from) || from < 0)
    throw new RestError(400, "InvalidContinuationTokenException", "The continuation token is not valid.");
  const top = Math.min(Number(query.get("$top") ?? query.get("top") ?? most) || most, most);
  const end = from + top;
  return collection(all.slice(from, end), end < all.length ? String(end) : undefined);
}

/** A refusal. `key` is the `typeKey` that clients branch on. */
export class RestError extends Error {
  readonly status: number;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, key: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.key = key;
    this.headers = headers;
  }

  toJSON(): object {
    return {
      $id: "1",
      innerException: null,
      message: this.message,
      typeName: `Microsoft.VisualStudio.Services.WebApi.${this.key}, Microsoft.VisualStudio.Services.WebApi`,
      typeKey: this.key,
      errorCode: 0,
      eventId: 3000,
    };
  }
}

export const notFound = (key: string, message: string): RestError => new RestError(404, key, message);
export const badRequest = (message: string, key = "VssPropertyValidationException"): RestError =>
  new RestError(400, key, message);

/** The service's enumerations may be asked and sent as numbers; `names` is in the order of those numbers. */
export function enumName<T extends string>(value: unknown, names: Readonly<Record<T, number>>): T | undefined {
  if (typeof value === "number" || (typeof value === "string" && /^\d+$/.test(value))) {
    return (Object.keys(names) as T[]).find((name) => names[name] === Number(value));
  }
  if (typeof value !== "string") return undefined;
  return (Object.keys(names) as T[]).find((name) => name.toLowerCase() === value.toLowerCase());
}

/** Milliseconds as the service writes times; undefined stays away. */
export function time(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString();
}
