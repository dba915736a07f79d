// The suites of flows: one for each module of test/conformance, run in a process of its own (Python) or in this one (Node).
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { LocalCloud } from "../../local/cloud.ts";
import { clientEnvironment } from "./environment.ts";
import type { VirtualEnvironment } from "./python.ts";
import type { FlowResult, Report } from "./report.ts";

const root = path.resolve(import.meta.dirname, "../../test/conformance");

/** A flow that takes longer hangs; the slowest takes a minute. */
const FLOW_MINUTES = 10;

/** Suites that take longest go first, so that none is left to run alone at the end. */
const LONGEST = ["sklearn", "tracking", "sweeps", "batch", "schedules"];

/** The target of the suites. */
export interface Surroundings {
  readonly cloud: LocalCloud;
  readonly python: VirtualEnvironment;
  /** For suites whose clients cannot live beside the others, such as another generation of MLflow. */
  readonly apart: Readonly<Record<string, VirtualEnvironment>>;
  /** Only flows whose suite and title hold this text; empty: all. */
  readonly only: string;
}

export interface Suite {
  readonly name: string;
  /** Adds a result for each flow. Never rejects. */
  run(around: Surroundings, report: Report): Promise<void>;
}

/** Exports of a TypeScript module of flows: titles to functions. */
type NodeFlows = Readonly<Record<string, (cloud: LocalCloud) => Promise<void>>>;

/** `--only "jobs cancel"` needs no other module to be read; a text that begins with no suite's name may be in any. */
export function suitesFor(only: string): Suite[] {
  const of = (folder: string, ending: string, run: (name: string) => Suite["run"]): Suite[] =>
    readdirSync(path.join(root, folder))
      .filter((file) => file.endsWith(ending) && !file.startsWith("_"))
      .map((file) => file.slice(0, -ending.length))
      .map((name) => ({ name, run: run(name) }));
  const all = [...of("python/flows", ".py", runPython), ...of("node", ".flows.ts", runNode)];
  const [first = ""] = only.toLowerCase().split(/[ :]/);
  const named = all.filter((suite) => suite.name === first);
  const rank = ({ name }: Suite) => (LONGEST.includes(name) ? LONGEST.indexOf(name) : LONGEST.length);
  return (named.length > 0 ? named : all).sort((one, other) => rank(one) - rank(other));
}

/** Runs the suites, `atOnce` at a time: each has its own clients, as users on several machines have. */
export async function runAll(suites: readonly Suite[], atOnce: number, around: Surroundings, report: Report) {
  const queue = [...suites];
  const work = async (): Promise<void> => {
    for (let suite = queue.shift(); suite !== undefined; suite = queue.shift()) await suite.run(around, report);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, queue.length) }, work));
}

function runPython(name: string): Suite["run"] {
  return async ({ cloud, python, apart, only }, report) => {
    const child = spawn(path.join((apart[name] ?? python).bin, "python3"), ["-u", "runner.py", name], {
      cwd: path.join(root, "python"),
      env: {
        ...clientEnvironment(cloud),
        CONFORMANCE_ONLY: only,
        CONFORMANCE_FLOW_SECONDS: String(FLOW_MINUTES * 60),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    let complete = false;
    child.stderr.on("data", (piece: Buffer) => {
      said = (said + piece.toString()).slice(-4000);
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      const told = JSON.parse(line) as FlowResult | { readonly complete: true };
      if ("complete" in told) complete = true;
      else report.add(told);
    });
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
      child.once("error", (error) => {
        said += error.message;
      });
      child.once("close", (...end) => resolve(end));
    });
    if (complete) return;
    // Python itself went down, or a flow hung.
    const error = `python3 ended with ${signal ?? `exit code ${code}`} before its last flow had\n${said}`;
    report.add({ suite: name, title: "runs to its end", ok: false, milliseconds: 0, error });
  };
}

function runNode(name: string): Suite["run"] {
  return async ({ cloud, only }, report) => {
    const { flows } = (await import(path.join(root, `node/${name}.flows.ts`))) as { flows: NodeFlows };
    for (const [title, work] of Object.entries(flows)) {
      if (!`${name} ${title}`.toLowerCase().includes(only.toLowerCase())) continue;
      const started = performance.now();
      const error = await inTime(work(cloud)).then(
        () => undefined,
        (reason: Error) => reason.stack ?? String(reason),
      );
      const milliseconds = Math.round(performance.now() - started);
      report.add({
        suite: name,
        title,
        ok: error === undefined,
        milliseconds,
        ...(error === undefined ? {} : { error }),
      });
    }
  };
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${FLOW_MINUTES} minutes`)), FLOW_MINUTES * 60_000);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
