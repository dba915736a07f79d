// Variants of the package. An organization may have both installed, so that what the development copy contributes has names and ids of its own.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TaskJson } from "../generate/task-json.ts";

/** configs/<variant>.json */
export interface Variant {
  /** Id of the extension. */
  readonly id: string;
  readonly name: string;
  /** True: public in the Marketplace; false: shared with chosen organizations. */
  readonly public: boolean;
  /** Appended to the names of tasks, and in small letters to those of connection and artifact types. Absent: nothing is renamed. */
  readonly suffix?: string;
}

export interface Manifest {
  publisher: string;
  id: string;
  contributions: { id: string; type: string; properties: Record<string, unknown> }[];
  files: { path: string }[];
  icons: Record<string, string>;
  content: Record<string, { path: string }>;
  screenshots?: { path: string }[];
  [key: string]: unknown;
}

/** @throws Error that names the variants that there are. */
export function readVariant(root: string, name: string): Variant {
  const file = join(root, "configs", `${name}.json`);
  if (!existsSync(file)) {
    const known = readdirSync(join(root, "configs")).map((one) => one.replace(/\.json$/, ""));
    throw new Error(`There is no variant ${name}; there is ${known.join(", ")}.`);
  }
  return JSON.parse(readFileSync(file, "utf8")) as Variant;
}

/** Contributions whose `name` is known in the whole organization, other than tasks. */
const NAMED_TYPES = ["ms.vss-endpoint.service-endpoint-type", "ms.vss-releaseartifact.release-artifact-type"];

/** Maps the project's names of tasks and types to those of a variant. */
export class Renaming {
  readonly #suffix: string;
  readonly #ids: ReadonlyMap<string, string>;
  readonly #names: ReadonlyMap<string, string>;
  readonly #types: ReadonlyMap<string, string>;

  constructor(suffix: string, tasks: readonly TaskJson[], manifest: Pick<Manifest, "contributions">) {
    this.#suffix = suffix;
    this.#ids = new Map(tasks.map(({ id }) => [id, suffix === "" ? id : derivedId(id, suffix)]));
    this.#names = new Map(tasks.map(({ name }) => [name, name + suffix]));
    const types = manifest.contributions
      .filter(({ type }) => NAMED_TYPES.includes(type))
      .map(({ properties }) => String(properties["name"]));
    // azureml-workspace-dev, TrainJudgeReleaseModelDev: in the manner of the name itself.
    const rename = (name: string) => (/[A-Z]/.test(name) ? name + suffix : `${name}-${suffix.toLowerCase()}`);
    this.#types = new Map(types.map((name) => [name, suffix === "" ? name : rename(name)]));
  }

  task(json: TaskJson): TaskJson {
    if (this.#suffix === "") return json;
    const renamed = this.#value(json) as TaskJson;
    const friendlyName = `${json.friendlyName.slice(0, 40 - this.#suffix.length - 3)} (${this.#suffix.toLowerCase()})`;
    return { ...renamed, name: this.#names.get(json.name)!, friendlyName };
  }

  /**
   * The bundle with the packaged task.json as its contract, which the task writes into records and user agents.
   * @param files of the bundle, by name
   * @param stamped the task.json that goes into the package
   * @returns the file that holds the contract, and its text
   * @throws Error where the contract does not stand in the bundle just once
   */
  bundle(files: Readonly<Record<string, string>>, json: TaskJson, stamped: TaskJson): [file: string, text: string] {
    const told = ({ id, name, friendlyName, version: { Major, Minor, Patch } }: TaskJson) =>
      `id:${JSON.stringify(id)},name:${JSON.stringify(name)},friendlyName:${JSON.stringify(friendlyName)},` +
      `version:"${Major}.${Minor}.${Patch}"`;
    const found = Object.entries(files).flatMap(([file, text]) => {
      const parts = text.split(told(json));
      return parts.slice(1).map((): [string, string] => [file, parts.join(told(stamped))]);
    });
    const [one] = found;
    if (one === undefined || found.length > 1)
      throw new Error(`The bundle of ${json.name} names itself ${found.length} times, not once.`);
    return one;
  }

  contributions<T>(contributions: T): T {
    return this.#suffix === "" ? contributions : (this.#value(contributions) as T);
  }

  /** Ids of tasks wherever they stand; names of types as a whole value, or after `connectedService:`. */
  #value(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#value(one));
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#value(one)]));
    if (typeof value !== "string") return value;
    const [, prefix = "", type = "", schemes = ""] = /^(connectedService:)?([^:]*)(:.*)?$/s.exec(value) ?? [];
    return (
      this.#ids.get(value.toLowerCase()) ?? (this.#types.has(type) ? prefix + this.#types.get(type) + schemes : value)
    );
  }
}

/** A GUID that follows from another and a word: the same in every build (RFC 9562, version 8). */
function derivedId(id: string, word: string): string {
  const hash = createHash("sha256").update(`${id} ${word}`).digest("hex");
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `a${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join("-");
}
