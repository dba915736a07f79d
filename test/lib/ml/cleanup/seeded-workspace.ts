// A workspace of 200 things on a local cloud, made by a clock that is moved: endpoints, deployments and versions of every age and use,
// of which the rules of a clean-up take exactly 37.
import { EndpointLock } from "../../../../lib/ml/endpoints/endpoint-lock.ts";
import { newStamps } from "../../../../local/azure/arm/envelope.ts";
import { seedMinutes } from "../../../../local/azure/monitor/seed.ts";
import { endpointsOf } from "../../../../local/azure/records/online-endpoint.ts";
import { schedulesOf } from "../../../../local/azure/schedules/watch.ts";
import type { LocalCloud } from "../../../../local/cloud.ts";
import { openLocal } from "../world.ts";
import {
  ada,
  addDeployment,
  addEndpoint,
  addReader,
  addVersion,
  DAY,
  type SomeDeployed,
  type SomeShares,
  type SomeTags,
} from "./things.ts";

const MINUTE = 60_000;
/** Days; the oldest thing is a little younger. */
const OLDEST = 130;

/** The clock of a cloud that is to be seeded: it begins in the past. */
export const seededClock = () => ({ clock: { start: Date.now() - OLDEST * DAY }, rules: [] });

/** The inputs of the clean-up that takes the 37. */
export const SEEDED_INPUTS = {
  endpointPatterns: "*\n!main-*",
  idleHours: "72",
  deploymentDays: "14",
  modelPatterns: "*\n!frozen-*",
  dataPatterns: "*",
  keepVersions: "5",
  versionDays: "30",
} as const;

interface Seed extends SomeShares {
  readonly age: number;
  /** Days ago when it was last changed; its age where absent. */
  readonly changed?: number;
  readonly deployments: Readonly<Record<string, SomeDeployed & { readonly age: number }>>;
  /** Days ago when the last request came; none ever where absent. */
  readonly asked?: number;
}

const over = (tags: SomeTags = {}) => ({ "azureDevOps.expires": new Date(Date.now() - DAY).toISOString(), ...tags });
const ahead = () => ({ "azureDevOps.expires": new Date(Date.now() + DAY).toISOString() });
const keep = { "azureDevOps.keep": "true" };
const good = (names: string) => ({ "azureDevOps.lastKnownGood": names });

const seeds = (): Readonly<Record<string, Seed>> => ({
  // The time to live is over: four go.
  "pr-1": { age: 10, tags: over(), traffic: { blue: 100 }, deployments: { blue: { age: 10, model: "risk:1" } } },
  "pr-2": { age: 10, tags: over(), deployments: { blue: { age: 10 } } },
  "pr-3": { age: 10, tags: over(), deployments: { blue: { age: 10 } } },
  "pr-4": { age: 10, tags: over(), deployments: { blue: { age: 10 } } },
  "pr-5": { age: 10, tags: ahead(), deployments: { blue: { age: 10 }, green: { age: 9 } } },
  "pr-6": { age: 10, tags: ahead(), deployments: { blue: { age: 10 }, green: { age: 9 } } },
  "pr-7": { age: 10, tags: over(keep), deployments: { blue: { age: 10 } } },
  "pr-8": { age: 10, tags: over(), deployments: { blue: { age: 10 } } },
  "pr-9": { age: 10, tags: { "azureDevOps.expires": "yesterday" }, deployments: { blue: { age: 10 } } },
  "pr-10": { age: 10, tags: over(), state: "Updating", deployments: { blue: { age: 10 } } },
  "main-1": { age: 90, tags: over(), deployments: { blue: { age: 90 }, green: { age: 90 }, teal: { age: 90 } } },
  // No request came for long: three go. Of two nobody knows, and one is young.
  "idle-1": { age: 60, traffic: { blue: 100 }, deployments: { blue: { age: 60 }, green: { age: 50 } }, asked: 20 },
  "idle-2": { age: 60, traffic: { blue: 100 }, deployments: { blue: { age: 60 } }, asked: 20 },
  "idle-3": { age: 60, traffic: { blue: 100 }, deployments: { blue: { age: 60 } }, asked: 4 },
  "silent-1": { age: 60, traffic: { blue: 100 }, deployments: { blue: { age: 60 }, green: { age: 5 } } },
  "silent-2": { age: 60, traffic: { blue: 100 }, deployments: { blue: { age: 60 }, green: { age: 5 } } },
  "young-1": { age: 1, traffic: { blue: 100 }, deployments: { blue: { age: 1 } } },
  // Used ones: of their deployments eight go.
  "busy-1": {
    ...{ age: 60, tags: good("blue"), traffic: { blue: 100 }, asked: 1 },
    deployments: { blue: { age: 60 }, green: { age: 40 }, teal: { age: 40 } },
  },
  "busy-2": {
    ...{ age: 60, tags: good("blue"), traffic: { blue: 50, green: 50 }, asked: 2 },
    deployments: { blue: { age: 60 }, green: { age: 40 } },
  },
  "busy-3": {
    ...{ age: 60, tags: good("blue"), traffic: { blue: 100 }, asked: 0.1 },
    deployments: { blue: { age: 60 }, green: { age: 40 } },
  },
  "serve-1": {
    ...{ age: 90, tags: good("blue"), traffic: { blue: 100 }, mirror: { violet: 10 }, asked: 0.1 },
    deployments: {
      blue: { age: 60, model: "churn:5", data: "clicks:4" },
      ...{ green: { age: 40 }, teal: { age: 40 }, red: { age: 5 }, violet: { age: 40 } },
    },
  },
  "serve-2": {
    ...{ age: 90, tags: good("green blue"), traffic: { Green: 100 }, asked: 0.1 },
    deployments: {
      ...{ green: { age: 40, model: "risk:3" }, blue: { age: 40 }, teal: { age: 40, model: "risk:2" } },
      ...{ red: { age: 40 }, amber: { age: 40, tags: keep } },
    },
  },
  "serve-3": {
    ...{ age: 90, changed: 50, traffic: { blue: 100 }, asked: 0.1 },
    deployments: { blue: { age: 60 }, green: { age: 40 }, teal: { age: 40 } },
  },
  "serve-4": {
    ...{ age: 90, changed: 2, traffic: { blue: 100 }, asked: 0.1 },
    deployments: { blue: { age: 60 }, green: { age: 40 } },
  },
});

/** The tags of versions, by `name:version`. */
const TAGS: Readonly<Record<string, SomeTags>> = {
  "churn:3": { champion: "true" },
  "churn:7": { stage: "Production" },
  "churn:8": keep,
  "churn:9": { evaluation: "passed" },
  "churn:10": { evaluation: "passed" },
  "clicks:1": keep,
  "clicks:2": { champion: "" },
  "clicks:6": { stage: "production" },
};

/** `kind name` of the 37, in alphabetical order. */
export const SEEDED_CHANGES: readonly string[] = [
  ...["pr-1", "pr-2", "pr-3", "pr-4", "idle-1", "idle-2", "idle-3"].map((name) => `endpoint ${name}`),
  ...["green of busy-1", "teal of busy-1", "green of serve-1", "teal of serve-1"].map((name) => `deployment ${name}`),
  ...["teal of serve-2", "red of serve-2", "green of serve-3", "teal of serve-3"].map((name) => `deployment ${name}`),
  ...[1, 2, 4, 6, 9, 11, 12, 14, 15].map((version) => `model churn:${version}`),
  ...[1, 2, 4, 5].map((version) => `model risk:${version}`),
  ...[7, 8, 9, 10, 11, 12, 13, 14, 15].map((version) => `data clicks:${version}`),
].sort();

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Fills a cloud whose clock began at `seededClock`. Afterwards it is now, by the machine's clock. */
export async function seedWorkspace(cloud: LocalCloud): Promise<void> {
  const { azure } = cloud;
  const { clock } = azure;
  const work: [age: number, make: () => void][] = [];
  const at = (age: number, make: () => void) => void work.push([age, make]);
  for (const [name, seed] of Object.entries(seeds())) {
    at(seed.age, () => addEndpoint(azure, name, seed, clock.now()));
    if (seed.changed !== undefined)
      at(seed.changed, () => {
        const { stamps } = endpointsOf(azure).get(name) ?? {};
        if (stamps) stamps.lastModifiedAt = new Date(clock.now()).toISOString();
      });
    for (const [deployment, one] of Object.entries(seed.deployments))
      at(one.age, () => addDeployment(azure, name, deployment, one, clock.now()));
  }
  const put = (noun: "models" | "data", name: string, version: number, age: number) =>
    at(age, () => {
      const job = name === "churn" && version === 3 ? { jobName: "champion-job" } : {};
      const alias = name === "churn" && version === 13 ? { aliases: ["live"] } : {};
      addVersion(azure, noun, `${name}:${version}`, { ...job, ...alias }, clock.now(), TAGS[`${name}:${version}`]);
    });
  for (const version of numbers(20)) put("models", "churn", version, (21 - version) * 5 + 5);
  for (const version of numbers(10)) put("models", "risk", version, (11 - version) * 8 + 30);
  for (const version of numbers(15)) put("models", "fresh", version, 16 - version);
  for (const version of numbers(20)) put("models", "frozen-scores", version, 100 - version);
  for (const version of numbers(5)) put("models", "small", version, 100 - version);
  for (const number of numbers(10)) put("models", `single-${number}`, 1, 100);
  for (const version of numbers(20)) put("data", "clicks", version, (21 - version) * 5 + 5);
  for (const version of numbers(10)) put("data", "logs", version, 11 - version);
  for (const number of numbers(20)) put("data", `table-${number}`, 1, 100);
  for (const [age, make] of work.sort(([one], [other]) => other - one)) {
    clock.leap(Math.max(0, Date.now() - age * DAY - clock.now()));
    make();
  }
  clock.leap(Math.max(0, Date.now() - clock.now()));
  addUses(cloud);
  seedMinutes(
    azure,
    Object.entries(seeds()).flatMap(([endpoint, { asked, deployments }]) =>
      asked === undefined
        ? []
        : [{ endpoint, deployment: Object.keys(deployments)[0] ?? "", ago: asked * DAY, span: MINUTE, requests: 5 }],
    ),
  );
  const workspace = await openLocal({ cloud });
  const until = Date.now() + DAY;
  for (const endpoint of ["pr-8", "busy-3"])
    await new EndpointLock(workspace, endpoint).hold(undefined, (held) =>
      held.note("green", { by: "another", step: "another step", created: true, until }),
    );
}

/** The job that made the champion and read data, and a schedule that reads data. */
function addUses({ azure, credentials }: LocalCloud): void {
  const now = azure.clock.now();
  addReader(azure, "champion-job", "clicks:3");
  schedulesOf(azure).set("nightly", {
    ...{ name: "nightly", stamps: newStamps(now, ada), description: null, tags: {}, properties: {}, displayName: null },
    ...{ isEnabled: false, provisioningState: "Succeeded", clientId: credentials.contributor.clientId },
    ...{ looked: now, created: now },
    trigger: { triggerType: "Cron", expression: "0 2 * * *", timeZone: "UTC" } as never,
    action: {
      actionType: "CreateJob",
      jobDefinition: { jobType: "Command", command: "true", inputs: { clicks: { uri: "azureml:clicks:5" } } },
    } as never,
  });
}
