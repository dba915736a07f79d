// Notes a breach of a monitor on the model version that is live, as tags: from the version one finds the monitor's run and the pipeline run
// that acted on it. Beside the work: whatever goes wrong is a warning.
// Tests: test/lib/ml/model-monitors/note-drift.test.ts
import { parseArmId, sameId, workspaceId } from "../../azure/index.ts";
import { cut } from "../../remote-text.ts";
import { secondaryWrite } from "../../secondary-write.ts";
import { changeVersion } from "../assets/asset-writes.ts";
import { findVersion } from "../assets/assets.ts";
import { findDeployment } from "../endpoints/deployments.ts";
import { findEndpoint } from "../endpoints/endpoints.ts";
import { DRIFT, DRIFT_AT, DRIFT_MONITOR, DRIFT_RUN } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Monitor, readMonitor } from "./newest-run.ts";

/** A run of a monitor that broke thresholds. */
export interface Breach {
  readonly monitor: string;
  /** Name of the job that measured. */
  readonly run: string;
  /** ISO 8601. */
  readonly at?: string | undefined;
  /** Names of the signals that broke. */
  readonly signals: readonly string[];
}

/** Characters of a tag's value. */
const LONGEST = 250;

/**
 * Writes the tags once for a breach; an older breach never replaces a newer one. Sequential round trips: the monitor where it is not given,
 * its endpoint and deployment side by side, the version, and one write where that lacks the note.
 * @returns `name:version` of the model that has the note; undefined where there is none, which the log explains
 * @throws the signal's reason where the step is cancelled; nothing else
 */
export async function noteDrift(workspace: Workspace, breach: Breach, monitor?: Monitor): Promise<string | undefined> {
  let noted: string | undefined;
  const warning = {
    failed: `The breach of ${breach.monitor} could not be noted on the model that is live`,
    missing: "The verdict, and what the breach starts, count all the same.",
    needs: "a role such as AzureML Data Scientist on the workspace",
  };
  await secondaryWrite(workspace, warning, async () => {
    const found = await liveModel(workspace, monitor ?? (await readMonitor(workspace, breach.monitor)));
    if ("without" in found) {
      workspace.log.info(`The breach of ${breach.monitor} is noted on no model: ${found.without}`);
      return;
    }
    await tag(workspace, found, breach);
    noted = `${found.name}:${found.version}`;
  });
  return noted;
}

interface Model {
  readonly name: string;
  readonly version: string;
}

/** Why no model can be noted, as a sentence. */
type Without = { readonly without: string };

async function liveModel(workspace: Workspace, { target }: Monitor): Promise<Model | Without> {
  if (!target?.deploymentId) {
    if (!target?.modelId) return { without: "the monitor's target names no deployment and no model." };
    return modelIn(workspace, target.modelId, "the monitor's target");
  }
  const place = inWorkspace(workspace, target.deploymentId);
  const [kind, endpoint, below, deployment] = place ?? [];
  if (!/^onlineEndpoints$/i.test(kind ?? "") || !endpoint || !/^deployments$/i.test(below ?? "") || !deployment)
    return { without: "the monitor's target is no online deployment of this workspace." };
  const [its, deployed] = await Promise.all([
    findEndpoint(workspace, endpoint),
    findDeployment(workspace, endpoint, deployment),
  ]);
  const called = `the deployment ${deployment} of ${endpoint}`;
  if (deployed === undefined) return { without: `${called}, which it watches, is not there.` };
  const share = Object.entries(its?.properties.traffic ?? {}).find(
    ([name]) => name.toLowerCase() === deployment.toLowerCase(),
  )?.[1];
  if (!share) return { without: `${called}, which it watches, has no traffic: its model is not live.` };
  return modelIn(workspace, deployed.properties.model ?? "", called);
}

function modelIn(workspace: Workspace, id: string, whose: string): Model | Without {
  const [kind, name, below, version] = inWorkspace(workspace, id) ?? [];
  if (/^models$/i.test(kind ?? "") && name && /^versions$/i.test(below ?? "") && version) return { name, version };
  return { without: `${whose} has no model version of this workspace; tags of a registry's model are left alone.` };
}

/** The parts of an ARM id below this workspace; undefined for an id that is elsewhere, or none. */
function inWorkspace(workspace: Workspace, id: string): readonly string[] | undefined {
  const parsed = parseArmId(id);
  if (parsed === undefined) return undefined;
  const home = workspaceId(parsed.subscriptionId, parsed.resourceGroup, parsed.workspace);
  return sameId(home, workspace.id) ? parsed.segments : undefined;
}

async function tag(workspace: Workspace, { name, version }: Model, { monitor, run, at, signals }: Breach) {
  const there = await findVersion(workspace, "models", name, version);
  if (there === undefined) throw new Error(`The model ${name}:${version} is not there.`);
  const key = cut(`${monitor}:${run}`, LONGEST);
  const isOlder = (tags: Readonly<Record<string, string>>) => at !== undefined && (tags[DRIFT_AT] ?? "") > at;
  const has = there.properties?.tags ?? {};
  if (has[DRIFT_MONITOR] === key || isOlder(has)) return;
  const { kind, runUri } = workspace.provenance;
  const note = {
    [DRIFT]: cut(signals.join(", "), LONGEST) || "breached",
    [DRIFT_MONITOR]: key,
    [DRIFT_AT]: at ?? "",
    [DRIFT_RUN]: kind === "none" ? "" : cut(runUri, LONGEST),
  };
  const told = Object.fromEntries(Object.entries(note).filter(([, value]) => value !== ""));
  await changeVersion(
    workspace,
    "models",
    name,
    there,
    ({ tags, ...properties }) => {
      // Somebody may have noted a newer breach, or written tags of their own, since the read.
      const { [DRIFT_AT]: _at, [DRIFT_RUN]: _run, ...others } = tags ?? {};
      return { ...properties, tags: isOlder(tags ?? {}) ? tags : { ...others, ...told } };
    },
    "note the breach on",
  );
  workspace.log.info(`Noted the breach of ${monitor} on the model ${name}:${version}, which is live.`);
}
