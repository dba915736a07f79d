// `azureml-local run`: runs a user's own repository on the local cloud, with the tasks of an extension.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { LocalCloud } from "../cloud.ts";
import { PipelineError, Pipelines, type RunReason } from "../pipeline/index.ts";
import { cloudOptions } from "./cloud-options.ts";
import { aborted, interruption } from "./interruption.ts";
import { choosePipelines, findPipelines, missedBy, type Reason, startedByCompletion } from "./project/discovery.ts";
import { type Installed, unpackExtensions, vsixBeside } from "./project/extensions.ts";
import { machineNotes } from "./project/machine.ts";
import { isGreen, type NotRun, runPage, writeRuns } from "./project/page.ts";
import { type Checked, check, type Given, type WantedConnection, wantedConnections } from "./project/preflight.ts";
import { readSettings, type Settings } from "./project/settings.ts";
import { fileOf, rootOf, type Snapshot, takeSnapshot } from "./project/snapshot.ts";
import { connect, type Targets, targetsOf } from "./project/targets.ts";
import { type RunWords, runUsage, runWords } from "./run-words.ts";
import { readWith, UsageError } from "./usage.ts";
import { withCloud } from "./with-cloud.ts";

/** Tasks and pages that a caller has already, beside those of VSIX files. */
export interface Provided {
  readonly installed?: () => Promise<Installed>;
}

/** A run that nothing stands against: every pipeline was read and bound. */
interface Ready {
  readonly words: RunWords;
  readonly settings: Settings;
  readonly snapshot: Snapshot;
  readonly installed: Installed;
  readonly given: Given;
  /** The pipelines that are started, and those that these may start. */
  readonly first: readonly Checked[];
  readonly all: readonly Checked[];
  readonly notRun: readonly NotRun[];
  readonly wanted: readonly WantedConnection[];
  readonly targets: Targets;
}

const RUN_REASONS: Readonly<Record<Reason, RunReason>> = {
  ...{ manual: "manual", push: "individualCI", pullRequest: "pullRequest", schedule: "schedule" },
};

/** The exit code where all runs succeeded, and a pipeline that they would start cannot run here: nobody has seen it green. */
const NOT_RUN = 3;

/** @returns the exit code: 0 where all runs succeeded, 1 where one did not, 2 where something is refused before anything runs, 3 as NOT_RUN */
export async function run(words: readonly string[], provided: Provided = {}): Promise<number> {
  const read = readWith(runUsage, () => runWords(words));
  if (read.help) {
    console.log(runUsage);
    return 0;
  }
  const signal = interruption();
  const work = mkdtempSync(path.join(realpathSync(tmpdir()), "azureml-local-"));
  try {
    const ready = await prepare(read, provided, work);
    const { environments = ready.settings.environments ?? "machine" } = read;
    const asked = cloudOptions({ ...read.cloud, environments });
    const options = {
      ...asked,
      ...{ names: ready.targets.names, subscriptions: ready.targets.subscriptions, project: ready.snapshot.name },
    };
    for (const note of await machineNotes(environments)) console.log(`Note: ${note}`);
    if (read.check) {
      const names = ready.all.map(({ definition }) => `${definition.name} (${definition.file})`);
      console.log(`Can be run here: ${names.join(", ")}. Nothing was started.`);
      const cannot = ready.notRun.map(({ name, file }) => `${name} (${file})`);
      if (cannot.length > 0) console.log(`Cannot be run here: ${cannot.join(", ")}.`);
      return cannot.length === 0 || read.allowNotRun ? 0 : NOT_RUN;
    }
    if (signal.aborted) return 1;
    return await withCloud(options, read.cloud.har, (cloud) => runOn(cloud, ready, work, signal));
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    console.error(error.message);
    console.error("Nothing was started.");
    return 2;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Reads everything that can be refused, and says what runs otherwise than in Azure DevOps. Changes nothing. */
async function prepare(words: RunWords, provided: Provided, work: string): Promise<Ready> {
  const root = await rootOf(words.repo, words.files);
  const wantedFiles = words.files.map((file) => fileOf(root, file));
  const settings = readSettings(root);
  const named = words.vsix.length > 0 ? words.vsix : settings.vsix.map((file) => path.resolve(root, file));
  const isNeeded = named.length === 0 && provided.installed === undefined;
  const found = isNeeded ? vsixBeside([root, process.cwd(), path.dirname(root)]) : [];
  const snapshot = await takeSnapshot(root, path.join(work, "repository.git"), words.branch);
  const installed =
    named.length === 0 && provided.installed !== undefined
      ? await provided.installed()
      : unpackExtensions([...named, ...found], path.join(work, "extensions"));
  const definitions = await findPipelines(snapshot, settings.pipelines);
  const chosen = await choosePipelines(snapshot, definitions, { ...words, files: wantedFiles });
  const given: Given = {
    ...{ tasks: installed.tasks, settings: { ...settings, approve: [...settings.approve, ...words.approve] } },
    leaveOut: new Set([...settings.leaveOut, ...words.leaveOut].map((name) => name.toLowerCase())),
    values: { ...words.variables, ...words.set, ...words.parameters },
    reason: RUN_REASONS[words.reason],
    ref: words.reason === "pullRequest" ? "refs/pull/1/merge" : `refs/heads/${snapshot.branch}`,
  };
  console.log(`${snapshot.name}: ${snapshot.what}. The folder itself is not changed.`);
  // Nobody named it, and its programs run on this machine.
  for (const file of found)
    console.log(`The extension ${file} was found, and its tasks are used; --vsix names another.`);
  const notes = [...chosen.notes];
  const first: Checked[] = [];
  const faults: PipelineError["faults"][number][] = [];
  for (const definition of chosen.pipelines) {
    try {
      first.push(await check(snapshot, definition, given));
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      faults.push(...error.faults);
    }
  }
  if (faults.length > 0) throw new PipelineError(faults);
  refuseUndeclared(words, first);
  const all = [...first];
  const notRun: NotRun[] = [];
  for (const definition of await startedByCompletion(snapshot, definitions, chosen.pipelines)) {
    try {
      all.push(await check(snapshot, definition, { ...given, reason: "resourceTrigger" }));
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      notes.push(`${definition.name} cannot be run here, and is not started by what it waits for:\n${error.message}`);
      notRun.push({ name: definition.name, file: definition.file, why: error.message });
    }
  }
  for (const note of new Set([...notes, ...all.flatMap((one) => one.notes)])) console.log(`Note: ${note}`);
  const wanted = wantedConnections(all, settings);
  const targets = targetsOf(withFurther(wanted, words.connection), cloudOptions(words.cloud).names ?? {});
  return {
    words,
    settings,
    snapshot,
    installed,
    given,
    first,
    all,
    notRun,
    wanted: withFurther(wanted, words.connection),
    targets,
  };
}

/** @throws UsageError for a `--parameter` that would reach none of the pipelines */
function refuseUndeclared({ parameters }: RunWords, first: readonly Checked[]): void {
  const declared = [...new Set(first.flatMap((one) => one.declared))];
  const unknown = Object.keys(parameters).find((name) => !declared.some((one) => same(one, name)));
  if (unknown === undefined) return;
  const files = first.map(({ definition }) => definition.file).join(", ");
  const there = declared.length === 0 ? "there are none" : `there is ${declared.join(", ")}`;
  throw new UsageError(`--parameter ${unknown}: ${files} declares no such parameter; ${there}.`);
}

/** Connections of `--connection`, beside those that the pipelines ask for. */
function withFurther(wanted: readonly WantedConnection[], names: readonly string[]): WantedConnection[] {
  const further = names.filter((name) => !wanted.some((one) => one.name.toLowerCase() === name.toLowerCase()));
  return [...wanted, ...further.map((name) => ({ name, type: "azurerm", namesWorkspace: false }))];
}

async function runOn(cloud: LocalCloud, ready: Ready, work: string, signal: AbortSignal): Promise<number> {
  const { words, settings, snapshot, installed, given } = ready;
  const { name, branch, commit } = snapshot;
  cloud.devops.repositories.add(name, { path: snapshot.path, defaultBranch: `refs/heads/${words.target}` });
  for (const { manifest, root } of installed.extensions) cloud.devops.extensions.install(manifest, root);
  const approvals = [
    ...given.settings.approve.map((environment) => [environment, "approved"] as const),
    ...words.reject.map((environment) => [environment, "rejected"] as const),
  ];
  const declared = new Set(ready.first.flatMap(({ parameters }) => Object.keys(parameters)));
  const asVariables = Object.entries(words.set).filter(([key]) => ![...declared].some((one) => same(one, key)));
  const pipelines = new Pipelines({
    devops: cloud.devops,
    connections: connect(cloud, ready.wanted, ready.targets),
    tasks: installed.tasks,
    leftOutTasks: given.leaveOut,
    variableGroups: settings.variableGroups,
    variables: { ...settings.variables, ...words.variables, ...Object.fromEntries(asVariables) },
    environments: Object.fromEntries(
      approvals.map(([environment, decision]) => [environment, { approval: { by: "Local User", decision } }]),
    ),
    workRoot: path.join(work, "agent"),
    network: { proxyUrl: cloud.urls.proxy, caFile: cloud.caFile },
    pipelines: ready.all.map(({ definition }) => definition),
    repository: { path: snapshot.path, name, uri: cloud.devops.repositoryUri(name) },
    log: words.quiet ? () => {} : (line) => console.log(line),
    signal,
  });
  const { outcomes } = pipelines;
  const unfinished: string[] = [];
  for (const { definition, parameters } of ready.first) {
    if (signal.aborted) {
      unfinished.push(definition.name);
      continue;
    }
    const how =
      words.reason === "pullRequest"
        ? pullRequestOf(cloud, snapshot, words.target)
        : { branch, reason: RUN_REASONS[words.reason] };
    try {
      await pipelines.run(definition.name, { ...how, commit, parameters, signal });
    } catch (error) {
      // What ran before it stays done: everything is refused only where nothing ran.
      if (!(error instanceof PipelineError) || outcomes.length === 0) throw error;
      console.error(error.message);
      unfinished.push(definition.name);
    }
  }
  if (words.out !== undefined) {
    writeRuns(words.out, outcomes);
    console.log(`Logs and summaries are in ${words.out}.`);
  }
  const stays = words.keep && !signal.aborted;
  const completed = outcomes.map((one) => one.completed);
  const notRun = await missedBy(snapshot, ready.notRun, completed);
  for (const line of runPage(outcomes, { unfinished, notRun }, cloud, stays)) console.log(line);
  if (stays) await aborted(signal);
  if (unfinished.length > 0 || outcomes.length === 0 || !outcomes.every(isGreen)) return 1;
  return notRun.length === 0 || words.allowNotRun ? 0 : NOT_RUN;
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Opens a pull request of the snapshot's commit in local Azure DevOps; what its validation is started with. */
function pullRequestOf(cloud: LocalCloud, { name, branch, commit }: Snapshot, target: string) {
  const { repositories } = cloud.devops;
  const source = branch === target ? "local-change" : branch;
  const pull =
    repositories.pullRequests[0] ??
    repositories.openPullRequest({
      ...{
        repository: repositories.add(name),
        title: `Local run of ${source}`,
        createdBy: cloud.devops.person("Local User"),
      },
      ...{ sourceRefName: `refs/heads/${source}`, targetRefName: `refs/heads/${target}` },
      ...{ lastMergeSourceCommit: commit, lastMergeCommit: commit },
    });
  return {
    branch: `refs/pull/${pull.pullRequestId}/merge`,
    reason: RUN_REASONS.pullRequest,
    pullRequest: {
      ...{ id: pull.pullRequestId, sourceCommit: commit },
      ...{ sourceBranch: pull.sourceRefName, targetBranch: pull.targetRefName },
    },
  };
}
