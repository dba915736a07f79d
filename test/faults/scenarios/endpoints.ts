// Rollouts and calls: what is live stays live, the traffic is what the log says, and a reply is the deployment's own.
import type { Place } from "../place.ts";
import type { Ran } from "../run-task.ts";
import { differs, type Expect, type Scenario, type Story } from "../scenario.ts";

const rollout = {
  endpointFile: "azureml/endpoint.yml",
  deploymentFile: "azureml/deployment.yml",
  requestFile: "requests/ada.json",
  expectations: "$.predictions[1] == 2",
  timeoutInMinutes: "10",
};
const hello = { "weights/greeting.txt": "hello" };
const brokenInit = {
  "scoring/score.py": 'def init():\n    raise RuntimeError("no such weights")\ndef run(raw):\n    return 1\n',
};
const requests = {
  ...{ "login false": 2, "arm false": 26, "arm true": 6, "storage true": 8, "storage false": 4, "scoring false": 1 },
};

const shares = (traffic: Readonly<Record<string, number>> = {}) =>
  Object.fromEntries(
    Object.entries(traffic)
      .filter(([, percent]) => percent > 0)
      .toSorted(),
  );

/** Every sentence on traffic and deployments that still stands at the end of the step is true. */
function sentencesAreTrue(place: Place, ran: Ran, expect: Expect): void {
  if (ran.result === "Lost") return;
  const traffic = shares(place.endpoint("greeter")?.traffic);
  const isThere = (name: string) =>
    place.deployments("greeter").some((one) => one.name === name && one.provisioningState !== "Deleting");
  const said = [...ran.log.matchAll(/The traffic of greeter is ((?:[\w-]+ \d+ %(?:, )?)+)/g)].at(-1)?.[1];
  if (said !== undefined) {
    const pairs = [...said.matchAll(/([\w-]+) (\d+) %/g)].map(([, name, percent]): [string, number] => [
      name ?? "",
      Number(percent),
    ]);
    expect(...differs("The traffic that was said last", shares(Object.fromEntries(pairs)), traffic));
  }
  // A retry by the agent may make again what the try before it deleted: that sentence was true.
  const isMadeSince = (name: string, { index = 0 }: RegExpExecArray) => {
    const [, ...later] = ran.log.slice(index).split(/RetryHelper encountered/);
    return later.some((log) => log.includes(`create the deployment ${name}`));
  };
  for (const sentence of ran.log.matchAll(/Deleted the deployment ([\w-]+)/g)) {
    const [, name = ""] = sentence;
    if (isMadeSince(name, sentence)) continue;
    expect(!isThere(name), `The log says that ${name} was deleted, and it is there.`);
  }
  for (const sentence of ran.log.matchAll(/Kept the deployment ([\w-]+)[^.\n]*without traffic/g)) {
    const [, name = ""] = sentence;
    if (isMadeSince(name, sentence)) continue;
    expect(traffic[name] === undefined, `The log says that ${name} has no traffic, and it has ${traffic[name]} %.`);
  }
  if (
    /traffic of greeter is as (it was|before)/.test(ran.log) &&
    place.deployments("greeter").some(({ name }) => name === "blue")
  )
    expect(...differs("The traffic that is said to be as before", traffic, { blue: 100 }));
  if (ran.result === "Succeeded" && ran.outputs["traffic"] !== undefined)
    expect(...differs("The output traffic", shares(JSON.parse(ran.outputs["traffic"])), traffic));
}

/** The traffic, the deployments and what is answered, at the end. */
async function endsWith(
  place: Place,
  { expect }: Story,
  end: { traffic: Record<string, number>; deployments: readonly string[]; greetings: readonly string[] },
): Promise<void> {
  expect(...differs("The traffic at the end", shares(place.endpoint("greeter")?.traffic), end.traffic));
  const there = place.deployments("greeter");
  expect(...differs("The deployments at the end", there.map(({ name }) => name).toSorted(), end.deployments));
  for (const { name, provisioningState } of there)
    expect(provisioningState === "Succeeded", `The deployment ${name} is ${provisioningState} at the end.`);
  const greeting = await place.greeting("greeter");
  expect(end.greetings.includes(greeting), `The endpoint answers "${greeting}" at the end.`);
}

/** A rollout that has succeeded is not taken back by another one that ran beside it. */
function releasesStand(place: Place, runs: readonly Ran[], expect: Expect): void {
  const nameOf = ({ attempt }: Ran) => attempt.inputs["deploymentName"] ?? "";
  const released = runs.filter(({ result }) => result === "Succeeded");
  if (released.length === 0) return;
  const traffic = shares(place.endpoint("greeter")?.traffic);
  // One that was ended may have released all the same, before or after it.
  const mine = new Set(runs.map(nameOf));
  expect(
    Object.keys(traffic).every((name) => mine.has(name)),
    `${released.map(nameOf).join(" and ")} was released, and the traffic is ${JSON.stringify(traffic)} after both.`,
  );
}

const live = (place: Place) => place.addLiveEndpoint("greeter");

export const endpointScenarios: readonly Scenario[] = [
  {
    name: "DeployEndpoint, new endpoint",
    task: "DeployEndpoint",
    inputs: rollout,
    requests,
    afterAttempt: sentencesAreTrue,
    check: (place, story) =>
      endsWith(place, story, { traffic: { blue: 100 }, deployments: ["blue"], greetings: ["good day, Ada"] }),
  },
  {
    name: "DeployEndpoint, beside what is live",
    task: "DeployEndpoint",
    inputs: { ...rollout, deploymentName: "green" },
    files: hello,
    requests,
    prepare: live,
    atOnce: { inputs: { deploymentName: "purple" }, files: { "weights/greeting.txt": "bonjour" } },
    afterAttempt: sentencesAreTrue,
    afterTogether: releasesStand,
    // The second is run again last.
    check: (place, story) =>
      endsWith(place, story, {
        traffic: story.twoAtOnce ? { purple: 100 } : { green: 100 },
        deployments: ["blue", "green", ...(story.twoAtOnce ? ["purple"] : [])],
        greetings: [story.twoAtOnce ? "bonjour, Ada" : "hello, Ada"],
      }),
  },
  {
    name: "DeployEndpoint, in place of what is live",
    task: "DeployEndpoint",
    inputs: { ...rollout, deploymentName: "green", deleteOldDeployments: "true" },
    files: hello,
    requests,
    prepare: live,
    afterAttempt: sentencesAreTrue,
    check: (place, story) =>
      endsWith(place, story, { traffic: { green: 100 }, deployments: ["green"], greetings: ["hello, Ada"] }),
  },
  {
    name: "DeployEndpoint, a tenth of the traffic",
    task: "DeployEndpoint",
    inputs: { ...rollout, deploymentName: "green", trafficPercent: "10", onFailure: "keepDeployment" },
    files: hello,
    requests,
    prepare: live,
    afterAttempt: sentencesAreTrue,
    check: (place, story) =>
      endsWith(place, story, {
        traffic: { blue: 90, green: 10 },
        deployments: ["blue", "green"],
        greetings: ["hello, Ada", "good day, Ada"],
      }),
  },
  {
    name: "DeployEndpoint, does not come up",
    task: "DeployEndpoint",
    inputs: { ...rollout, deploymentName: "green" },
    files: brokenInit,
    ends: "Failed",
    requests,
    prepare: live,
    afterAttempt: sentencesAreTrue,
    check: (place, story) =>
      endsWith(place, story, { traffic: { blue: 100 }, deployments: ["blue"], greetings: ["good day, Ada"] }),
  },
  {
    name: "Rollback",
    task: "Rollback",
    inputs: { endpointName: "greeter", requestFile: "requests/ada.json", expectations: "$.predictions[1] == 2" },
    requests: {
      "login false": 2,
      "arm false": 10,
      "arm true": 2,
      "storage true": 3,
      "storage false": 2,
      "scoring false": 1,
    },
    async prepare(place) {
      await live(place);
      const endpoint = place.endpoint("greeter");
      if (endpoint) Object.assign(endpoint, { traffic: {}, tags: { "azureDevOps.lastKnownGood": "blue" } });
    },
    afterAttempt: sentencesAreTrue,
    check: (place, story) =>
      endsWith(place, story, { traffic: { blue: 100 }, deployments: ["blue"], greetings: ["good day, Ada"] }),
  },
  {
    name: "InvokeEndpoint",
    task: "InvokeEndpoint",
    inputs: { endpointName: "greeter", requestFile: "requests/ada.json", expectations: "$.predictions[1] == 2" },
    requests: { "login false": 2, "arm false": 3, "scoring false": 1 },
    prepare: live,
    check: (_place, { runs, expect }) => {
      for (const { result, outputs } of runs)
        if (result === "Succeeded")
          expect(...differs("The reply", JSON.parse(outputs["reply"] ?? "{}").greeting, "good day, Ada"));
    },
  },
];
