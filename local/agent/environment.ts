// The environment of a task's process, composed in the agent's order, later wins (docs/facts/agent.md#1.7).
import { connectionEnvironment, type ServiceConnection } from "./connection.ts";
import { expandText, type InputContext } from "./inputs.ts";
import { environmentName } from "./macros.ts";
import type { Variable } from "./variables.ts";

export interface SecureFile {
  readonly id: string;
  readonly name: string;
  readonly ticket: string;
}

export interface EnvironmentParts extends Pick<InputContext, "variables" | "hostEnvironment"> {
  readonly stepEnvironment: Readonly<Record<string, string>>;
  readonly inputs: ReadonlyMap<string, string>;
  /** Those that the step's inputs name, and the system connection. */
  readonly connections: readonly ServiceConnection[];
  readonly secureFiles: readonly SecureFile[];
  readonly taskVariables: readonly Variable[];
  /** Newest first. */
  readonly prependedPath: readonly string[];
}

/** The complete environment of one stage of one step: the agent's own, overlaid. Throws where a value holds a NUL character, as the agent does. */
export function composeEnvironment(parts: EnvironmentParts): Record<string, string> {
  const overlay: Record<string, string> = {};
  for (const [name, value] of Object.entries(parts.stepEnvironment)) overlay[name] = expandText(value.trim(), parts);
  const publicNames: string[] = [];
  const secretNames: string[] = [];
  for (const variable of parts.variables.all()) {
    const name = variable.preserveCase ? variable.name.replace(/[. ]/g, "_") : environmentName(variable.name);
    if (variable.secret) {
      secretNames.push(variable.name);
      overlay[`SECRET_${name}`] = variable.value;
    } else {
      publicNames.push(variable.name);
      overlay[name] = variable.value;
      if (variable.name.toLowerCase() === "agent.jobstatus") overlay[variable.name] = variable.value;
    }
  }
  overlay["VSTS_PUBLIC_VARIABLES"] = publicNames.length === 0 ? "" : JSON.stringify(publicNames);
  overlay["VSTS_SECRET_VARIABLES"] = secretNames.length === 0 ? "" : JSON.stringify(secretNames);
  for (const [name, value] of parts.inputs) overlay[`INPUT_${environmentName(name)}`] = value;
  for (const connection of parts.connections) Object.assign(overlay, connectionEnvironment(connection));
  for (const file of parts.secureFiles) {
    overlay[`SECUREFILE_NAME_${file.id}`] = file.name;
    overlay[`SECUREFILE_TICKET_${file.id}`] = file.ticket;
  }
  for (const variable of parts.taskVariables) {
    overlay[`VSTS_TASKVARIABLE_${environmentName(variable.name)}`] = variable.value;
  }
  if (parts.prependedPath.length > 0) {
    const rest = parts.variables.get("PATH") ?? parts.stepEnvironment["PATH"] ?? parts.hostEnvironment["PATH"] ?? "";
    overlay["PATH"] = [...parts.prependedPath, rest].join(":");
  }
  overlay["TF_BUILD"] = "True";
  for (const [name, value] of Object.entries(overlay)) {
    if (value.includes("\0")) throw new Error(`The environment variable '${name}' holds a null character.`);
  }
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(parts.hostEnvironment)) if (value !== undefined) environment[name] = value;
  return { ...environment, ...overlay };
}

/** This process's environment as an agent's: without what npm, mocha and tsx put there, which no agent has. */
export function hostEnvironment(source: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined || /^(npm_|NODE_OPTIONS$|NODE_CHANNEL|NODE_V8_COVERAGE$|INIT_CWD$|TSX_|ESBK_)/i.test(name))
      continue;
    environment[name] = value;
  }
  return environment;
}
