// Clean-ups: what the rules take goes once, what is live or in use stays, and each sentence is true, whatever breaks in between.
import { newStamps } from "../../../local/azure/arm/envelope.ts";
import { ada, addDeployment, addEndpoint, addVersion, DAY } from "../../lib/ml/cleanup/things.ts";
import type { Place } from "../place.ts";
import type { Ran } from "../run-task.ts";
import { differs, type Expect, type Scenario, type Story } from "../scenario.ts";

const inputs = {
  ...{ endpointPatterns: "*", deploymentDays: "14", modelPatterns: "churn", dataPatterns: "*" },
  ...{ keepVersions: "2", versionDays: "30", plan: "false" },
};

const ago = (place: Place, days: number) => place.cloud.azure.clock.now() - days * DAY;

/** Two endpoints whose time is over, a live one with an old deployment beside it, and versions of all ages. */
async function prepare(place: Place): Promise<void> {
  const { azure } = place.cloud;
  const expires = { "azureDevOps.expires": new Date(ago(place, 1)).toISOString() };
  for (const name of ["over-1", "over-2"]) {
    addEndpoint(azure, name, { tags: expires }, ago(place, 20));
    addDeployment(azure, name, "blue", {}, ago(place, 20));
  }
  await place.addLiveEndpoint("greeter");
  const greeter = place.endpoint("greeter");
  if (greeter) {
    greeter.tags["azureDevOps.lastKnownGood"] = "blue";
    greeter.stamps = newStamps(ago(place, 60), ada);
  }
  addDeployment(azure, "greeter", "old", { model: "churn:1" }, ago(place, 40));
  for (const version of [1, 2, 3, 4, 5]) {
    const tags = version === 2 ? { champion: "yes" } : {};
    addVersion(azure, "models", `churn:${version}`, {}, ago(place, 100 - version), tags);
    addVersion(azure, "data", `clicks:${version}`, {}, ago(place, version < 5 ? 100 - version : 1), tags);
  }
}

const archived = (place: Place, noun: "models" | "data", name: string) =>
  place
    .versions(noun, name)
    .filter(({ properties }) => properties["isArchived"] === true)
    .map(({ version }) => version)
    .toSorted();

/** What the log says is deleted or archived is so. */
function sentencesAreTrue(place: Place, ran: Ran, expect: Expect): void {
  for (const [, name = ""] of ran.log.matchAll(/^(?:.*Z )?Deleted the endpoint ([\w-]+)\.$/gm))
    expect(place.endpoint(name) === undefined, `The log says that ${name} was deleted, and it is there.`);
  for (const [, name = "", of = ""] of ran.log.matchAll(/Deleted the deployment ([\w-]+) of ([\w-]+)\./g))
    expect(
      !place.deployments(of).some((one) => one.name === name),
      `The log says that ${name} of ${of} was deleted, and it is there.`,
    );
  for (const [, name = "", version = ""] of ran.log.matchAll(/Archived the model ([\w-]+):(\w+)\./g))
    expect(
      archived(place, "models", name).includes(version),
      `The log says that ${name}:${version} was archived, and it is not.`,
    );
}

/** Nothing that the rules do not name is ever gone. */
function othersStay(place: Place, expect: Expect): void {
  const blue = place.deployments("greeter").find(({ name }) => name === "blue");
  expect(blue !== undefined, "The deployment with all of the traffic is gone.");
  expect(place.endpoint("greeter")?.traffic["blue"] === 100, "The traffic of greeter has changed.");
  for (const noun of ["models", "data"] as const) {
    const gone = archived(place, noun, noun === "models" ? "churn" : "clicks");
    for (const version of ["2", "4", "5"])
      expect(
        !gone.includes(version),
        `Version ${version} of ${noun} is archived, which is labelled or among the newest.`,
      );
  }
}

async function check(place: Place, { runs, expect }: Story): Promise<void> {
  const names = ["over-1", "over-2", "greeter"].filter((name) => place.endpoint(name) !== undefined);
  expect(...differs("The endpoints at the end", names, ["greeter"]));
  const left = place.deployments("greeter").map(({ name }) => name);
  expect(...differs("The deployments of greeter at the end", left, ["blue"]));
  expect(...differs("The archived models", archived(place, "models", "churn"), ["1", "3"]));
  expect(...differs("The archived data", archived(place, "data", "clicks"), ["1", "3"]));
  const greeting = await place.greeting("greeter");
  expect(...differs("The answer of greeter", greeting, "good day, Ada"));
  othersStay(place, expect);
  const done = runs
    .flatMap(
      ({ outputs }) => JSON.parse(outputs["changes"] ?? "[]") as { kind: string; name: string; outcome: string }[],
    )
    .filter(({ outcome }) => outcome === "deleted" || outcome === "archived")
    .map(({ kind, name }) => `${kind} ${name}`);
  expect(new Set(done).size === done.length, `Two runs say that they did the same: ${done.toSorted().join(", ")}.`);
}

export const cleanUpScenarios: readonly Scenario[] = [
  {
    name: "CleanUp, over, old and archived",
    task: "CleanUp",
    inputs,
    requests: {
      "login false": 2,
      "arm false": 45,
      "arm true": 7,
      "storage true": 9,
      "storage false": 6,
      "api false": 1,
    },
    prepare,
    atOnce: {},
    afterAttempt: (place, ran, expect) => {
      sentencesAreTrue(place, ran, expect);
      othersStay(place, expect);
    },
    afterTogether: (place, runs, expect) => {
      for (const ran of runs) sentencesAreTrue(place, ran, expect);
      othersStay(place, expect);
    },
    check,
  },
];
