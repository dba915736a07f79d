// Generated REST clients of Azure's packages for Python, each of one api-version, taken from PyPI and read without being run.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import path from "node:path";

/** A wheel and the clients in it that are read. A client's folder is named after its api-version, or else by no version at all. */
export interface Source {
  readonly package: string;
  readonly version: string;
  readonly clients: readonly string[];
  /** Where the clients lie; azure-ai-ml's place where absent. */
  readonly folder?: string;
  /** The resource provider, of a client whose groups of operations have a version each. */
  readonly provider?: string;
}

/** A property as the client's models have it: a type, or an object that has no name of its own. */
export interface ClientProperty {
  readonly type?: string;
  readonly inner?: { readonly properties: Readonly<Record<string, ClientProperty>> };
  readonly required?: true;
  readonly readOnly?: true;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
}

interface ClientModel {
  readonly bases: readonly string[];
  readonly properties: Readonly<Record<string, ClientProperty>>;
  readonly additional?: string;
  readonly discriminator?: string;
  readonly subtypes?: Readonly<Record<string, string>>;
}

export interface ClientOperation {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly answer?: string;
  readonly namePattern?: string;
}

export interface GeneratedClient {
  readonly apiVersion: string;
  readonly enums: Readonly<Record<string, readonly string[]>>;
  readonly models: Readonly<Record<string, ClientModel>>;
  /** Whether models say what texts have to look like, and whether they have members that are not named. */
  readonly statesRules: boolean;
  readonly operations: readonly ClientOperation[];
}

/**
 * Takes the wheel from PyPI and reads its clients.
 * @param folder where the wheel is unpacked
 * @throws Error when pip does not get it, or a client is not as it was when this was written
 */
export function readClients(source: Source, folder: string): GeneratedClient[] {
  const { package: name, version, clients, provider } = source;
  const place = path.join(folder, `${name}-${version}`);
  mkdirSync(place);
  run([
    "-m",
    "pip",
    "download",
    "--quiet",
    "--no-deps",
    "--only-binary",
    ":all:",
    "--dest",
    place,
    `${name}==${version}`,
  ]);
  const wheel = readdirSync(place).find((file) => file.endsWith(".whl"));
  if (wheel === undefined) throw new Error(`PyPI has no wheel of ${name} ${version}.`);
  run(["-m", "zipfile", "-e", path.join(place, wheel), place]);
  const folders = clients.map((client) => path.join(place, source.folder ?? "azure/ai/ml/_restclient", client));
  const how = provider === undefined ? [] : ["--provider", provider, "--by-file"];
  const reader = path.join(import.meta.dirname, "read-client.py");
  const read = JSON.parse(run([reader, ...how, ...folders])) as (GeneratedClient & {
    folder: string;
    apiVersions: string[];
  })[];
  return read.map(({ folder: client, apiVersions: [apiVersion, ...others], ...rest }) => {
    if (apiVersion === undefined || others.length > 0) throw new Error(`${client} states not one api-version.`);
    return { ...rest, apiVersion };
  });
}

function run(words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("python3", words, { encoding: "utf8", maxBuffer: 256 << 20 });
  if (status !== 0) throw new Error(`python3 ${words.slice(0, 3).join(" ")} failed (${status}): ${stderr}`);
  return stdout;
}
