// Plays a schedule in a cloud of its own: the first attempts with their trouble, then the run again without, and looks.
import { rmSync } from "node:fs";
import { contracts } from "../../local/azure/contract/contracts.ts";
import { startCloud } from "../../local/cloud.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import { keepCredentials } from "../harness/bench.ts";
import { SecretRecorder } from "../harness/secrets.ts";
import { fastNodes } from "./clock.ts";
import { checkAttempt, checkSecrets } from "./invariants.ts";
import { FastLeases } from "./leases.ts";
import { Place } from "./place.ts";
import { type Attempt, type Ground, type Ran, runTask } from "./run-task.ts";
import type { Expect, Scenario } from "./scenario.ts";
import { scenarioOf } from "./scenarios/index.ts";
import type { Schedule, Trouble } from "./schedule.ts";
import { type TrafficWatch, watchTraffic } from "./watch-traffic.ts";

export interface Outcome {
  readonly schedule: Schedule;
  readonly violations: readonly string[];
  readonly runs: readonly Ran[];
}

/** Milliseconds of this machine for one attempt: forty minutes of the task's clock. */
const PATIENCE = 120_000;

/** @param folder for this schedule alone while it is played, and the same for one after the other */
export async function play(schedule: Schedule, folder: string): Promise<Outcome> {
  const violations: string[] = [];
  const expect: Expect = (holds, violation) => {
    if (!holds && !violations.includes(violation)) violations.push(violation);
  };
  const scenario = scenarioOf(schedule.scenario);
  const recorder = new SecretRecorder();
  const layer = new FastLeases((url, { body }) => recorder.learn(url, body));
  const cloud = await startCloud({ har: recorder, faults: layer, contracts: contracts() });
  const runs: Ran[] = [];
  try {
    keepCredentials(recorder, cloud);
    const place = new Place(cloud);
    await scenario.prepare?.(place);
    const ground: Ground = { cloud, layer, nodes: fastNodes(folder), folder, patience: PATIENCE };
    const traffic = watchTraffic(cloud);
    runs.push(...(await playStory(ground, scenario, schedule, { place, traffic, expect })));
    traffic.end(expect);
    const last = runs.at(-1) as Ran;
    for (const [n, ran] of runs.entries()) checkAttempt(ran, `Attempt ${n + 1}`, PATIENCE, expect);
    const ends = scenario.ends ?? "Succeeded";
    expect(last.result === ends, `The last attempt, without faults, ended as ${last.result}: ${last.errors.join(" ")}`);
    await scenario.check(place, { runs, last, twoAtOnce: schedule.other, expect });
    const kept = cloud.devops.builds.all.map((build): [string, string] => [
      `run ${build.id} on Azure DevOps`,
      JSON.stringify([[...build.tags], [...build.properties], build.parameters, build.templateParameters]),
    ]);
    checkSecrets(recorder, runs, kept, expect);
    return { schedule, violations, runs };
  } catch (error) {
    violations.push(`The schedule could not be played: ${(error as Error).stack ?? error}`);
    return { schedule, violations, runs };
  } finally {
    await cloud.close();
    rmSync(`${folder}/agent-0`, { recursive: true, force: true });
    rmSync(`${folder}/agent-1`, { recursive: true, force: true });
  }
}

async function playStory(
  ground: Ground,
  scenario: Scenario,
  schedule: Schedule,
  { place, traffic, expect }: { place: Place; traffic: TrafficWatch; expect: Expect },
): Promise<Ran[]> {
  const { troubles, together, rerun } = schedule;
  const run = async (attempt: Attempt, slot: number) => {
    const ran = await runTask(ground, attempt, slot);
    if (ran.result === "Succeeded") traffic.finished();
    return ran;
  };
  const { devops } = ground.cloud;
  const first = newBuild(ground);
  const builds = troubles.map((_, n) => (n > 0 && together === "two runs" ? newBuild(ground) : first));
  const plan = (n: number, build: Build, attempt: number, trouble?: Trouble): Attempt => ({
    task: scenario.task,
    connection: scenario.connection,
    ...inputsOf(scenario, n === 1 && schedule.other),
    ...{ build, attempt, retries: trouble !== undefined && rerun === "retry in place" ? 1 : 0 },
    jobName: together === "two jobs" ? `Job_${n + 1}` : undefined,
    ...{ faults: trouble?.faults ?? [], stop: trouble?.end, skew: trouble?.skew ?? 0 },
    keepFolders: attempt > 1,
  });
  const runs = await Promise.all(troubles.map((trouble, n) => run(plan(n, builds[n] as Build, 1, trouble), n)));
  const finish = (build: Build, { result }: Ran) =>
    devops.finishBuild(build, result === "Succeeded" ? "succeeded" : result === "Canceled" ? "canceled" : "failed");
  for (const [n, ran] of runs.entries()) if (builds.indexOf(builds[n] as Build) === n) finish(builds[n] as Build, ran);
  if (runs.length === 1) await scenario.afterAttempt?.(place, runs[0] as Ran, expect);
  else await scenario.afterTogether?.(place, runs, expect);
  // One after the other, and whatever became of the first attempts: a step that is run again changes nothing more.
  for (const [n, ran] of [...runs].entries()) {
    const again = rerun === "new run" || ran.result === "Succeeded";
    const build = again ? newBuild(ground) : (builds[n] as Build);
    const last = await run(plan(n, build, again ? 1 : 2), n);
    finish(build, last);
    runs.push(last);
    await scenario.afterAttempt?.(place, last, expect);
  }
  return runs;
}

function inputsOf({ inputs, files = {}, atOnce }: Scenario, other: boolean): Pick<Attempt, "inputs" | "files"> {
  if (!other) return { inputs, files };
  return { inputs: { ...inputs, ...atOnce?.inputs }, files: { ...files, ...atOnce?.files } };
}

function newBuild({ cloud }: Ground): Build {
  const build = cloud.devops.createBuild("faults", {
    branch: "refs/heads/main",
    commit: "0123456789abcdef0123456789abcdef01234567",
    requestedFor: "Ada Example",
    repository: "bundle",
  });
  cloud.devops.startBuild(build);
  return build;
}
