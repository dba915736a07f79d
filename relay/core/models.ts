// Asks Azure ML's ARM API for its own record of model versions and runs: what every start rests on.

import { PASSING_STATUSES, pauseBefore, retryAfter } from "../../lib/azure/retry.ts";
import { isObject } from "../../lib/plain-objects.ts";
import type { Clock } from "../../lib/poll.ts";
import { texts } from "./events.ts";
import { passes, RelayFault } from "./fault.ts";
import type { Http, HttpResponse } from "./http.ts";
import type { ModelNotice } from "./notice.ts";

/** Has model versions with their stage, and is served in every cloud that has Azure ML v2. */
const API_VERSION = "2024-04-01";

/** A token for the scope, such as `https://management.azure.com/.default`. */
export type TokenSource = (scope: string) => Promise<string>;

export interface ModelVersion {
  readonly notice: ModelNotice;
  /** Milliseconds since the epoch (systemData.createdAt). */
  readonly createdAt: number;
}

/** Azure ML's own data of a run. */
export interface JobRecord {
  readonly status: string;
  readonly experiment: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, string>>;
}

/** A name that an address takes for a step: it would lead to another resource. */
const isStep = (name: string) => name === "." || name === "..";

export class ModelCatalog {
  readonly #parts: {
    readonly http: Http;
    readonly token: TokenSource;
    readonly resourceManager: string;
    readonly scope: string;
    readonly clock: Clock;
  };

  constructor(parts: {
    readonly http: Http;
    readonly token: TokenSource;
    readonly resourceManager: string;
    readonly scope: string;
    readonly clock: Clock;
  }) {
    this.#parts = parts;
  }

  /** Names of the models of a workspace or registry that are not archived. */
  async names(source: string): Promise<string[]> {
    const names: string[] = [];
    for await (const item of this.#list(`${source}/models?api-version=${API_VERSION}&listViewType=ActiveOnly`)) {
      if (item === "none") throw denied(source);
      if (typeof item.name !== "string") throw unreadable(`${source}/models`);
      names.push(item.name);
    }
    return names;
  }

  /**
   * Versions of a model created at `since` or later, oldest first; undefined where Azure ML says that there is no such model.
   * Anonymous versions start nothing.
   */
  async versions(source: string, model: string, since: number): Promise<ModelVersion[] | undefined> {
    const versions: ModelVersion[] = [];
    if (isStep(model)) return undefined;
    const path = `${source}/models/${encodeURIComponent(model)}/versions`;
    const query = `api-version=${API_VERSION}&$orderBy=createdtime%20desc&listViewType=ActiveOnly`;
    for await (const item of this.#list(`${path}?${query}`)) {
      if (item === "none") return undefined;
      const version = readVersion(source, model, item);
      if (version === undefined) continue;
      // Newest first is what was asked for: the first older one ends the list.
      if (version.createdAt < since) break;
      versions.push(version);
    }
    return versions.reverse();
  }

  /** One version, or undefined when there is none. */
  async version(source: string, model: string, version: string): Promise<ModelVersion | undefined> {
    if (isStep(model) || isStep(version)) return undefined;
    const path = `${source}/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}`;
    const item = await this.#get(`${this.#parts.resourceManager}${path}?api-version=${API_VERSION}`);
    const found = item === undefined ? undefined : readVersion(source, model, item);
    return found?.notice.version === version ? found : undefined;
  }

  /** The job of a run, or undefined when there is none. @throws RelayFault where the answer is no record of it */
  async job(source: string, name: string): Promise<JobRecord | undefined> {
    if (isStep(name)) return undefined;
    const url = `${this.#parts.resourceManager}${source}/jobs/${encodeURIComponent(name)}?api-version=${API_VERSION}`;
    const item = await this.#get(url);
    if (item === undefined) return undefined;
    const properties = isObject(item.properties) ? item.properties : {};
    const { status, experimentName } = properties;
    if (item.name !== name || typeof status !== "string") throw unreadable(url);
    const experiment = typeof experimentName === "string" ? experimentName : "";
    return { status, experiment, tags: texts(properties.tags), properties: texts(properties.properties) };
  }

  /** Items of a list; `none` where Azure ML says that there is no such list. */
  async *#list(path: string): AsyncGenerator<Record<string, unknown> | "none"> {
    const { resourceManager } = this.#parts;
    let url: string | undefined = resourceManager + path;
    while (url !== undefined) {
      // nextLink is followed as it is given, but the token goes to ARM and nowhere else.
      if (new URL(url).origin !== new URL(resourceManager).origin) {
        throw new RelayFault("permanent", `Azure ML's list goes on at ${new URL(url).origin}, which is not ARM.`);
      }
      const page: Record<string, unknown> | undefined = await this.#get(url);
      if (page === undefined) return void (yield "none");
      if (!Array.isArray(page.value)) throw unreadable(url);
      for (const item of page.value) {
        if (!isObject(item)) throw unreadable(url);
        yield item;
      }
      url = typeof page.nextLink === "string" && page.nextLink !== "" ? page.nextLink : undefined;
    }
  }

  /** @returns undefined for a 404 in which Azure ML itself says that there is none. */
  async #get(url: string): Promise<Record<string, unknown> | undefined> {
    const { http, token, scope, clock } = this.#parts;
    const bearer = await token(scope);
    for (let turn = 1; ; turn++) {
      const answer = await http({
        method: "GET",
        url,
        headers: { Authorization: `Bearer ${bearer}`, Accept: "application/json" },
      });
      if (answer.status === 404 && isObject(readBody(answer, url).error)) return undefined;
      if (answer.status === 200) return readBody(answer, url);
      // Without the pause's random part: there is one relay, and not a crowd of agents.
      const wait = pauseBefore(turn, retryAfter(answer.headers["retry-after"], clock.now()), () => 0);
      if (PASSING_STATUSES.has(answer.status) && turn < 3 && wait <= 5_000) {
        await clock.sleep(wait);
        continue;
      }
      throw refusal(answer, url, passes(answer.status));
    }
  }
}

function readBody(answer: HttpResponse, url: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(answer.body);
    if (isObject(body)) return body;
  } catch {
    // Said below, with the address.
  }
  throw unreadable(url);
}

/** An invalid answer: neither "there is nothing" nor "there is this". */
function unreadable(url: string): RelayFault {
  const path = URL.canParse(url) ? new URL(url).pathname : url;
  return new RelayFault("temporary", `Azure ML answered ${path} with something other than what was asked for.`);
}

function denied(source: string): RelayFault {
  return new RelayFault(
    "temporary",
    `Azure ML says that there is no ${source}, or not for the relay's identity (404).`,
    {
      status: 404,
      hint: "Check `sources`, and that the identity has the role AzureML Data Scientist, or Reader, there.",
    },
  );
}

function refusal(answer: HttpResponse, url: string, passing: boolean): RelayFault {
  const path = new URL(url).pathname;
  const options = { status: answer.status };
  if (answer.status === 401 || answer.status === 403) {
    return new RelayFault("permanent", `The relay's identity may not read ${path} (${answer.status}).`, {
      ...options,
      hint: "Give it the role AzureML Data Scientist, or Reader, on the workspace.",
    });
  }
  const message = `Azure ML answered ${answer.status} to GET ${path}: ${answer.body.slice(0, 300)}`;
  return new RelayFault(passing ? "temporary" : "permanent", message, options);
}

function readVersion(source: string, name: string, item: Record<string, unknown>): ModelVersion | undefined {
  const properties = isObject(item.properties) ? item.properties : {};
  const system = isObject(item.systemData) ? item.systemData : {};
  const version = item.name;
  const createdAt = typeof system.createdAt === "string" ? system.createdAt : "";
  const time = Date.parse(createdAt);
  if (typeof version !== "string" || Number.isNaN(time) || properties.isAnonymous === true) return undefined;
  return {
    createdAt: time,
    notice: {
      kind: "model",
      source,
      event: { id: `replay:${name}:${version}`, type: "ModelRegistered", time: createdAt, by: "replay" },
      name,
      version,
      tags: texts(properties.tags),
      properties: texts(properties.properties),
      stage: typeof properties.stage === "string" && properties.stage !== "" ? properties.stage : undefined,
      jobName: typeof properties.jobName === "string" && properties.jobName !== "" ? properties.jobName : undefined,
    },
  };
}

/** Order of creation; at the same moment versions that are numbers go by their number. */
export function byCreation(a: ModelVersion, b: ModelVersion): number {
  return (
    a.createdAt - b.createdAt ||
    a.notice.name.localeCompare(b.notice.name, "en") ||
    a.notice.version.localeCompare(b.notice.version, "en", { numeric: true })
  );
}
