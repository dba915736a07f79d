// Worlds for tests of the clean-up's planner: endpoints, deployments and versions as Azure answers them, with ages in days.
import fc from "fast-check";
import type { AssetBody } from "../../../../lib/ml/assets/asset-home.ts";
import { type Use, usesIn, usesWithout } from "../../../../lib/ml/cleanup/asset-uses.ts";
import { type Change, planCleanUp, type SeenWorkspace } from "../../../../lib/ml/cleanup/clean-up-plan.ts";
import { type CleanUpInputs, readRules } from "../../../../lib/ml/cleanup/clean-up-rules.ts";
import type { Requests, SeenEndpoint } from "../../../../lib/ml/cleanup/endpoint-plan.ts";
import { DAY, HOUR } from "../../../../lib/ml/cleanup/fate.ts";
import type { Deployment } from "../../../../lib/ml/endpoints/deployments.ts";

export const NOW = Date.parse("2026-11-27T02:00:00Z");

/** A time so many days before now, as Azure writes it. */
export const daysAgo = (days: number) => new Date(NOW - days * DAY).toISOString();
export const hoursAhead = (hours: number) => new Date(NOW + hours * HOUR).toISOString();

const dated = (days: number | undefined, changed = days) =>
  days === undefined
    ? {}
    : {
        systemData: {
          createdAt: daysAgo(days),
          ...(changed === undefined ? {} : { lastModifiedAt: daysAgo(changed) }),
        },
      };

interface SomeDeployment {
  readonly name: string;
  readonly age?: number | undefined;
  readonly state?: string;
  readonly model?: string;
  readonly tags?: Record<string, string>;
}

export interface SomeEndpoint {
  readonly name?: string;
  readonly age?: number | undefined;
  readonly changed?: number;
  readonly state?: string;
  readonly tags?: Record<string, string>;
  readonly traffic?: Record<string, number> | null;
  readonly mirror?: Record<string, number>;
  readonly deployments?: readonly SomeDeployment[];
  readonly requests?: Requests;
  readonly rollouts?: readonly string[] | undefined;
}

export function someEndpoint(of: SomeEndpoint = {}): SeenEndpoint {
  const { name = "fraud", state = "Succeeded", tags = {}, traffic = {}, mirror = {} } = of;
  const age = "age" in of ? of.age : 100;
  return {
    endpoint: {
      name,
      tags,
      ...dated(age, of.changed ?? age),
      properties: { provisioningState: state, traffic, mirrorTraffic: mirror },
    },
    deployments: (of.deployments ?? []).map(
      (one): Deployment => ({
        name: one.name,
        tags: one.tags ?? {},
        ...dated("age" in one ? one.age : 100),
        properties: { provisioningState: one.state ?? "Succeeded", model: one.model ?? null },
      }),
    ),
    requests: of.requests,
    rollouts: "rollouts" in of ? of.rollouts : [],
  };
}

export const someVersion = (
  version: string,
  age: number | undefined,
  of: { tags?: Record<string, string>; stage?: string } = {},
): AssetBody => ({
  name: version,
  ...dated(age),
  properties: { tags: of.tags ?? {}, ...(of.stage === undefined ? {} : { stage: of.stage }) },
});

export const rulesOf = (inputs: Partial<CleanUpInputs> = {}) =>
  readRules({
    endpointPatterns: "*",
    idleHours: 72,
    deploymentDays: 14,
    modelPatterns: "*",
    dataPatterns: "*",
    keepVersions: 3,
    versionDays: 30,
    keepLabels: "champion, production",
    maxChanges: 100,
    ...inputs,
  });

/** The uses that deployments of a world make of versions. */
export const usesOf = (seen: SeenWorkspace): Use[] =>
  seen.endpoints.flatMap(({ endpoint, deployments }) =>
    deployments.flatMap((one) =>
      usesIn(one.properties, {
        why: `${one.name} of ${endpoint.name} uses it`,
        deployment: { endpoint: endpoint.name ?? "", name: one.name ?? "" },
      }),
    ),
  );

export const planOf = (seen: Partial<SeenWorkspace>, inputs: Partial<CleanUpInputs> = {}) => {
  const whole = { endpoints: [], models: [], data: [], ...seen };
  return planCleanUp(whole, (gone) => usesWithout(usesOf(whole), gone), rulesOf(inputs), NOW);
};

/** A world as it is once these changes are made. */
export function without(seen: SeenWorkspace, changes: readonly Change[]): SeenWorkspace {
  const isGone = (kind: Change["kind"], name: string | undefined, part?: string) =>
    changes.some((one) => one.kind === kind && one.name === name && one.part === part);
  return {
    endpoints: seen.endpoints
      .filter(({ endpoint }) => !isGone("endpoint", endpoint.name))
      .map((one) => ({
        ...one,
        deployments: one.deployments.filter(({ name }) => !isGone("deployment", one.endpoint.name, name)),
      })),
    models: seen.models.map((one) => ({
      ...one,
      versions: one.versions.filter((each) => !isGone("model", one.name, each.name)),
    })),
    data: seen.data.map((one) => ({
      ...one,
      versions: one.versions.filter((each) => !isGone("data", one.name, each.name)),
    })),
  };
}

const age = fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined, freq: 12 });
const state = fc.constantFrom("Succeeded", "Succeeded", "Succeeded", "Failed", "Updating", "Creating", "Deleting");
const keep = fc.constantFrom<Record<string, string>>(
  {},
  {},
  {},
  { "azureDevOps.keep": "true" },
  { "azureDevOps.keep": "false" },
);
const NAMES = ["blue", "green", "Teal", "blue-2"];
const shares = fc.dictionary(fc.constantFrom(...NAMES, "gone"), fc.constantFrom(0, 0, 10, 50, 100), { maxKeys: 3 });

const deployments = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...NAMES),
    age,
    state,
    tags: keep,
    model: fc.constantFrom("", "azureml:churn:1", "azureml:churn:4", "/x/workspaces/ws1/models/risk/versions/2"),
  }),
  { selector: ({ name }) => name, maxLength: 4 },
);

const endpoints = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom("fraud", "churn", "pr-1", "pr-2", "risk"),
    age,
    changed: fc.integer({ min: 0, max: 120 }),
    state,
    tags: fc
      .tuple(
        keep,
        fc.constantFrom<Record<string, string>>(
          {},
          { "azureDevOps.expires": daysAgo(1) },
          { "azureDevOps.expires": hoursAhead(1) },
          { "azureDevOps.expires": "tomorrow" },
        ),
        fc.constantFrom<Record<string, string>>(
          {},
          { "azureDevOps.lastKnownGood": "blue" },
          { "azureDevOps.lastKnownGood": "green Teal blue" },
        ),
      )
      .map((tags) => Object.assign({}, ...tags) as Record<string, string>),
    traffic: fc.option(shares, { nil: null, freq: 12 }),
    mirror: shares,
    deployments,
    requests: fc.constantFrom<Requests>(
      { kind: "none" },
      { kind: "some" },
      { kind: "unknown", why: "nothing is there" },
    ),
    rollouts: fc.constantFrom<string[] | undefined>([], [], [], ["green"], undefined),
  }),
  { selector: ({ name }) => name, maxLength: 5 },
);

const assets = (names: readonly string[]) =>
  fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...names),
      versions: fc.uniqueArray(
        fc.record({
          version: fc.integer({ min: 1, max: 12 }).map(String),
          age,
          tags: fc
            .tuple(
              keep,
              fc.constantFrom<Record<string, string>>(
                {},
                {},
                { champion: "" },
                { evaluation: "passed" },
                { stage: "Production" },
              ),
            )
            .map((tags) => Object.assign({}, ...tags) as Record<string, string>),
        }),
        { selector: ({ version }) => version, maxLength: 9 },
      ),
    }),
    { selector: ({ name }) => name, maxLength: 2 },
  );

/** Any world at all. */
export const worlds: fc.Arbitrary<SeenWorkspace> = fc
  .record({ endpoints, models: assets(["churn", "risk"]), data: assets(["churn", "clicks"]) })
  .map((world) => ({
    endpoints: world.endpoints.map(someEndpoint),
    models: world.models.map(seenAsset),
    data: world.data.map(seenAsset),
  }));

const seenAsset = (of: {
  name: string;
  versions: { version: string; age: number | undefined; tags: Record<string, string> }[];
}) => ({ name: of.name, versions: of.versions.map(({ version, age, tags }) => someVersion(version, age, { tags })) });

/** Any rules, some of them switched off. */
export const someInputs: fc.Arbitrary<Partial<CleanUpInputs>> = fc.record({
  endpointPatterns: fc.constantFrom("*", "pr-*", "*\n!fraud", undefined),
  idleHours: fc.constantFrom(undefined, 1, 72),
  deploymentDays: fc.constantFrom(undefined, 1, 14),
  modelPatterns: fc.constantFrom("*", "churn"),
  dataPatterns: fc.constantFrom("*", undefined),
  keepVersions: fc.integer({ min: 1, max: 5 }),
  versionDays: fc.constantFrom(1, 30),
});
