// The steps of a job as the agent runs them: tasks, scripts as a task of our own, and what the agent does itself.
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Condition, Job, JobStatus, Step } from "../../agent/index.ts";
import { evaluate, toBoolean } from "../../expressions/evaluate.ts";
import type { JobDocument, StepDocument } from "../language/document.ts";
import type { RunContext } from "./context.ts";
import { checkout } from "./plugins.ts";
import { stepFunctions } from "./scope.ts";

/** The task that runs script and bash steps. */
const SCRIPT_TASK = fileURLToPath(new URL("./script-task", import.meta.url));

/** The agent's steps of a job, with those that Azure Pipelines adds by itself. */
export function stepsOf(document: JobDocument, context: RunContext, job: Job, log: (line: string) => void): Step[] {
  const steps = [...document.steps];
  const common = {
    place: document.place,
    enabled: true,
    continueOnError: false,
    timeoutInMinutes: 0,
    retryCountOnTaskFailure: 0,
    env: {},
  };
  // A deployment brings the artifacts of its run and of its resources, and no sources; a plain job brings sources.
  if (document.kind === "deployment" && !steps.some(({ kind }) => kind === "download")) {
    const sources = [
      ...(context.artifacts.names(context.identity.buildId!).length > 0 ? ["current"] : []),
      ...context.resources.keys(),
    ];
    steps.unshift(
      ...sources.map((value) => ({
        kind: "download" as const,
        ...common,
        source: { value, place: document.place },
        patterns: [],
      })),
    );
  }
  if (document.kind === "job" && !steps.some(({ kind }) => kind === "checkout")) {
    steps.unshift({ kind: "checkout", ...common, repository: "self", fetchDepth: 0 });
  }
  return steps.flatMap((step) => {
    const named = step.displayName ?? step.name ?? step.kind;
    if (!step.enabled) {
      log(`Step ${named} is disabled (enabled: false).`);
      return [];
    }
    if (step.kind === "task" && !context.bound.has(step)) {
      log(`##[warning]Step ${named} is left out: the task ${step.task.value} is not here.`);
      return [];
    }
    return agentStep(step, context, job);
  });
}

function agentStep(step: StepDocument, context: RunContext, job: Job): Step[] {
  const common = {
    ...(step.name === undefined ? {} : { name: step.name }),
    ...(step.condition === undefined ? {} : { condition: conditionOf(step.condition, job) }),
    continueOnError: step.continueOnError,
    timeoutInMinutes: step.timeoutInMinutes,
    retryCountOnTaskFailure: step.retryCountOnTaskFailure,
  };
  const named = (otherwise: string) => ({ displayName: step.displayName ?? otherwise });
  const { repository, artifacts, identity, resources } = context;
  switch (step.kind) {
    case "task": {
      const { task, inputs } = context.bound.get(step)!;
      return [
        {
          ...common,
          ...named(task.manifest.name),
          taskFolder: task.folder,
          inputs,
          env: step.env,
          ...(step.target === undefined ? {} : { target: step.target }),
        },
      ];
    }
    case "script":
    case "bash": {
      const inputs = {
        script: step.script,
        kind: step.kind,
        workingDirectory: step.workingDirectory ?? "",
        failOnStderr: String(step.failOnStderr),
      };
      const target = step.target === undefined ? {} : { target: step.target };
      return [
        {
          ...common,
          ...named(step.kind === "bash" ? "Bash" : "CmdLine"),
          taskFolder: SCRIPT_TASK,
          inputs,
          env: step.env,
          ...target,
        },
      ];
    }
    case "checkout": {
      if (step.repository === "none") return [];
      const name = repository.name ?? path.basename(repository.path);
      const displayName = `Checkout ${name}@${repository.branch.replace(/^refs\/heads\//, "")} to s`;
      return [{ ...common, ...named(displayName), plugin: (plugin) => checkout(plugin, repository, step.fetchDepth) }];
    }
    case "publish":
      return [
        {
          ...common,
          ...named("PublishPipelineArtifact"),
          plugin: async (plugin) => artifacts.publish(plugin, identity.buildId!, step.artifact, job.expand(step.path)),
        },
      ];
    case "download": {
      const source = step.source.value;
      if (source === "none") return [];
      const runId = source === "current" ? identity.buildId! : resources.get(source)!.runId;
      const wanted = {
        patterns: step.patterns,
        ...(step.artifact === undefined ? {} : { artifact: job.expand(step.artifact) }),
      };
      const folders = [
        ...(source === "current" ? [] : [source]),
        ...(wanted.artifact === undefined ? [] : [wanted.artifact]),
      ];
      const target = () =>
        step.path === undefined
          ? path.join(job.folders.build, ...folders)
          : path.resolve(job.folders.build, job.expand(step.path));
      return [
        {
          ...common,
          ...named("DownloadPipelineArtifact"),
          plugin: async (plugin) => artifacts.download(plugin, runId, wanted, target()),
        },
      ];
    }
  }
}

function conditionOf({ value, expression }: NonNullable<StepDocument["condition"]>, job: Job): Condition {
  return {
    text: value,
    evaluate: (status: JobStatus) =>
      toBoolean(
        evaluate(expression, {
          names: { variables: (key) => job.variables.get(key) ?? null },
          functions: stepFunctions(status),
        }),
      ),
  };
}
