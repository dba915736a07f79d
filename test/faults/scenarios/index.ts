// All scenarios, over every task that runs on an agent and asks Azure for something.
import type { Scenario } from "../scenario.ts";
import { assetScenarios } from "./assets.ts";
import { cleanUpScenarios } from "./clean-up.ts";
import { endpointScenarios } from "./endpoints.ts";
import { jobScenarios } from "./jobs.ts";
import { promotionScenarios } from "./promotion.ts";
import { workspaceScenarios } from "./workspace.ts";

export const scenarios: readonly Scenario[] = [
  ...assetScenarios,
  ...jobScenarios,
  ...endpointScenarios,
  ...workspaceScenarios,
  ...cleanUpScenarios,
  ...promotionScenarios,
];

/** @throws Error that names those there are */
export function scenarioOf(name: string): Scenario {
  const found = scenarios.find((one) => one.name === name);
  if (found === undefined)
    throw new Error(`There is no scenario "${name}"; there are ${scenarios.map((one) => one.name).join("; ")}.`);
  return found;
}
