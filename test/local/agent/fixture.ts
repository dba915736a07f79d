// Tiny packaged tasks for the local agent's tests: a task.json and plain scripts, some over the real task-lib.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { Job, type JobOptions, type JobOutcome, type StageOutcome, type Step } from "../../../local/agent/index.ts";

/** The id of the n-th task of a bench: agents keep a task under its name, id and version, so no two may share all three. */
const taskId = (n: number) => `6d3c1f64-6f0b-4d0e-9a4f-${String(n).padStart(12, "0")}`;
export const CONNECTION_ID = "11111111-2222-3333-4444-555555555555";

let taskLib: Promise<string> | undefined;

/** The real task-lib as one CommonJS file, made once for a test run. */
export function bundledTaskLib(): Promise<string> {
  taskLib ??= build({
    stdin: { contents: 'module.exports = require("azure-pipelines-task-lib/task");', resolveDir: import.meta.dirname },
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    write: false,
    logLevel: "error",
  }).then((result) => result.outputFiles[0]!.text);
  return taskLib;
}

/** One test's folder: packaged tasks in it, and a work folder for its jobs. */
export class Bench {
  readonly root = mkdtempSync(path.join(os.tmpdir(), "local-agent-"));
  readonly workFolder = path.join(this.root, "agent", "_work");
  #count = 0;

  /** Packages a task. Scripts may `require("./task-lib.js")` where `lib` is given. */
  task(
    manifest: Record<string, unknown>,
    scripts: { prejob?: string; execution?: string; postjob?: string } | string,
    lib?: string,
  ): string {
    const folder = path.join(this.root, `task${++this.#count}`);
    mkdirSync(path.join(folder, "dist"), { recursive: true });
    const all = typeof scripts === "string" ? { execution: scripts } : scripts;
    const stages = { prejob: "prejobexecution", execution: "execution", postjob: "postjobexecution" } as const;
    const handlers: Record<string, unknown> = {};
    for (const [stage, key] of Object.entries(stages)) {
      const script = all[stage as keyof typeof all];
      if (script === undefined) continue;
      writeFileSync(path.join(folder, "dist", `${stage}.js`), script);
      handlers[key] = { Node20_1: { target: `dist/${stage}.js` } };
    }
    if (lib !== undefined) writeFileSync(path.join(folder, "dist", "task-lib.js"), lib);
    const base = {
      id: taskId(this.#count),
      name: "Probe",
      friendlyName: "Probe",
      version: { Major: 1, Minor: 2, Patch: 3 },
    };
    writeFileSync(path.join(folder, "task.json"), JSON.stringify({ ...base, ...handlers, ...manifest }));
    return folder;
  }

  job(options: Partial<JobOptions> = {}): Job {
    return new Job({ workFolder: this.workFolder, ...options });
  }

  async run(steps: readonly Step[], options: Partial<JobOptions> = {}): Promise<JobOutcome> {
    return await this.job(options).run(steps);
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A script that prints its whole environment as one line, `ENV {...}`. */
export const PRINT_ENVIRONMENT = 'console.log("ENV " + JSON.stringify(process.env));';

/** What PRINT_ENVIRONMENT printed; the log is masked, so no value of it may be a secret. */
export function printedEnvironment(stage: StageOutcome): Record<string, string> {
  const line = stage.lines.find((text) => text.startsWith("ENV "));
  if (line === undefined) throw new Error(`The task printed no environment:\n${stage.lines.join("\n")}`);
  return JSON.parse(line.slice(4));
}

export function mainStage(outcome: JobOutcome, index = 0): StageOutcome {
  const stage = outcome.stages.filter(({ stage }) => stage === "execution")[index];
  if (!stage) throw new Error(`The job has no main stage number ${index}.`);
  return stage;
}
