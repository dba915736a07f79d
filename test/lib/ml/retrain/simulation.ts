// Simulates weeks of monitors, events and a watching pipeline on a clock that only the test moves: the relay, the starter and local Azure
// DevOps are the real ones; Azure ML is a list of results. Events are lost, repeated and late, watchers are out, answers are lost,
// agents die, people start trainings of their own.
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Starter } from "../../../../lib/agent/starts.ts";
import type { Log } from "../../../../lib/log.ts";
import type { MonitorResult } from "../../../../lib/ml/retrain/decision.ts";
import { retrainOnBreach, type TrainingStarter } from "../../../../lib/ml/retrain/start-retraining.ts";
import { trainingStarter } from "../../../../lib/task/starter.ts";
import { devOpsApplication } from "../../../../local/devops/rest/server.ts";
import type { Build } from "../../../../local/devops/state/builds.ts";
import { DevOpsWorld } from "../../../../local/devops/world.ts";
import { parseConfiguration } from "../../../../relay/core/configuration.ts";
import { RelayFault } from "../../../../relay/core/fault.ts";
import { Relay } from "../../../../relay/core/relay.ts";
import { MemoryStore } from "../../../../relay/stores/memory.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const COOL_DOWN = 24 * HOUR;
const WORKSPACE =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1/providers/Microsoft.MachineLearningServices/workspaces/ws1";
const TAG = "azureml_modelmonitor_threshold_breached";

/** A number generator with a seed: from 0 to below 1. */
export type Random = () => number;

export interface Schedule {
  readonly monitors: readonly string[];
  /** Results as the monitors will have them, by time. */
  readonly results: readonly MonitorResult[];
  /** Times at which a look takes place without any trouble. */
  readonly inOrder?: readonly number[];
  /** Whether people start trainings as well. */
  readonly people: boolean;
  /** Milliseconds: the longest training. */
  readonly longestTraining: number;
  /** Milliseconds: the longest time in which neither events nor schedules reach anybody. */
  readonly longestOutage: number;
}

/** A training that was started for a breach. */
export interface Training {
  readonly id: number;
  readonly monitor: string;
  readonly run: string;
  readonly queuedAt: number;
  readonly finishedAt: number;
  readonly succeeded: boolean;
  readonly byPerson: boolean;
}

/** Local Azure DevOps on a clock of the test's, for all schedules. */
export class Simulation {
  now = Date.UTC(2026, 0, 1);
  #world = new DevOpsWorld({ now: () => this.now });
  #application = devOpsApplication(this.#world);
  readonly #server = http.createServer((request, response) => this.#application(request, response));

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  /** An organization in which nothing has happened yet. */
  #begin(): void {
    this.#world = new DevOpsWorld({ now: () => this.now });
    this.#application = devOpsApplication(this.#world);
    this.#world.listensAt(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Plays one schedule to its end, and some weeks on in which nothing is measured. @returns the trainings, oldest first */
  async play(schedule: Schedule, random: Random): Promise<Training[]> {
    this.#begin();
    const [watching, training] = ["watch", "train"];
    const begin = this.now;
    const repository = this.#world.repositories.add("simulated");
    this.#world.builds.define(training, repository, "train.yml");
    const shift = begin - Math.min(...schedule.results.map(({ at }) => at)) + DAY;
    const results = schedule.results.map((one) => ({ ...one, at: one.at + shift }));
    const end = Math.max(...results.map(({ at }) => at)) + schedule.longestOutage + schedule.longestTraining + DAY;
    const agenda: { readonly at: number; readonly work: () => Promise<void> | void }[] = [];
    const plan = (at: number, work: () => Promise<void> | void) => {
      const index = agenda.findIndex((one) => one.at > at);
      agenda.splice(index < 0 ? agenda.length : index, 0, { at, work });
    };
    const outages = outagesOf(begin, end, schedule.longestOutage, random);
    const isOut = (at: number) => outages.some(([from, to]) => at >= from && at < to);
    const visible = () => results.filter(({ at }) => at <= this.now);

    const finish = (build: Build) => {
      const length = HOUR + random() * (schedule.longestTraining - HOUR);
      plan(this.now + length, () => this.#world.finishBuild(build, random() < 0.7 ? "succeeded" : "failed"));
    };
    const onQueued = (build: Build) => {
      if (build.definition.name !== training) return;
      this.#world.startBuild(build);
      finish(build);
    };
    this.#world.builds.on("queued", onQueued);

    const look = () => this.#look(watching, training, schedule, visible, random);
    const relay = this.#relay(visible, () => plan(this.now, look));
    const deliver = (result: MonitorResult, tries = 0) =>
      plan(this.now + (tries === 0 ? 0 : 2 ** tries * HOUR * 0.25), async () => {
        const taken =
          !isOut(this.now) && (await relay.receive({ method: "POST", body: eventOf(result), headers: {} } as never));
        // Event Grid repeats what was not taken for a day.
        if ((taken === false || taken.status !== 200) && tries < 6) deliver(result, tries + 1);
      });
    for (const result of results) {
      if (result.breached.length === 0) continue;
      const times = Math.floor(random() * 4);
      for (let time = 0; time < times; time++) plan(result.at + random() ** 3 * DAY, () => deliver(result));
    }
    // The first look is before all that is measured, and at these times all is in order.
    for (const at of [begin, ...(schedule.inOrder ?? []).map((one) => one + shift)])
      plan(at, () => this.#look(watching, training, schedule, visible, () => 0.99));
    for (let at = begin + random() * DAY; at < end; at += DAY * (0.6 + random()))
      plan(at, () => (isOut(at) ? undefined : look()));
    // At the end all is in order again.
    for (const more of [0, 0.5, 1]) plan(end + more * DAY, look);
    if (schedule.people)
      for (let at = begin; at < end; at += DAY * (2 + random() * 8))
        plan(at, () => void this.#world.createBuild(training, { branch: "main", commit: "0", requestedFor: "Ada" }));

    for (let next = agenda.shift(); next !== undefined; next = agenda.shift()) {
      this.now = Math.max(this.now, next.at);
      await next.work();
    }
    this.#world.builds.off("queued", onQueued);
    return this.#world.builds.all
      .filter(({ definition }) => definition.name === training)
      .map(({ id, templateParameters, queueTime, finishTime = Number.POSITIVE_INFINITY, result }) => ({
        ...{ id, queuedAt: queueTime - shift, finishedAt: finishTime - shift, succeeded: result === "succeeded" },
        monitor: templateParameters["monitorName"] ?? "",
        run: templateParameters["monitorRun"] ?? "",
        byPerson: templateParameters["monitorRun"] === undefined,
      }));
  }

  /** A run of the pipeline that watches, as the task does it; at times two at once. */
  async #look(
    watching: string,
    training: string,
    { monitors }: Schedule,
    visible: () => readonly MonitorResult[],
    random: Random,
  ): Promise<void> {
    const once = async () => {
      const build = this.#world.createBuild(watching, { branch: "main", commit: "0", requestedFor: "Ada" });
      this.#world.startBuild(build);
      const starter = new Starter(this.#access(build), {
        ...{ kind: "pipeline", pipeline: training, branch: random() < 0.5 ? undefined : "main" },
        ...{ nameParameter: "monitorName", versionParameter: "monitorRun" },
      } as const);
      try {
        if ((await starter.busyRun()) !== undefined) return;
        const read = async ({ since, oldest }: { since: number; oldest: number }) =>
          visible().filter(({ at, run, monitor }) => {
            const later = visible().some((one) => one.monitor === monitor && one.at > at);
            return at >= oldest && (at >= since || !later) && run !== "";
          });
        const retraining = { name: "AzureML.Retrain.test", coolDown: COOL_DOWN, monitors, read, beginAt: undefined };
        const look = () => retrainOnBreach(retraining, mayDie(trainingStarter(starter), random), silent);
        // The lock between jobs of one run takes most requests of a look, and excludes nobody here: some looks take it.
        await (random() < 0.1 ? starter.inTurn("AzureML.Retrain.test", new AbortController().signal, look) : look());
      } catch (error) {
        if (!(error instanceof Died)) throw error;
      } finally {
        this.#world.finishBuild(build, "succeeded");
      }
    };
    await (random() < 0.15 ? Promise.all([once(), once()]) : once());
  }

  #access(build: Build) {
    const accessToken = this.#world.issueJobToken({ plan: build.plan, jobId: "11111111-1111-4111-8111-111111111111" });
    const settings = {
      ...{
        collectionUri: this.#world.collectionUri,
        accessToken,
        userAgent: "test",
        proxy: undefined,
        caFile: undefined,
      },
      clock: { now: () => this.now, sleep: async () => {} },
    };
    const job = { id: `job-${build.id}`, stage: "Watch", stageAttempt: 1, name: "Job", attempt: 1 };
    const { definition, id: runId } = build;
    return { settings, project: this.#world.project.name, definitionId: definition.id, runId, attempt: 1, job };
  }

  #relay(visible: () => readonly MonitorResult[], started: () => void): Relay {
    const setting = {
      ...{ schema: 1, organization: "https://dev.azure.com/contoso", sources: [WORKSPACE] },
      routes: [
        {
          name: "look at breaches",
          when: { events: "RunStatusChanged", runStatus: "Completed", tags: { [TAG]: "*" } },
          start: { kind: "webhook", name: "amlMonitor" },
        },
      ],
    };
    return new Relay({
      configuration: parseConfiguration(JSON.stringify(setting)),
      store: new MemoryStore(),
      starter: async () => {
        started();
        return { reference: "webhook" };
      },
      http: async ({ url }) => {
        const run = new URL(url).pathname.split("/").pop() ?? "";
        const result = visible().find((one) => `${one.run}-step` === run);
        if (result === undefined) throw new RelayFault("temporary", `There is no ${run} yet.`);
        const properties = {
          status: "Completed",
          experimentName: "monitors",
          tags: { [TAG]: "broken" },
          properties: {},
        };
        return { status: 200, headers: {}, body: JSON.stringify({ name: run, properties }) };
      },
      token: async () => "token",
      clock: { now: () => this.now, sleep: async () => {} },
    });
  }
}

const silent: Log = { info() {}, debug() {}, warn() {}, remote() {}, group: (_title, work) => work() };

/** The agent's process ends in the middle. */
class Died extends Error {}

/** A starter whose process dies at times, before or after a start, and before a note is kept. */
function mayDie(starter: TrainingStarter, random: Random): TrainingStarter {
  const die = (chance: number) => {
    if (random() < chance) throw new Died();
  };
  return {
    ...starter,
    async remember(name, text) {
      die(0.05);
      await starter.remember(name, text);
    },
    async startTraining(result) {
      die(0.1);
      const started = await starter.startTraining(result);
      die(0.15);
      return started;
    },
  };
}

function outagesOf(begin: number, end: number, longest: number, random: Random): [from: number, to: number][] {
  const outages: [number, number][] = [];
  if (longest === 0) return outages;
  // After an outage comes a time as long in which all works.
  for (let at = begin + random() * 2 * DAY; at < end; at += longest * (2 + random() * 2))
    outages.push([at, at + random() * longest]);
  return outages;
}

function eventOf({ run }: MonitorResult): string {
  return JSON.stringify([
    {
      ...{ topic: WORKSPACE, subject: `experiments/e/runs/${run}-step`, id: `event-${run}`, dataVersion: "" },
      eventType: "Microsoft.MachineLearningServices.RunStatusChanged",
      eventTime: "2026-01-01T00:00:00Z",
      data: {
        experimentId: "e",
        experimentName: "monitors",
        runId: `${run}-step`,
        runStatus: "Completed",
        runTags: {},
      },
    },
  ]);
}
