// Reads what a clean-up may have to do with: endpoints with their deployments and requests, versions, and what uses them. Lists are read
// whole, page by page, and side by side.
// Tests: test/lib/ml/cleanup/clean-up.test.ts
import { segment, sideBySide } from "../../azure/index.ts";
import type { AssetHome } from "../assets/asset-home.ts";
import { containersOf, versionsOf } from "../assets/assets.ts";
import { type Deployment, listDeployments } from "../endpoints/deployments.ts";
import type { EndpointLock } from "../endpoints/endpoint-lock.ts";
import { type Endpoint, listEndpoints } from "../endpoints/endpoints.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { aliasUses, dataOfModels, LANES, type Use, usesIn, usesWithout } from "./asset-uses.ts";
import { type CleanUpPlan, planCleanUp } from "./clean-up-plan.ts";
import type { CleanUpRules } from "./clean-up-rules.ts";
import { mayBeIdle, type SeenEndpoint } from "./endpoint-plan.ts";
import { requestsOf } from "./idle-endpoints.ts";
import type { SeenAsset } from "./version-plan.ts";

export interface Reading {
  readonly plan: CleanUpPlan;
  /** Uses of versions, for the judgement at the moment of writing. */
  readonly uses: readonly Use[];
  /** How much was looked at, by kind. */
  readonly counts: {
    readonly endpoints: number;
    readonly deployments: number;
    readonly models: number;
    readonly data: number;
  };
}

/**
 * Reads and plans. Sequential round trips beside further pages: the lists; deployments, versions and metrics; locks and aliases; where data
 * would be archived, the jobs of models that stay.
 * @param now milliseconds since the epoch
 */
export async function readAndPlan(
  workspace: Workspace,
  rules: CleanUpRules,
  lockOf: (endpoint: string) => EndpointLock,
  now: number,
): Promise<Reading> {
  const archives = rules.models !== undefined || rules.data !== undefined;
  const [endpoints, users, models, data] = await Promise.all([
    readEndpoints(workspace, rules, now),
    archives ? otherUses(workspace) : [],
    // Where data is archived, models that stay say which data they were made of.
    archives ? assetsOf(workspace, "models", rules.data === undefined ? rules.models : undefined) : [],
    rules.data === undefined ? [] : assetsOf(workspace, "data", rules.data),
  ]);
  const seen = { endpoints, models, data };
  const served = [...endpoints.flatMap(usesOfDeployments), ...users];
  // What would go if nothing else protected it: only for that the rest is asked.
  const first = planCleanUp(seen, (gone) => usesWithout(served, gone), rules, now);
  const isNamed = (name: string) => first.changes.some((one) => one.kind === "model" && one.name === name);
  const takesData = first.changes.some(({ kind }) => kind === "data");
  const [guarded, uses] = await Promise.all([
    withRollouts(endpoints, first, lockOf),
    aliasUses(
      workspace,
      // A model that stays for its alias keeps the data that it was made of.
      models.filter(({ name }) => takesData || isNamed(name)),
    ).then(async (aliased) => {
      const known = [...served, ...aliased];
      return takesData ? [...known, ...(await dataOfModels(workspace, models, known, rules, now))] : known;
    }),
  ]);
  const isLooked = (name: string | undefined) => rules.endpoints?.(name ?? "") === true;
  const looked = endpoints.filter(({ endpoint }) => isLooked(endpoint.name));
  const numberOf = (assets: readonly SeenAsset[], filter: CleanUpRules["models"]) =>
    assets.reduce((sum, { name, versions }) => sum + (filter?.(name) === true ? versions.length : 0), 0);
  return {
    plan: planCleanUp({ ...seen, endpoints: guarded }, (gone) => usesWithout(uses, gone), rules, now),
    uses,
    counts: {
      endpoints: looked.length,
      deployments: looked.reduce((sum, { deployments }) => sum + deployments.length, 0),
      models: numberOf(models, rules.models),
      data: numberOf(data, rules.data),
    },
  };
}

async function readEndpoints(workspace: Workspace, rules: CleanUpRules, now: number): Promise<SeenEndpoint[]> {
  return sideBySide(await listEndpoints(workspace), LANES, async (endpoint) => {
    const { name = "" } = endpoint;
    const idle = mayBeIdle({ endpoint, deployments: [] }, rules, now);
    const [deployments, requests] = await Promise.all([
      listDeployments(workspace, name),
      idle ? requestsOf(workspace, name, rules.idleHours ?? 0) : undefined,
    ]);
    return { endpoint, deployments, requests, rollouts: [] };
  });
}

/** Rollouts under way, asked of the locks of those endpoints alone of which something would go. */
function withRollouts(
  endpoints: readonly SeenEndpoint[],
  { changes }: CleanUpPlan,
  lockOf: (endpoint: string) => EndpointLock,
): Promise<SeenEndpoint[]> {
  return sideBySide(endpoints, LANES, async (one) => {
    const { name = "" } = one.endpoint;
    const isMeant = changes.some(({ kind, name: of }) => (kind === "endpoint" || kind === "deployment") && of === name);
    if (!isMeant) return one;
    const rollouts = await lockOf(name).rollouts({ inDryRun: true });
    return { ...one, rollouts: rollouts && Object.keys(rollouts) };
  });
}

const usesOfDeployments = ({ endpoint, deployments }: Pick<SeenEndpoint, "endpoint" | "deployments">): Use[] =>
  deployments.flatMap((one) => usesOfDeployment(endpoint.name ?? "", one));

function usesOfDeployment(endpoint: string, deployment: Deployment): Use[] {
  const { name = "" } = deployment;
  const by = { why: `the deployment ${name} of ${endpoint} uses it`, deployment: { endpoint, name } };
  return usesIn(deployment.properties, by);
}

/** The versions that online deployments use now. Two sequential round trips beside further pages. */
export async function servedVersions(workspace: Workspace): Promise<Use[]> {
  const endpoints = await listEndpoints(workspace);
  const found = await sideBySide(endpoints, LANES, async (endpoint) =>
    usesOfDeployments({ endpoint, deployments: await listDeployments(workspace, endpoint.name ?? "") }),
  );
  return found.flat();
}

/** The versions that batch deployments and schedules use. */
async function otherUses(workspace: Workspace): Promise<Use[]> {
  const { azure, id, signal } = workspace;
  const [batch, schedules] = await Promise.all([
    all(azure.list<Endpoint>(`${id}/batchEndpoints`, { doing: "list the batch endpoints", signal })),
    all(
      azure.list<{ name?: string; properties?: object }>(`${id}/schedules`, {
        doing: "list the schedules",
        query: { listViewType: "All" },
        signal,
      }),
    ),
  ]);
  const deployed = await sideBySide(batch, LANES, async ({ name = "" }) => {
    const at = `${id}/batchEndpoints/${segment(name, "the endpoint's name")}/deployments`;
    const doing = `list the deployments of the batch endpoint ${name}`;
    const deployments = await all(azure.list<Deployment>(at, { doing, signal }));
    return deployments.flatMap((one) =>
      usesIn(one.properties, { why: `the batch deployment ${one.name} of ${name} uses it` }),
    );
  });
  const planned = schedules.flatMap(({ name, properties }) =>
    usesIn(properties, { why: `the schedule ${name} uses it` }),
  );
  return [...deployed.flat(), ...planned];
}

/** Assets with their versions that are not archived. */
async function assetsOf(
  home: AssetHome,
  place: "models" | "data",
  isWanted: (name: string) => boolean = () => true,
): Promise<SeenAsset[]> {
  const names = (await all(containersOf(home, place))).flatMap(({ name }) => (name && isWanted(name) ? [name] : []));
  return sideBySide(names, LANES, async (name) => ({ name, versions: await all(versionsOf(home, place, name)) }));
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
