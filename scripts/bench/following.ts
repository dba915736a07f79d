// `npm run bench -- --following`: how late a line of a log is shown, and how much is asked for it, by a clock that moves by the pauses alone: the figures
// are those of any machine, without the time that requests take. Then a pipeline of many steps, in real time.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseJob, readSource } from "../../lib/documents/index.ts";
import { followJob } from "../../lib/ml/jobs/follow-job.ts";
import { cancelJob } from "../../lib/ml/jobs/jobs.ts";
import { submitJob } from "../../lib/ml/submit/submit-job.ts";
import type { Clock } from "../../lib/poll.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import { runFolder } from "../../local/azure/records/job.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { until } from "../../test/harness/until.ts";
import { openLocal } from "../../test/lib/ml/world.ts";
import { conditions } from "./conditions.ts";
import type { Aim, Following, Reading } from "./performance.ts";

const ENVIRONMENT = { image: "ubuntu" };
const LONG = { type: "command", command: "sleep 600", environment: ENVIRONMENT };
const LOG = "user_logs/std_log.txt";
const COMPUTE = "azureml:cpu-cluster";

export const alone = { ...LONG, compute: COMPUTE };
export const asStep = { type: "pipeline", settings: { default_compute: COMPUTE }, jobs: { long: LONG } };

/** Milliseconds, by the clock of the wait. */
const MINUTE = 60_000;
/** Lines come each so often at first. */
const BETWEEN_LINES = 10_000;
const LIVELY_UNTIL = MINUTE;
/** Silence begins to count after half a minute. */
const SILENT_FROM = LIVELY_UNTIL + MINUTE / 2;
const SILENT_UNTIL = SILENT_FROM + 5 * MINUTE;

export interface Followed {
  /** The longest time from a line's writing to its showing while lines come, in milliseconds. */
  readonly lively: number;
  /** The same of lines that end a silence. */
  readonly silent: number;
  /** Seconds for each request in the silence. */
  readonly secondsForEach: number;
}

/** Submits a document, written to a folder of its own. */
async function submitted(workspace: Followable, job: object): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-following-"));
  try {
    writeFileSync(path.join(folder, "job.yml"), JSON.stringify(job));
    const document = parseJob(readSource(path.join(folder, "job.yml"), { root: folder }));
    return (await submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder })).name;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Followable = Awaited<ReturnType<typeof openLocal>>;

/** Submits a job, and waits until it runs. */
async function begun(cloud: LocalCloud, workspace: Followable, job: object) {
  const name = await submitted(workspace, job);
  const jobs = jobService(cloud.azure);
  const running = await until("the job runs", () =>
    [...jobs.children(name), ...jobs.all().filter((one) => one.name === name)].find(
      ({ status, logFiles }) => status === "Running" && logFiles.includes(LOG),
    ),
  );
  if (running === undefined) throw new Error(`The job ${name} does not run.`);
  return { name, running };
}

async function end(cloud: LocalCloud, workspace: Followable, name: string): Promise<void> {
  await cancelJob(workspace, name);
  await jobService(cloud.azure).ended(name);
}

/** Follows a job that somebody else cancels. */
async function followToCancel(workspace: Followable, name: string, clock: Clock): Promise<void> {
  const error = await followJob(workspace, name, { clock }).then(
    () => new Error(`The job ${name} completed, which was to be cancelled.`),
    (one: Error) => one,
  );
  if (!/ is Canceled/.test(error.message)) throw error;
}

/** Requests of a wait of so many minutes for a job without a word in its log. */
export async function followSilence(cloud: LocalCloud, job: object, minutes: number): Promise<number> {
  let now = 0;
  let asked = 0;
  let inTime = 0;
  const workspace = await openLocal({ cloud, onRequest: () => void asked++ });
  const { name } = await begun(cloud, workspace, job);
  asked = 0;
  const clock = {
    now: () => now,
    async sleep(milliseconds: number, signal?: AbortSignal) {
      signal?.throwIfAborted();
      now += milliseconds;
      if (now < minutes * MINUTE || inTime > 0) return;
      inTime = asked;
      await end(cloud, workspace, name);
    },
  };
  await followToCancel(workspace, name, clock);
  return inTime;
}

/**
 * Follows a job that runs on: a minute with a line each ten seconds, five and a half minutes of silence, then a line after each silence of a
 * minute. Each line is written at the beginning of a pause, the worst moment.
 */
export async function followLongJob(cloud: LocalCloud, job: object): Promise<Followed> {
  let now = 0;
  let asked: number[] = [];
  const workspace = await openLocal({ cloud, onRequest: () => asked.push(now) });
  const { name, running } = await begun(cloud, workspace, job);
  asked = [];
  const written = new Map<string, { readonly at: number; shown?: number }>();
  const noteShown = () => {
    const text = workspace.log.text();
    for (const [line, one] of written) if (one.shown === undefined && text.includes(line)) one.shown = now;
  };
  const times = [
    ...Array.from({ length: LIVELY_UNTIL / BETWEEN_LINES }, (_, index) => (index + 1) * BETWEEN_LINES),
    ...[1, 2].map((silence) => SILENT_UNTIL + silence * MINUTE),
  ];
  const clock = {
    now: () => now,
    async sleep(milliseconds: number, signal?: AbortSignal) {
      signal?.throwIfAborted();
      noteShown();
      if (times[0] !== undefined && now >= times[0]) {
        times.shift();
        const line = `written ${randomUUID()}`;
        written.set(line, { at: now });
        await cloud.azure.blobs.append("azureml", `${runFolder(running.name)}${LOG}`, `${line}\n`);
      } else if (times.length === 0 && [...written.values()].every(({ shown }) => shown !== undefined)) {
        await end(cloud, workspace, name);
      }
      now += milliseconds;
    },
  };
  await followToCancel(workspace, name, clock);
  const latest = (among: (at: number) => boolean) =>
    Math.max(...[...written.values()].filter(({ at }) => among(at)).map(({ at, shown }) => (shown ?? now) - at));
  const inSilence = asked.filter((at) => at >= SILENT_FROM && at < SILENT_UNTIL).length;
  return {
    lively: latest((at) => at < SILENT_FROM),
    silent: latest((at) => at > SILENT_UNTIL),
    secondsForEach: (SILENT_UNTIL - SILENT_FROM) / 1000 / inSilence,
  };
}

export interface FollowedSteps {
  readonly submitting: number;
  readonly following: number;
  /** Milliseconds from the submission to its end. */
  readonly milliseconds: number;
  /** Looks at the pipeline's state. */
  readonly looks: number;
}

/** Submits and follows a pipeline of so many short steps, in chains of eight side by side. */
export async function followSteps(cloud: LocalCloud, count: number): Promise<FollowedSteps> {
  const { settings } = cloud.azure;
  const before = { ...settings, phases: { ...settings.phases } };
  Object.assign(settings, {
    slots: 8,
    phases: { starting: 0, preparing: 0, queued: 0, finalizing: 0, cancelRequested: 0 },
  });
  const asked: string[] = [];
  const workspace = await openLocal({ cloud, onRequest: (_method, url) => asked.push(new URL(url).pathname) });
  const mark = randomUUID();
  const jobs = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `s${index}`,
      {
        type: "command",
        command: "echo ${{inputs.n}} ${{inputs.mark}} > ${{outputs.o}}/n",
        environment: ENVIRONMENT,
        inputs: { n: index, mark, ...(index >= 8 ? { d: `\${{parent.jobs.s${index - 8}.outputs.o}}` } : {}) },
        outputs: { o: { type: "uri_folder" } },
      },
    ]),
  );
  try {
    asked.length = 0;
    const started = performance.now();
    const name = await submitted(workspace, { type: "pipeline", settings: { default_compute: COMPUTE }, jobs });
    const submitting = asked.splice(0).length;
    await followJob(workspace, name);
    return {
      submitting,
      following: asked.length,
      milliseconds: performance.now() - started,
      looks: asked.filter((one) => one.endsWith(`/runs/${name}/details`)).length,
    };
  } finally {
    Object.assign(settings, before);
  }
}

/** Steps of the large pipeline. */
const STEPS = 1_000;
/** A look asks for the job's state, for its steps, and for the state and the log of the one that is shown. */
const EACH_LOOK = 4;
const seconds = (milliseconds: number) => Number((milliseconds / 1000).toFixed(2));

/** @param requests the aim of the seconds for each request in a silence */
function latencyRows(of: string, figures: Followed, requests?: Aim): Reading[] {
  return [
    { what: `${of}: latency of a line while lines come`, value: seconds(figures.lively), unit: "s", aim: { most: 2 } },
    {
      ...{ what: `${of}: latency of the line that ends a silence`, value: seconds(figures.silent), unit: "s" },
      aim: { most: 6 },
    },
    {
      ...{ what: `${of}: time for each request after half a minute of silence`, unit: "s" },
      value: Number(figures.secondsForEach.toFixed(2)),
      ...(requests === undefined ? {} : { aim: requests }),
    },
  ];
}

export async function measureFollowing(): Promise<Following> {
  const cloud = await startCloud();
  try {
    const job = await followLongJob(cloud, alone);
    const step = await followLongJob(cloud, asStep);
    const { following, looks } = await followSteps(cloud, STEPS);
    const steps = STEPS.toLocaleString("en");
    const rows: Reading[] = [
      ...latencyRows("a job", job, { least: 5 }),
      ...latencyRows("a pipeline's step", step),
      {
        what: `a pipeline of ${steps} steps: requests for each step, without ${EACH_LOOK} for each look at the pipeline's state`,
        value: Number(((following - EACH_LOOK * looks) / STEPS).toFixed(2)),
        unit: "requests",
        aim: { most: 2.1 },
      },
      { what: `a pipeline of ${steps} steps: looks at its state`, value: looks, unit: "looks" },
    ];
    return { ...conditions(1), rows };
  } finally {
    await cloud.close();
  }
}
