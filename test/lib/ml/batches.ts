// Batch endpoints for these tests, made of YAML as a user applies it, and invocations of them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { parseBatchInvocation, parseSource } from "../../../lib/documents/index.ts";
import { type InvokeOptions, invokeBatch } from "../../../lib/ml/batch/invoke-batch.ts";
import { applyDocuments, readDocuments } from "../../../lib/ml/index.ts";
import type { Clock } from "../../../lib/poll.ts";
import { jobService } from "../../../local/azure/jobs/service.ts";
import type { JobRecord } from "../../../local/azure/records/job.ts";
import { project } from "./projects.ts";
import { openLocal, theCloud } from "./world.ts";

/** A script that doubles the number in each file; a file with a word in it fails. */
const SCORE = `import os
def init():
    pass
def run(mini_batch):
    return [f"{os.path.basename(path)} {2 * float(open(path).read())}" for path in mini_batch]
`;

const deployment = (name: string, endpoint: string) => `name: ${name}
endpoint_name: ${endpoint}
type: model
model: {path: model, type: custom_model}
code_configuration: {code: code, scoring_script: score.py}
environment: {image: ubuntu}
compute: azureml:cpu-cluster
settings:
  mini_batch_size: 1
  error_threshold: 0
  retry_settings: {max_retries: 0, timeout: 30}
`;

/** A deployment that runs a pipeline component with a word for its parameter. */
const pipelineDeployment = (name: string, endpoint: string) => `name: ${name}
endpoint_name: ${endpoint}
type: pipeline
component: ./greet.yml
settings: {default_compute: cpu-cluster}
`;
const GREET = `type: pipeline
name: greet
version: "1"
inputs: {word: {type: string}, times: {type: integer, default: 1}}
outputs: {said: {type: uri_folder}}
jobs:
  say:
    type: command
    component: ./say.yml
    inputs: {word: "\${{parent.inputs.word}}", times: "\${{parent.inputs.times}}"}
    outputs: {said: "\${{parent.outputs.said}}"}
`;
const SAY = `type: command
name: say
version: "1"
inputs: {word: {type: string}, times: {type: integer}}
outputs: {said: {type: uri_folder}}
environment: {image: ubuntu}
command: echo "\${{inputs.word}} \${{inputs.times}}" | tee \${{outputs.said}}/said.txt
`;

export interface BatchProject {
  readonly endpoint: string;
  /** The folder with `data` in it, two files of a number. */
  readonly folder: string;
}

/**
 * Applies an endpoint whose default is `blue`, with a second deployment `green` and, where it is wanted, `steps`, which runs a
 * pipeline component.
 */
export async function batchProject(
  o: { readonly steps?: boolean; readonly data?: Readonly<Record<string, string>> } = {},
): Promise<BatchProject> {
  const endpoint = `batch-${randomUUID().slice(0, 8)}`;
  const data = Object.entries(o.data ?? { "a.txt": "1", "b.txt": "2" });
  const folder = project({
    "azureml/endpoint.yml": `name: ${endpoint}\nauth_mode: aad_token\ndefaults: {deployment_name: blue}\n`,
    "azureml/blue.yml": deployment("blue", endpoint),
    "azureml/green.yml": deployment("green", endpoint),
    ...(o.steps
      ? {
          "azureml/steps.yml": pipelineDeployment("steps", endpoint),
          "azureml/greet.yml": GREET,
          "azureml/say.yml": SAY,
        }
      : {}),
    "azureml/model/weights.txt": "2",
    "azureml/code/score.py": SCORE,
    ...Object.fromEntries(data.map(([name, text]) => [`data/${name}`, text])),
  });
  const workspace = await openLocal();
  await applyDocuments(workspace, readDocuments(path.join(folder, "azureml"), folder), { root: folder });
  return { endpoint, folder };
}

/** An invocation as YAML says it, with `data` as its input unless it says another. */
export function invocation(folder: string, yaml = "inputs: {rows: {type: uri_folder, path: data}}") {
  return parseBatchInvocation(parseSource(yaml, { name: "invocation.yml", folder, root: folder }));
}

/** A step's memory in this process. */
export function memory(note = "") {
  let text = note;
  return {
    read: () => text || undefined,
    write: (next: string) => {
      text = next;
    },
  };
}

/** A clock that stands still but for the pauses that it is asked for, which take no time. */
export function leapingClock(): Clock & { slept: number } {
  const clock = {
    slept: 0,
    now: () => clock.slept,
    async sleep(milliseconds: number) {
      clock.slept += milliseconds;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return clock;
}

/** Options of a step of its own. */
export const step = (more: Partial<InvokeOptions> & Pick<InvokeOptions, "endpoint">): InvokeOptions => ({
  stepIdentity: randomUUID(),
  memory: memory(),
  ...more,
});

/** Jobs of the endpoint, the oldest first. */
export async function jobsOf(endpoint: string): Promise<JobRecord[]> {
  const all = jobService((await theCloud()).azure).own();
  return all.filter(({ body }) => (body["batch"] as { endpoint?: string } | undefined)?.endpoint === endpoint);
}

export async function ended(name: string): Promise<JobRecord> {
  const jobs = jobService((await theCloud()).azure);
  await jobs.ended(name);
  const job = jobs.get(name);
  assert.ok(job, name);
  return job;
}

export { invokeBatch };
