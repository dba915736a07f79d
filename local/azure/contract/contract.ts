// A contract: which operations an api-version has, and what each of them takes and answers.
import type { Shape } from "./shape.ts";

/** Of an operation of the management plane; what is undefined is not published. */
export interface Operation {
  readonly body?: Shape | undefined;
  readonly answer?: Shape | undefined;
  /** The pattern of the last name in the path. */
  readonly name?: Shape | undefined;
}

/** By method and path below the last provider in small letters, each name a `{}`: `put workspaces/{}/jobs/{}`. */
export type Operations = ReadonlyMap<string, Operation>;

/** Published types from one source. */
export interface Contract {
  /** The operations of an api-version; undefined where this source does not have it. */
  operations(apiVersion: string): Operations | undefined;
  /** The api-versions that it has, oldest first. */
  readonly versions: readonly string[];
}

/** The operation of a request in a contract. */
export interface Place {
  /** As in `Operations`. */
  readonly operation: string;
  readonly apiVersion: string;
  /** The last name in the path, of the resource that a request names; undefined for a collection or an action. */
  readonly name: string | undefined;
}

/** Undefined for what is no request to Azure ML or Azure Monitor. @param path without the query */
export function placeOf(method: string, path: string, apiVersion: string): Place | undefined {
  // What an extension has, such as metrics, comes after the resource that it extends.
  const below = /^.*\/providers\/Microsoft\.(?:MachineLearningServices|Insights)\/([^?]+)$/i.exec(path)?.[1];
  if (below === undefined) return undefined;
  const segments = below.split("/");
  const generic = segments.map((segment, index) => (index % 2 === 0 ? segment : "{}")).join("/");
  const name = segments.length % 2 === 0 ? decodeURIComponent(segments.at(-1) ?? "") : undefined;
  return { operation: `${method} ${generic}`.toLowerCase(), apiVersion, name };
}

/** The operation that a contract has there; undefined where it does not have the version, or the version not the operation. */
export function operationAt(contract: Contract, { operation, apiVersion }: Place): Operation | undefined {
  return contract.operations(apiVersion)?.get(operation);
}

/** Keeps what is made for a version. */
export function remembered<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    if (!known.has(key)) known.set(key, make(key));
    return known.get(key) as T;
  };
}
