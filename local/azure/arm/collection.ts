// Named assets with versions, as every kind of asset keeps them, and how lists of anything are filtered, ordered and paged.
import type { Request } from "express";
import { type Author, newStamps, type Stamps, timestamp } from "./envelope.ts";
import { choice, holds, oldestFirst, paged, text, whole } from "./query.ts";

/** The nouns whose assets have containers and versions. */
export type AssetNoun = "codes" | "data" | "models" | "environments" | "components";

/** One version of an asset. `properties` is what the resource file stored, already normalised. */
export interface AssetVersion {
  readonly name: string;
  readonly version: string;
  properties: Record<string, unknown>;
  stamps: Stamps;
  /** Counts upwards over the whole store: the order of creation. */
  readonly sequence: number;
}

/** The container of an asset's versions. */
export interface AssetContainer {
  readonly name: string;
  properties: Record<string, unknown>;
  stamps: Stamps;
  readonly sequence: number;
  versions: AssetVersion[];
  /** The highest number that a deleted version had. */
  lastDeleted?: number;
}

/** The containers of an asset store; `changed` is to be called when one was changed in place. */
export interface Records<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): unknown;
  delete(key: string): boolean;
  values(): Iterable<T>;
  readonly size: number;
  changed(): void;
}

/** Containers and versions of one noun (models, data, environments, components, codes). */
export class AssetStore {
  readonly #records: Records<AssetContainer>;
  readonly #now: () => number;
  readonly #created: (asset: AssetVersion) => void;
  readonly #ignoresCase: boolean;

  /**
   * @param noun names of components are looked up without case: a pipeline that names `components/Train/versions/31` was taken
   *   with `train` registered (recorded 2023). Nothing says so of other nouns
   * @param created told of each version that is new
   */
  constructor(
    noun: AssetNoun,
    records: Records<AssetContainer>,
    now: () => number,
    created: (asset: AssetVersion) => void = () => {},
  ) {
    this.#ignoresCase = noun === "components";
    this.#records = records;
    this.#now = now;
    this.#created = created;
  }

  containers(): AssetContainer[] {
    return [...this.#records.values()];
  }

  container(name: string): AssetContainer | undefined {
    const found = this.#records.get(name);
    if (found !== undefined || !this.#ignoresCase) return found;
    const wanted = name.toLowerCase();
    return this.containers().find((one) => one.name.toLowerCase() === wanted);
  }

  version(name: string, version: string): AssetVersion | undefined {
    return this.container(name)?.versions.find((one) => one.version === version);
  }

  /** Every version of every container. */
  versions(): AssetVersion[] {
    return this.containers().flatMap((container) => container.versions);
  }

  /** Creates or replaces a version, and its container if there was none. The creation stamps of an existing one stay. */
  put(
    name: string,
    version: string,
    properties: Record<string, unknown>,
    author: Author,
  ): { asset: AssetVersion; created: boolean } {
    const container = this.container(name) ?? this.putContainer(name, {}, author);
    const existing = container.versions.find((one) => one.version === version);
    if (existing !== undefined) {
      existing.properties = properties;
      existing.stamps = { ...existing.stamps, lastModifiedAt: timestamp(this.#now()), lastModifiedBy: author };
      this.#records.changed();
      return { asset: existing, created: false };
    }
    const stamps = newStamps(this.#now(), author);
    const asset: AssetVersion = {
      ...{ name: container.name, version, properties, stamps },
      sequence: this.#nextSequence(),
    };
    container.versions.push(asset);
    container.stamps = { ...container.stamps, lastModifiedAt: stamps.lastModifiedAt, lastModifiedBy: author };
    this.#records.changed();
    this.#created(asset);
    return { asset, created: true };
  }

  /** Creates a container or merges `properties` into it. */
  putContainer(name: string, properties: Record<string, unknown>, author: Author): AssetContainer {
    const existing = this.container(name);
    if (existing !== undefined) {
      existing.properties = { ...existing.properties, ...properties };
      existing.stamps = { ...existing.stamps, lastModifiedAt: timestamp(this.#now()), lastModifiedBy: author };
      this.#records.changed();
      return existing;
    }
    const container: AssetContainer = {
      name,
      properties,
      stamps: newStamps(this.#now(), author),
      sequence: this.#nextSequence(),
      versions: [],
    };
    this.#records.set(name, container);
    return container;
  }

  /** @returns whether there was one */
  delete(name: string, version: string): boolean {
    const container = this.container(name);
    const index = container?.versions.findIndex((one) => one.version === version) ?? -1;
    if (container === undefined || index < 0) return false;
    const [gone] = container.versions.splice(index, 1);
    if (gone !== undefined && isNumber(gone.version))
      container.lastDeleted = Math.max(container.lastDeleted ?? 0, Number(gone.version));
    this.#records.changed();
    return true;
  }

  deleteContainer(name: string): boolean {
    return this.#records.delete(this.container(name)?.name ?? name);
  }

  /** The most recently created version, not the highest (docs/facts/azureml-wire.md#5). */
  latest(name: string): AssetVersion | undefined {
    return this.container(name)?.versions.reduce<AssetVersion | undefined>(
      (latest, one) => (latest === undefined || one.sequence > latest.sequence ? one : latest),
      undefined,
    );
  }

  /**
   * The next integer, ignoring versions that are no numbers (docs/facts/azureml-wire.md#5). Numbers of deleted versions are not given again: a public
   * report of models (Azure/azure-sdk-for-python#28423).
   */
  nextVersion(name: string): string {
    const { versions = [], lastDeleted = 0 } = this.container(name) ?? {};
    const numbers = versions
      .map((one) => one.version)
      .filter(isNumber)
      .map(Number);
    return String(Math.max(lastDeleted, ...numbers) + 1);
  }

  #nextSequence(): number {
    const used = this.containers().flatMap((one) => [one.sequence, ...one.versions.map((each) => each.sequence)]);
    return Math.max(0, ...used) + 1;
  }
}

const isNumber = (version: string): boolean => /^\d+$/.test(version);

/** Fields of an item that lists filter and order by. */
export interface Listed {
  readonly properties: Record<string, unknown>;
  readonly stamps: Stamps;
  readonly sequence: number;
}

/** Query parameters that `select` reads in addition to the paging. */
export const selected: readonly string[] = [...paged, "listViewType", "$orderBy"];

/**
 * Filters and orders by the query as the service does: listViewType (ActiveOnly unless said), `tags` and `properties`
 * (comma list of `key` or `key=value`), `stage`, `$orderBy=createdtime asc|desc`; newest first unless said (docs/facts/azureml-wire.md#5).
 * A route declares those of them that its operation has.
 */
export function select<T extends Listed>(items: readonly T[], query: Request["query"]): T[] {
  const view = choice(query, "listViewType", ["ActiveOnly", "ArchivedOnly", "All"]) ?? "ActiveOnly";
  const archived = (item: T) => item.properties["isArchived"] === true;
  const tags = text(query, "tags") ?? text(query, "tag") ?? text(query, "$tags");
  const stage = text(query, "stage");
  const chosen = items.filter(
    (item) =>
      (view === "All" || archived(item) === (view === "ArchivedOnly")) &&
      holds(item.properties["tags"], tags) &&
      holds(item.properties["properties"], text(query, "properties")) &&
      (stage === undefined || item.properties["stage"] === stage),
  );
  const ascending = oldestFirst(query) === true;
  return chosen.sort((one, other) => (ascending ? one.sequence - other.sequence : other.sequence - one.sequence));
}

/** Items of one page when the caller asked for no number by `count`. Not verified against live Azure. */
const pageSize = 30;

/**
 * Cuts one page: `$top` ends the list, `count` is the size of a page, `$skip` is ours and opaque to the caller.
 * There is no nextLink key on the last page (docs/facts/azureml-wire.md#5).
 * @param armUrl base for nextLink, e.g. https://localhost:1234
 * @param skipName what the place to go on from is called; Azure Resource Manager's own lists say `$skiptoken` (docs/facts/extension.md#2.4)
 */
export function page<T, U>(
  items: readonly T[],
  request: Request,
  armUrl: string,
  show: (item: T) => U,
  skipName = "$skip",
): { value: U[]; nextLink?: string } {
  const top = whole(request.query, "$top");
  const size = whole(request.query, "count") || pageSize;
  const skip = offset(text(request.query, skipName), skipName, isNewestFirst(items) ? items.length : undefined);
  const wanted = top === undefined ? items : items.slice(0, top);
  const value = wanted.slice(skip, skip + size).map(show);
  if (skip + size >= wanted.length) return { value };
  const next = new URL(request.originalUrl, armUrl);
  next.searchParams.set(skipName, Buffer.from(`after:${skip + size} of:${items.length}`).toString("base64url"));
  return { value, nextLink: next.href };
}

/** The offset of a page: in a list with the newest first, items created while a caller pages move the rest down. @param now the length, of such a list */
function offset(skip: string | undefined, name: string, now: number | undefined): number {
  if (skip === undefined) return 0;
  const found = /^after:(\d+) of:(\d+)$/.exec(Buffer.from(skip, "base64url").toString());
  if (found === null) return whole({ [name]: skip }, name) ?? 0;
  const [after, before] = [Number(found[1]), Number(found[2])];
  return after + (now === undefined ? 0 : Math.max(0, now - before));
}

function isNewestFirst(items: readonly unknown[]): boolean {
  const [first, last] = [items[0], items.at(-1)].map((item) => (item as Partial<Listed> | undefined)?.sequence);
  return first !== undefined && last !== undefined && first > last;
}
