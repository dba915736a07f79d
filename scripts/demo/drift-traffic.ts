// Requests of the story of drift to the live endpoint, which look like the training data or have drifted, and a run of the monitor.
import { readFileSync } from "node:fs";
import https from "node:https";
import path from "node:path";
import { poll } from "../../lib/poll.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import { isTerminal } from "../../local/azure/records/job.ts";
import { fire, schedulesOf } from "../../local/azure/schedules/watch.ts";
import { dataCollector } from "../../local/azure/scoring/data-collector.ts";
import type { LocalCloud } from "../../local/cloud.ts";

/** The monitor of monitoring/drift.yml. */
const MONITOR = "breast-cancer-drift";
const ROWS = 200;

export class Monitored {
  readonly #cloud: LocalCloud;
  readonly #target: () => { readonly scoringUri: string; readonly key: string };
  readonly #agent: https.Agent;
  readonly #data: string;

  constructor(
    cloud: LocalCloud,
    target: () => { readonly scoringUri: string; readonly key: string },
    agent: https.Agent,
    data: string,
  ) {
    this.#cloud = cloud;
    this.#target = target;
    this.#agent = agent;
    this.#data = data;
  }

  /** Sends rows of the training data to the live endpoint, each value times `factor`, and waits until they are collected. */
  async call(factor: number): Promise<void> {
    const [, ...lines] = readFileSync(path.join(this.#data, "breast-cancer.csv"), "utf8").trim().split("\n");
    const rows = lines.slice(0, ROWS).map((line) =>
      line
        .split(",")
        .slice(0, -1)
        .map((one) => Number(one) * factor),
    );
    const { scoringUri, key } = this.#target();
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    const status = await new Promise<number>((resolve, reject) => {
      const request = https.request(scoringUri, { method: "POST", agent: this.#agent, headers }, (answer) => {
        answer.resume().once("end", () => resolve(answer.statusCode ?? 0));
      });
      request.once("error", reject).end(JSON.stringify({ rows }));
    });
    if (status !== 200) throw new Error(`The endpoint answered ${status} to the requests of the story.`);
    await dataCollector(this.#cloud.azure).settled();
  }

  /** Runs the monitor now, over the day up to an hour from now, and waits for its job. @returns the job's name */
  async measure(): Promise<string> {
    const { azure } = this.#cloud;
    const schedule = schedulesOf(azure).get(MONITOR);
    if (schedule === undefined) throw new Error(`There is no monitor ${MONITOR}: its file was not applied.`);
    const name = fire(azure, schedule, azure.clock.now() + 3_600_000);
    const look = async () => {
      const status = jobService(azure).get(name)?.status;
      return status !== undefined && isTerminal(status)
        ? { done: true as const, value: status }
        : { done: false as const };
    };
    const status = await poll(look, { what: `the monitor's job ${name}`, initial: 200, deadline: 3_600_000 });
    if (status !== "Completed") throw new Error(`The monitor's job ${name} is ${status}.`);
    return name;
  }
}
