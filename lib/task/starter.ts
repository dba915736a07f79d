// Starts other pipelines and releases. It is a file of its own so that only tasks that do so carry the client.
// Tests: test/tasks/watch.test.ts
import { type StartedRun, Starter, type StartTarget } from "../agent/starts.ts";
import { TaskError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { MonitorResult, TrainingStarter } from "../ml/index.ts";
import type { StoryRun } from "./task.ts";

export type { StartTarget } from "../agent/starts.ts";

/** @throws TaskError where the task does not run in a pipeline */
export const openStarter = (run: Pick<StoryRun<never>, "access">, target: StartTarget): Starter =>
  new Starter(run.access(), target);

/** Hours after which a run in the way is no overlap of two schedules, but stuck. */
const STUCK = 2;

/**
 * The work is left to an earlier run of this pipeline that goes on, which the log says. A run that has not ended for hours keeps all later
 * ones from their work, so that the step does not end green.
 * @returns why, as a sentence; undefined where this run may work
 */
export async function leftTo(
  starter: Pick<Starter, "busyRun">,
  { log, run }: { readonly log: Pick<Log, "info">; readonly run: Pick<StoryRun<never>, "succeedWithIssues"> },
): Promise<string | undefined> {
  const busy = await starter.busyRun();
  if (busy === undefined) return undefined;
  const sentence = `Run ${busy.id} of this pipeline has not ended: what is new is left to it, and to the next run.`;
  log.info(sentence);
  const hours = Math.floor(busy.ahead / 3_600_000);
  if (hours >= STUCK)
    run.succeedWithIssues(
      `Run ${busy.id} of this pipeline was queued ${hours} hours before this one and has not ended: until it does, no later run starts anything. Let it go on, or cancel it.`,
    );
  return sentence;
}

/** The work is left to another job of this run, which the log says. @returns that sentence */
export function leftToJob(job: string, log: Pick<Log, "info">): string {
  const sentence = `Job ${job} of this run is doing the same work: it starts what is new, and so does the next run.`;
  log.info(sentence);
  return sentence;
}

/** The inputs that say what is started, as WatchModels has them. */
type TargetInputs =
  | { start: "release"; releaseDefinition: string; artifactAlias: string }
  | { start: "pipeline"; pipelineToStart: string; branch: string | undefined };

/** Names of the inputs that name the parameters of a pipeline: those of a version, and those of a breach. */
type ParameterInputs = Readonly<
  Record<"nameParameter" | "versionParameter" | "monitorParameter" | "monitorRunParameter", string | undefined>
>;

export function targetOf(inputs: TargetInputs & ParameterInputs & { watch: "versions" | "monitors" }): StartTarget {
  const isBreach = inputs.watch === "monitors";
  if (inputs.start === "release") {
    if (isBreach)
      throw new TaskError("input", "A breach of a monitor starts a pipeline; the input start is release.", {
        errorCode: "AML1316",
        hint: "Set start to pipeline: the artifact of a classic release is a model version, and a breach has none.",
      });
    return { kind: "release", definition: inputs.releaseDefinition, alias: inputs.artifactAlias };
  }
  const { pipelineToStart: pipeline, branch } = inputs;
  const [name, version] = isBreach
    ? [inputs.monitorParameter, inputs.monitorRunParameter]
    : [inputs.nameParameter, inputs.versionParameter];
  return { kind: "pipeline", pipeline, branch, nameParameter: name ?? "", versionParameter: version ?? "" };
}

/** Starts a pipeline for a breach as for a version: the monitor is its name, and the job that measured is its version. */
export function trainingStarter(starter: Starter): TrainingStarter {
  const asVersion = ({ monitor, run }: MonitorResult) => ({ name: monitor, version: run });
  const known = ({ id = 0, reference, url }: StartedRun) => ({ id, reference, url });
  return {
    runId: starter.runId,
    kept: (name) => starter.kept(name),
    remember: (name, text) => starter.remember(name, text),
    queuedAt: () => starter.queuedAt(),
    trainings: () => starter.ofTarget(),
    async findTraining(result, since) {
      const found = await starter.find(asVersion(result), since);
      return found && known(found);
    },
    startTraining: async (result) => known(await starter.start(asVersion(result))),
  };
}
