// Settings of a repository for local runs: what lies in Azure DevOps and not in the pipelines' files (azureml-local.yml).
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { PipelineError } from "../../pipeline/index.ts";
import { type Mapping, SourceReader, type VariableGroups } from "../../pipeline/language/reader.ts";

/** The file's name, at the root of the repository. Azure Pipelines does not read it. */
export const SETTINGS_FILE = "azureml-local.yml";

/** The pipeline that Azure DevOps proposes first. */
export const MAIN_FILE = "azure-pipelines.yml";

/** The workspace behind a service connection. */
interface ConnectionSettings {
  readonly subscription?: string;
  readonly resourceGroup?: string;
  readonly workspace?: string;
}

export interface Settings {
  readonly environments?: "machine" | "venv";
  /** Extensions, as paths from the repository's root. */
  readonly vsix: readonly string[];
  /** Name in Azure DevOps -> file. */
  readonly pipelines: Readonly<Record<string, string>>;
  readonly connections: Readonly<Record<string, ConnectionSettings>>;
  readonly variableGroups: VariableGroups;
  /** Given to every run. */
  readonly variables: Readonly<Record<string, string>>;
  /** Environments whose approval is asked for and given. */
  readonly approve: readonly string[];
  /** Tasks that are not here, whose steps are left out. */
  readonly leaveOut: readonly string[];
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws PipelineError that names each key which is wrong, with its place */
export function readSettings(root: string): Settings {
  const file = path.join(root, SETTINGS_FILE);
  const none: Settings = {
    ...{ vsix: [], pipelines: {}, connections: {}, variableGroups: {}, variables: {}, approve: [], leaveOut: [] },
  };
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  // A file of comments alone says nothing.
  if (text.replace(/^\s*(#.*)?$/gm, "") === "") return none;
  const reader = new SourceReader(SETTINGS_FILE, text);
  const mapping = reader.contents && reader.mapping(reader.contents, SETTINGS_FILE);
  const settings = mapping ? settingsOf(mapping) : none;
  if (reader.faults.length > 0) throw new PipelineError(reader.faults);
  return settings;
}

function settingsOf(root: Mapping): Settings {
  const { reader } = root;
  const texts = (key: string) =>
    root.read(key, (node, what) => reader.texts(node, what).map(({ value }) => value)) ?? [];
  const under = <T>(mapping: Mapping, key: string, how: (node: unknown, what: string) => T): Record<string, T> =>
    Object.fromEntries(
      (mapping.read(key, (node, what) => reader.mapping(node, what)?.entries()) ?? []).map(({ name, node }) => [
        name.value,
        how(node, `${key}.${name.value}`),
      ]),
    );
  const text = (node: unknown, what: string) => reader.text(node, what).value;
  const environments = root.read("environments", (node, what) => reader.text(node, what));
  if (environments && environments.value !== "machine" && environments.value !== "venv")
    reader.fault(environments.place, `environments is machine or venv, and '${environments.value}' is neither.`);
  const settings: Settings = {
    ...(environments === undefined ? {} : { environments: environments.value as "machine" | "venv" }),
    ...{ vsix: texts("vsix"), approve: texts("approve"), leaveOut: texts("leaveOut") },
    pipelines: under(root, "pipelines", text),
    variables: under(root, "variables", text),
    variableGroups: under(root, "variableGroups", (node, what) =>
      Object.fromEntries(
        (reader.mapping(node, what)?.entries() ?? []).map((one) => [one.name.value, text(one.node, one.name.value)]),
      ),
    ),
    connections: under(root, "connections", (node, what) => {
      const one = reader.mapping(node, what);
      if (!one) return {};
      const read = Object.fromEntries(
        (["subscription", "resourceGroup", "workspace"] as const).flatMap((key) => {
          const value = one.text(key);
          return value === undefined ? [] : [[key, value]];
        }),
      ) as ConnectionSettings;
      one.finish();
      if (read.subscription !== undefined && !GUID.test(read.subscription))
        reader.fault(one.keyPlace("subscription"), `A subscription is a GUID, and '${read.subscription}' is none.`);
      return read;
    }),
  };
  root.finish();
  return settings;
}
