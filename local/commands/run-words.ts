// Options of `azureml-local run`.
import path from "node:path";
import { parseArgs } from "node:util";
import { cloudFlags, cloudOptions, cloudUsage } from "./cloud-options.ts";
import { REASONS, type Reason } from "./project/discovery.ts";

export const runUsage = `azureml-local run [--repo DIR] [--file FILE] [OPTIONS]

Runs the pipelines of a repository as it lies in the folder, with changes that are not committed; nothing in it is changed.
Pipelines, templates, and pipelines that a completed run starts are found in its YAML files. Service connections are taken as
the pipelines name them. What Azure DevOps knows and no file says can stand in azureml-local.yml at the root of the repository.

  --repo DIR       the repository, or a folder without git (default: this folder)
  --file FILE      the pipeline to run; several run one after the other in the same cloud (default: azure-pipelines.yml;
                   with --reason, all pipelines which that starts)
  --reason push|pullRequest|schedule
                   run what a push, a pull request or a schedule starts; default: manual, as somebody who queues a run
  --branch NAME    the branch: its newest commit where it is not the current one
  --target NAME    the branch that a pull request would be merged into (main)
  --set NAME=VALUE a parameter of the pipeline, or a variable; may be given several times
  --approve ENV, --reject ENV
                   the answer to the approval of an environment; may be given several times
  --vsix FILE      an extension whose tasks the pipelines use; may be given several times (default: the .vsix file in the
                   repository, in this folder, or in the folder above)
  --leave-out TASK leave out the steps of a task that is not here, as UsePythonVersion@0; may be given several times
  --allow-not-run  end with 0 although a pipeline that a completed run starts cannot run here
  --check          only say what cannot be run here, and start nothing
  --out DIR        write the log and the summary of each run into this folder
  --keep           keep the pages of the run and its jobs until Ctrl+C
  --quiet          print the page at the end only, not the log
  --parameter NAME=VALUE, --variable NAME=VALUE
                   as --set, where it must be the one or the other
  --connection NAME
                   a further service connection of this name; azure-ml, azure-ml-federated and others are always there
${cloudUsage}

The exit code is 0 where all runs succeeded, 1 where one did not, 2 where something is refused before anything runs, and 3 where all
runs succeeded and a pipeline that they start in Azure DevOps cannot run here.`;

const several = { type: "string", multiple: true } as const;
const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;

export interface RunWords {
  readonly help: boolean;
  /** Absolute. */
  readonly repo: string;
  readonly files: readonly string[];
  readonly reason: Reason;
  readonly branch: string | undefined;
  readonly target: string;
  readonly set: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly approve: readonly string[];
  readonly reject: readonly string[];
  readonly vsix: readonly string[];
  readonly leaveOut: readonly string[];
  readonly connection: readonly string[];
  readonly out: string | undefined;
  readonly keep: boolean;
  readonly check: boolean;
  /** Whether a pipeline that a run would start may be left out of the exit code. */
  readonly allowNotRun: boolean;
  readonly quiet: boolean;
  readonly environments?: "machine" | "venv";
  /** For `cloudOptions`. */
  readonly cloud: Parameters<typeof cloudOptions>[0] & { readonly har?: string };
}

/** @throws Error for options that do not fit */
export function runWords(words: readonly string[]): RunWords {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: {
      ...{
        repo: text,
        file: several,
        reason: text,
        branch: text,
        target: text,
        out: text,
        keep: flag,
        quiet: flag,
        check: flag,
        "allow-not-run": flag,
      },
      ...{ set: several, approve: several, reject: several, "leave-out": several },
      ...{ vsix: several, parameter: several, variable: several, connection: several, ...cloudFlags },
    },
    allowPositionals: true,
  });
  const [positional, ...more] = positionals;
  if (more.length > 0) throw new Error(`One pipeline file is run, and ${positionals.length} are given.`);
  if (positional !== undefined && values.file !== undefined)
    throw new Error(`The pipeline is given twice: ${positional} and --file ${values.file.join(", ")}.`);
  const reason = REASONS.find((one) => one.toLowerCase() === (values.reason ?? "manual").toLowerCase());
  if (reason === undefined)
    throw new Error(`--reason is one of ${REASONS.join(", ")}, and '${values.reason}' is none.`);
  const branch = values.branch?.replace(/^refs\/heads\//, "");
  if (branch !== undefined && (branch === "" || /^-|[\s~^:?*[\\]|\.\.|\/$|\.lock$/.test(branch)))
    throw new Error(`--branch ${values.branch}: this is no name of a branch.`);
  const both = (values.approve ?? []).find((one) => values.reject?.some((other) => same(one, other)));
  if (both !== undefined) throw new Error(`The environment ${both} is both approved and rejected.`);
  const cloud = { ...values };
  // Refused here and not when everything else was read.
  if (!values.help) cloudOptions(cloud);
  const { environments } = values;
  const { repo, files } = placeOf(values.repo, positional, values.file);
  return {
    ...{ help: values.help === true, keep: values.keep === true, quiet: values.quiet === true, cloud },
    check: values.check === true,
    allowNotRun: values["allow-not-run"] === true,
    ...{ repo, files, reason, branch, target: (values.target ?? "main").replace(/^refs\/heads\//, "") },
    ...{ set: pairs("set", values.set), parameters: pairs("parameter", values.parameter) },
    variables: pairs("variable", values.variable),
    ...{ approve: values.approve ?? [], reject: values.reject ?? [], leaveOut: values["leave-out"] ?? [] },
    ...{ vsix: values.vsix ?? [], connection: values.connection ?? [] },
    out: values.out === undefined ? undefined : path.resolve(values.out),
    ...(environments === "venv" || environments === "machine" ? { environments } : {}),
  };
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** A file that stands alone on the command line is meant from here, those of `--file` from the repository. */
function placeOf(repo: string | undefined, positional: string | undefined, files: readonly string[] = []) {
  if (positional === undefined) return { repo: path.resolve(repo ?? "."), files };
  if (repo !== undefined) return { repo: path.resolve(repo), files: [positional] };
  const whole = path.resolve(positional);
  return { repo: path.dirname(whole), files: [whole] };
}

/** `NAME=VALUE` of an option that may be given several times. */
function pairs(option: string, given: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    given.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new Error(`--${option} ${pair}: NAME=VALUE is needed.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
