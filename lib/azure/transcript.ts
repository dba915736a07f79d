// A transcript of what was asked of Azure and what was answered, for comparing one cloud with another: methods, places, statuses and the
// shapes of bodies. It holds no name, id or value, except words that the services define, such as a state or an error's code.
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import type { Cloud } from "./clouds.ts";
import { readJson } from "./json.ts";
import type { Transport } from "./transport.ts";

/** The type of a value, the shapes of an object's fields, or in one item what the items of a list have in common. */
export type Shape = string | { readonly [key: string]: Shape } | readonly Shape[];

export interface TranscribedExchange {
  readonly method: string;
  /** `arm`, `login`, `storage`, `scoring`, or the name of one of the workspace's services. */
  readonly service: string;
  /** Names and ids are `{}`. */
  readonly path: string;
  /** Names of the parameters, sorted; of api-version the value too. */
  readonly query: readonly string[];
  /** 0: no answer came. */
  readonly status: number;
  readonly sent?: Shape;
  readonly answered?: Shape;
  /** Words of the service's own by where they stand: `properties.status` is `Completed`. */
  readonly words?: Readonly<Record<string, string>>;
}

/** The same transport, which tells each exchange as it ends. Only JSON has a shape; files that are sent or streamed have none. */
export function transcribing(transport: Transport, cloud: Cloud, tell: (one: TranscribedExchange) => void): Transport {
  return {
    ...transport,
    httpClient: {
      async sendRequest(request) {
        try {
          const response = await transport.httpClient.sendRequest(request);
          tell(exchange(cloud, request, response));
          return response;
        } catch (error) {
          tell(exchange(cloud, request, undefined));
          throw error;
        }
      },
    },
  };
}

function exchange(cloud: Cloud, request: PipelineRequest, response: PipelineResponse | undefined): TranscribedExchange {
  const url = new URL(request.url);
  const service = serviceOf(cloud, url);
  // The request and reply of an endpoint, and of any host outside Azure, are the user's data: even field names may be confidential.
  const isTold = service !== "other";
  const sent = isTold && typeof request.body === "string" ? jsonIn(request.body) : undefined;
  const answered = isTold ? jsonIn(response?.bodyAsText ?? undefined) : undefined;
  const words = answered === undefined ? {} : wordsIn(answered, "");
  return {
    method: request.method,
    service,
    path: pathOf(service, url),
    query: [...new Set(isTold ? url.searchParams.keys() : [])]
      .sort()
      .map((name) => (name === "api-version" ? `${name}=${url.searchParams.get(name)}` : name)),
    status: response?.status ?? 0,
    ...(sent === undefined ? {} : { sent: shapeOf(sent) }),
    ...(answered === undefined ? {} : { answered: shapeOf(answered) }),
    ...(Object.keys(words).length === 0 ? {} : { words }),
  };
}

const LONGEST_BODY = 5_000_000;

function jsonIn(text: string | undefined): object | undefined {
  if (!text || text.length > LONGEST_BODY) return undefined;
  const read = readJson(text);
  return "value" in read && typeof read.value === "object" && read.value !== null ? read.value : undefined;
}

/** Fields whose keys are names that people gave, in small letters and without `_`. */
const NAMED = new Set([
  "tags",
  "traffic",
  "mirrortraffic",
  "inputs",
  "outputs",
  "environmentvariables",
  "services",
  "jobs",
  "webhooks",
  "userassignedidentities",
  "flavors",
  "metrics",
  "parameters",
  "searchspace",
  "keys",
  "metadata",
  "conf",
]);
const isNamed = (key: string) => NAMED.has(key.toLowerCase().replaceAll("_", ""));
const DEEPEST = 12;

function shapeOf(value: unknown, depth = 0): Shape {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  if (depth >= DEEPEST) return "…";
  if (Array.isArray(value)) {
    const items = value.slice(0, 50).map((one) => shapeOf(one, depth + 1));
    return items.length === 0 ? [] : [items.reduce(merged)];
  }
  if (!Object.keys(value).every(isField)) return bagOf(value, depth);
  const fields = Object.entries(value).map(([key, one]): [string, Shape] => [
    key,
    isBag(key, depth) ? bagOf(one, depth + 1) : shapeOf(one, depth + 1),
  ]);
  return Object.fromEntries(fields);
}

/** Whether a key is a field's name, and no address or id that stands for one. */
const isField = (key: string): boolean => /^[$@]?[A-Za-z_][\w.@-]{0,60}$/.test(key) && !/[0-9a-f]{8}/i.test(key);

/** The `properties` within `properties` of a resource are a bag of names too. */
const isBag = (key: string, depth: number) => isNamed(key) || (key === "properties" && depth >= 1);

function bagOf(value: unknown, depth: number): Shape {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return shapeOf(value, depth);
  const shapes = Object.values(value).map((one) => shapeOf(one, depth));
  return shapes.length === 0 ? {} : { "*": shapes.reduce(merged) };
}

/** The union of both shapes; where they differ in type, both types. */
export function merged(one: Shape, other: Shape): Shape {
  if (typeof one === "string" || typeof other === "string") {
    const types = new Set([one, other].flatMap((shape) => (typeof shape === "string" ? shape.split("|") : ["object"])));
    if (typeof one !== "string" && types.size <= 2 && types.has("null")) return one;
    if (typeof other !== "string" && types.size <= 2 && types.has("null")) return other;
    return [...types].sort().join("|");
  }
  if (Array.isArray(one) || Array.isArray(other)) {
    const items = [...(Array.isArray(one) ? one : []), ...(Array.isArray(other) ? other : [])] as Shape[];
    return items.length === 0 ? [] : [items.reduce(merged)];
  }
  const [left, right] = [one, other] as Readonly<Record<string, Shape>>[];
  const keys = [...new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])];
  return Object.fromEntries(
    keys.map((key) => {
      const [a, b] = [left?.[key], right?.[key]];
      return [key, a === undefined ? (b as Shape) : b === undefined ? a : merged(a, b)];
    }),
  );
}

/** Fields whose values are the service's own words. */
const WORDS = new Set([
  "status",
  "provisioningstate",
  "jobtype",
  "computetype",
  "authmode",
  "secretstype",
  "credentialstype",
  "datastoretype",
  "code",
  "state",
  "error_code",
]);

function wordsIn(value: unknown, at: string, depth = 0): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || depth > 5) return {};
  const found: Record<string, string> = {};
  for (const [key, one] of Object.entries(value)) {
    if (isBag(key, depth) || !isField(key)) continue;
    const place = at === "" ? key : `${at}.${key}`;
    if (typeof one === "string" && WORDS.has(key.toLowerCase()) && /^[A-Za-z][A-Za-z0-9_]{0,40}$/.test(one))
      found[place] = one;
    else Object.assign(found, wordsIn(one, place, depth + 1));
  }
  return found;
}

const SERVICES = new Set([
  "discovery",
  "history",
  "mlflow",
  "data",
  "artifact",
  "metric",
  "modelregistry",
  "assetstore",
]);

function serviceOf(cloud: Cloud, { origin, host, pathname }: URL): string {
  if (origin === new URL(cloud.resourceManager).origin) return "arm";
  if (origin === new URL(cloud.authority).origin) return "login";
  if (/\.(blob|dfs)\./.test(host)) return "storage";
  const first = pathname.split("/")[1]?.toLowerCase() ?? "";
  return SERVICES.has(first) ? first : "other";
}

/** Parts of an address after which a name stands. */
const NOUNS = new Set(
  "subscriptions resourcegroups workspaces registries jobs models versions data environments components codes computes datastores onlineendpoints batchendpoints deployments schedules connections locations storageaccounts experiments runs experimentids mfeoperationsstatus mfeoperationresults computeoperationsstatus operations".split(
    " ",
  ),
);

function pathOf(service: string, { pathname }: URL): string {
  const parts = pathname.split("/");
  if (service === "storage") return parts.map((part) => (part === "" ? part : "{}")).join("/");
  if (service === "other") return "/{}";
  // MLflow's own part has verbs where others have names: runs/get.
  const own = service === "mlflow" ? parts.findIndex((part, index) => part === "mlflow" && index > 1) : -1;
  return parts
    .map((part, index) => {
      const before = parts[index - 1]?.toLowerCase() ?? "";
      // artifacts/ORIGIN/CONTAINER, and a run's container holds the run's name.
      const isContainer = service === "artifact" && parts[index - 2]?.toLowerCase() === "artifacts";
      const isName = (NOUNS.has(before) || isContainer) && part !== "" && (own < 0 || index < own);
      const isId = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(part) || /^\d+$/.test(part) || /[0-9a-f]{24}/i.test(part);
      return isName || isId ? "{}" : part;
    })
    .join("/");
}
