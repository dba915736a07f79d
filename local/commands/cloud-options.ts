// Options of the commands that start a local cloud.
import path from "node:path";
import { contracts } from "../azure/contract/contracts.ts";
import { readScenarios, ScenarioError } from "../azure/scenarios/document.ts";
import type { CloudOptions } from "../cloud.ts";
import { UsageError } from "./usage.ts";

const text = { type: "string" } as const;

/** For `parseArgs`. */
export const cloudFlags = {
  ...{ data: text, contract: text, har: text, scenarios: text },
  ...{ environments: text, "environments-cache": text },
  ...{ subscription: text, "resource-group": text, workspace: text },
  strict: { type: "boolean" },
  help: { type: "boolean" },
} as const;

export const cloudUsage = `  --workspace NAME, --resource-group NAME, --subscription GUID
                   what they are called in this cloud (ws1, rg1, 00000000-0000-0000-0000-000000000001)
  --data DIR       keep the state in this folder; without it, everything is gone at the end
  --strict         refuse bodies that break the published types of their api-version
  --contract DIR   the same, by the resource types in this folder (<api-version>.json) as well
  --har FILE       where to write every HTTP exchange at the end, with secrets replaced
  --scenarios FILE slow lives and failures on demand, and how fast the cloud's clock runs
  --environments venv
                   install what the environments of jobs and deployments ask for into virtual environments;
                   machine, which is the default, runs them all with this machine's Python
  --environments-cache DIR
                   keep those virtual environments in this folder (default: azure-ml-local in ~/.cache)`;

type Values = { readonly [name in Exclude<keyof typeof cloudFlags, "help" | "strict">]?: string } & {
  readonly strict?: boolean;
};

/** The options of a cloud from the command line. @throws Error for a value that an option does not take, UsageError for unreadable scenarios */
export function cloudOptions(values: Values): CloudOptions {
  const { environments = "machine" } = values;
  if (environments !== "machine" && environments !== "venv")
    throw new Error(`--environments is machine or venv, and '${environments}' is neither.`);
  const folder = (value: string | undefined) => (value === undefined ? undefined : path.resolve(value));
  return withoutAbsent({
    data: folder(values.data),
    contracts: values.strict || values.contract !== undefined ? contracts(values.contract) : undefined,
    scenarios: values.scenarios === undefined ? undefined : scenariosOf(values.scenarios),
    environments,
    environmentsCache: folder(values["environments-cache"]),
    names: withoutAbsent({
      subscriptionId: values.subscription?.toLowerCase(),
      resourceGroup: values["resource-group"],
      workspaceName: values.workspace,
    }),
  });
}

function scenariosOf(file: string) {
  try {
    return readScenarios(file);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    throw new UsageError(error.message);
  }
}

/** The object without the keys whose value is undefined. */
function withoutAbsent<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}
