// The service-endpoint proxy: the server asks a connection's own host on an editor's behalf, with the connection's credentials,
// and gives back what the selector and the template make of the answer (docs/facts/extension.md#2.4, #4.3).
import { authorizationOf, SignInError } from "../outbound/authorization.ts";
import { send, statusName } from "../outbound/request.ts";
import { render, TemplateError } from "../outbound/templates.ts";
import type { Connection } from "../state/connections.ts";
import { parsed, SelectorError, select, write } from "./results.ts";
import type { DataSource, EndpointTypes } from "./types.ts";

/** The body of a POST to endpointproxy, as the official client types it. */
export interface ProxyRequest {
  readonly dataSourceDetails?: {
    readonly dataSourceName?: string;
    readonly dataSourceUrl?: string;
    readonly parameters?: Readonly<Record<string, string>>;
    readonly headers?: DataSource["headers"];
    readonly requestVerb?: string;
    readonly requestContent?: string;
    readonly resourceUrl?: string;
    readonly resultSelector?: string;
    readonly initialContextTemplate?: string;
  };
  readonly resultTransformationDetails?: {
    readonly resultTemplate?: string;
    readonly callbackContextTemplate?: string;
    readonly callbackRequiredTemplate?: string;
  };
  /** A connection that is not saved yet. */
  readonly serviceEndpointDetails?: {
    readonly type?: string;
    readonly url?: string;
    readonly authorization?: { readonly scheme?: string; readonly parameters?: Readonly<Record<string, string>> };
    readonly data?: Readonly<Record<string, string>>;
  };
}

export interface ProxyResult {
  result: readonly string[];
  /** .NET's name of the status; its spelling in this place is not verified against live Azure DevOps. */
  statusCode: string;
  errorMessage: string | null;
  callbackRequired: boolean;
  callbackContextParameters: Readonly<Record<string, string>>;
}

/** Bytes of an answer that the server takes (docs/facts/extension.md#2.4). */
const LARGEST = 2 * 1024 * 1024;
const PATIENCE = 20_000;

/** Nothing was asked; the message says why. */
class Refusal extends Error {
  readonly status: number;
  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

/** The organization, as far as the proxy needs it. */
export interface ProxyHost {
  now(): number;
  readonly connections: { get(idOrName: string): Connection | undefined };
  readonly endpointTypes: Pick<EndpointTypes, "get">;
  issueOidcToken(connection: Connection): string;
}

export class EndpointProxy {
  readonly #world: ProxyHost;
  readonly #network: () => { readonly caFile?: string | undefined };

  constructor(world: ProxyHost, network: () => { readonly caFile?: string | undefined }) {
    this.#world = world;
    this.#network = network;
  }

  /** One page of a data source. A fault is an answer too: its status and sentence are in the result. */
  async execute(endpointId: string, request: ProxyRequest): Promise<ProxyResult> {
    const failed = (status: number, message: string): ProxyResult => ({
      result: [],
      statusCode: statusName(status),
      errorMessage: message,
      callbackRequired: false,
      callbackContextParameters: {},
    });
    try {
      return await this.#execute(this.#connection(endpointId, request), request, failed);
    } catch (error) {
      if (error instanceof Refusal) return failed(error.status, error.message);
      if (error instanceof TemplateError || error instanceof SelectorError) return failed(400, error.message);
      if (error instanceof SignInError) return failed(401, error.message);
      return failed(502, `The service connection could not be queried: ${(error as Error).message}`);
    }
  }

  async #execute(
    connection: Connection,
    request: ProxyRequest,
    failed: (status: number, message: string) => ProxyResult,
  ): Promise<ProxyResult> {
    const asked = request.dataSourceDetails ?? {};
    const source = { ...this.#dataSource(connection, asked.dataSourceName), ...definedOf(asked) };
    const endpoint = { ...connection.authorization.parameters, ...connection.data, url: connection.url };
    const first = asked.initialContextTemplate ? parameters(render(asked.initialContextTemplate, { endpoint })) : {};
    // A later page brings its context among the parameters.
    const context = {
      ...first,
      ...asked.parameters,
      endpoint,
      system: { utcNow: new Date(this.#world.now()).toISOString() },
    };
    const url = this.#checked(connection, render(source.endpointUrl ?? asked.dataSourceUrl ?? "", context));
    const verb = (source.requestVerb ?? "GET").toUpperCase();
    if (verb !== "GET" && verb !== "POST") throw new Refusal(`The request verb ${verb} is not implemented.`);

    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await send(
      {
        method: verb,
        url: url.href,
        headers: await this.#headers(connection, source, context, signal),
        body: source.requestContent ? render(source.requestContent, context) : "",
      },
      this.#network().caFile,
      signal,
    );
    if (answer.status !== 200) {
      const message = `Failed to query service connection API: '${url.href}'. Status Code: '${statusName(answer.status)}', Response from server: '${answer.text.slice(0, 1000)}'`;
      return failed(answer.status, message);
    }
    if (Buffer.byteLength(answer.text) > LARGEST) {
      return failed(413, "The response of the service connection is larger than 2 MB.");
    }
    const transform = request.resultTransformationDetails ?? {};
    const result = write(transform.resultTemplate, select(source.resultSelector ?? "", answer.text));
    const response = /^\s*[{[]/.test(answer.text) ? parsed(answer.text) : answer.text;
    const after = { ...context, response, headers: answer.headers, result: { count: result.length } };
    const { callbackRequiredTemplate, callbackContextTemplate } = transform;
    const goesOn = callbackRequiredTemplate ? /^\s*true\s*$/i.test(render(callbackRequiredTemplate, after)) : false;
    return {
      result,
      statusCode: statusName(answer.status),
      errorMessage: null,
      callbackRequired: goesOn,
      callbackContextParameters:
        goesOn && callbackContextTemplate ? parameters(render(callbackContextTemplate, after)) : {},
    };
  }

  /** The saved connection, or the one in the form, which lacks the secrets that were saved before. */
  #connection(endpointId: string, { serviceEndpointDetails: form }: ProxyRequest): Connection {
    const saved = this.#world.connections.get(endpointId);
    if (form?.type === undefined) {
      if (saved !== undefined) return saved;
      throw new Refusal(`Service connection with id ${endpointId} not found.`, 404);
    }
    const sent = Object.entries(form.authorization?.parameters ?? {}).filter(([, value]) => value !== null);
    return {
      id: endpointId,
      name: saved?.name ?? "new",
      type: form.type,
      url: form.url ?? saved?.url ?? "",
      authorization: {
        scheme: form.authorization?.scheme ?? saved?.authorization.scheme ?? "None",
        parameters: { ...saved?.authorization.parameters, ...Object.fromEntries(sent) },
      },
      data: { ...saved?.data, ...form.data },
    };
  }

  #dataSource(connection: Connection, name: string | undefined): Partial<DataSource> {
    if (!name) return {};
    const sources = this.#world.endpointTypes.get(connection.type)?.dataSources ?? [];
    const found = sources.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    throw new Refusal(`The type ${connection.type} has no data source ${name}.`);
  }

  /** The connection's own host, or one that its type trusts: credentials go nowhere else. */
  #checked(connection: Connection, text: string): URL {
    if (!URL.canParse(text)) throw new Refusal(`The data source's URL '${text}' is none.`);
    const url = new URL(text);
    const own = URL.canParse(connection.url) ? new URL(connection.url).host : "";
    const trusted = this.#world.endpointTypes.get(connection.type)?.trustedHosts ?? [];
    const isTrusted = trusted.some((host) => url.hostname === host || url.hostname.endsWith(`.${host}`));
    if (url.host === own || isTrusted) return url;
    throw new Refusal(`The host ${url.host} is neither the connection's own nor trusted by its type.`);
  }

  async #headers(
    connection: Connection,
    source: Partial<DataSource>,
    context: object,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    const own = (source.headers ?? []).map(({ name, value }): [string, string] => [name, render(value, context)]);
    const authorization = await authorizationOf(connection, source.resourceUrl ?? "", {
      now: () => this.#world.now(),
      send: (request) => send(request, this.#network().caFile, signal),
      oidcToken: (of) => this.#world.issueOidcToken(of),
    });
    return {
      Accept: "application/json",
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...Object.fromEntries(own),
    };
  }
}

/** Fields of the request, under the names of a data source. */
function definedOf(asked: NonNullable<ProxyRequest["dataSourceDetails"]>): Partial<DataSource> {
  const { dataSourceUrl, requestVerb, requestContent, resourceUrl, resultSelector, headers } = asked;
  const given = { endpointUrl: dataSourceUrl, requestVerb, requestContent, resourceUrl, resultSelector, headers };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value)) as Partial<DataSource>;
}

/** A context template's text as parameters. @throws Refusal */
function parameters(text: string): Record<string, string> {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]));
  } catch {
    throw new Refusal(`The context '${text}' of a data source is not JSON.`);
  }
}
