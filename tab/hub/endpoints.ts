// Endpoints as the records of runs tell of them: which deployment has how much traffic since when, with which model, by which run and evidence.
import type { RunRecord } from "../../lib/record/index.ts";
import { assetName } from "../model/format.ts";

/** A run of a pipeline with those of its records that count. */
export interface ModelRun {
  readonly id: number;
  readonly number: string;
  readonly pipeline: string;
  readonly records: readonly RunRecord[];
}
export type RunName = Omit<ModelRun, "records">;

/** What speaks for a model version, and the run that says it. */
export interface ModelEvidence {
  readonly run: RunName;
  /** Absent: no rules judged it there. */
  readonly gate?: { readonly passed: boolean; readonly rules: number; readonly champion?: string };
  readonly approvedBy?: string;
  readonly signedBy?: string;
  readonly promotedFrom?: string;
}

export interface LiveDeployment {
  readonly name: string;
  /** Percent of the traffic. */
  readonly share: number;
  /** `name:version`. */
  readonly model?: string;
  /** Tells versions of one name in several workspaces apart. */
  readonly modelKey?: string;
  /** ISO 8601: since when it has traffic with this model without a pause, as far as the runs tell. */
  readonly since: string;
  /** It had traffic before the first run that tells of it. */
  readonly isOlder: boolean;
  /** Of the run that gave it its model; else of that which gave it traffic. */
  readonly run: RunName;
  readonly evidence?: ModelEvidence;
}

interface Change {
  /** ISO 8601. */
  readonly at: string;
  readonly run: RunName;
  readonly what: "deployed" | "rolledBack";
  readonly result: RunRecord["result"];
  readonly traffic: Readonly<Record<string, number>>;
  /** Deployment that the step was about. */
  readonly deployment: string;
  readonly model?: string;
  readonly strategy?: string;
}

export interface Endpoint {
  readonly key: string;
  readonly name: string;
  readonly workspace?: NonNullable<RunRecord["workspace"]>;
  /** Those with traffic, the largest share first. */
  readonly deployments: readonly LiveDeployment[];
  /** The newest first. */
  readonly changes: readonly Change[];
}

/** The one that changed last comes first. */
export function endpointsOf(runs: readonly ModelRun[]): Endpoint[] {
  const found = new Map<string, { first: Told; told: Told[] }>();
  for (const run of runs)
    for (const record of run.records) {
      const told = toldOf(run, record);
      if (told === undefined) continue;
      const { subscriptionId, resourceGroup, name } = record.workspace ?? { name: "" };
      const key = JSON.stringify([subscriptionId, resourceGroup, name, told.endpoint].map((one) => one?.toLowerCase()));
      const known = found.get(key);
      if (known) known.told.push(told);
      else found.set(key, { first: told, told: [told] });
    }
  const evidence = evidenceIn(runs);
  return [...found]
    .map(([key, { first, told }]) => endpointOf(key, first, told, evidence))
    .sort((one, other) => timeOf(other.changes[0]?.at) - timeOf(one.changes[0]?.at));
}

/** What a step says about an endpoint. */
interface Told {
  readonly endpoint: string;
  readonly workspace: RunRecord["workspace"];
  readonly change: Change;
  readonly before: Readonly<Record<string, number>> | undefined;
  /** Absent: the step says no model, or left the deployment's own in doubt. */
  readonly model?: { readonly name: string; readonly key: string };
  /** When the deployment of the step got its first share. */
  readonly began: string;
}

function toldOf({ records: _, ...run }: ModelRun, record: RunRecord): Told | undefined {
  const { deployment, rollback, workspace, result, started, finished = started } = record;
  const section = deployment ?? rollback;
  const traffic = section?.traffic;
  if (section === undefined || traffic === undefined) return undefined;
  const steps = deployment?.strategy === "shadow" ? [] : (deployment?.steps ?? []);
  const change: Change = {
    ...{ at: finished, run, what: deployment ? "deployed" : "rolledBack", result, traffic },
    deployment: deployment?.name ?? rollback?.to ?? "",
    ...(deployment?.model === undefined ? {} : { model: assetName(deployment.model) }),
    ...(deployment?.strategy === undefined ? {} : { strategy: deployment.strategy }),
  };
  const began = steps.find(({ share }) => share > 0)?.since ?? finished;
  // Which model a deployment has whose change failed is not known.
  const isInDoubt = deployment?.strategy === "inPlace" && result !== "succeeded" && result !== "succeededWithIssues";
  const model =
    deployment?.model === undefined || isInDoubt
      ? {}
      : { model: { name: assetName(deployment.model), key: modelKeyOf(deployment.model, workspace) } };
  return { endpoint: section.endpoint, workspace, change, before: section.trafficBefore, began, ...model };
}

function endpointOf(
  key: string,
  { endpoint: name, workspace }: Told,
  all: readonly Told[],
  evidence: (modelKey: string) => ModelEvidence | undefined,
): Endpoint {
  const told = [...all].sort((one, other) => timeOf(one.change.at) - timeOf(other.change.at));
  const live = new Map<string, Pick<LiveDeployment, "since" | "isOlder" | "run">>();
  const models = new Map<string, { name: string; key: string; run: RunName }>();
  for (const { change, before, began, model } of told) {
    const { deployment, traffic, at, run, strategy } = change;
    // Another model under the same name is another beginning.
    if (model !== undefined && models.get(deployment)?.key !== model.key) {
      models.set(deployment, { ...model, run });
      live.delete(deployment);
    }
    for (const [one, share] of sharesOf(traffic)) {
      if (share <= 0) continue;
      const known = live.get(one);
      const isOwn = one === deployment && change.what === "deployed";
      // A step that found all as it should be moved nothing.
      const wasThere = isOwn ? strategy !== "inPlace" && shareOf(before, one) === share : shareOf(before, one) > 0;
      if (known === undefined) live.set(one, { since: isOwn ? began : at, isOlder: wasThere, run });
    }
    for (const one of [...live.keys()]) if (shareOf(traffic, one) <= 0) live.delete(one);
  }
  const last = told.at(-1)?.change.traffic ?? {};
  const deployments = [...live].map(([one, { run, ...since }]): LiveDeployment => {
    const of = models.get(one);
    const proof = of === undefined ? undefined : evidence(of.key);
    return {
      ...{ name: one, share: shareOf(last, one), ...since, run: of?.run ?? run },
      ...(of === undefined ? {} : { model: of.name, modelKey: of.key }),
      ...(proof === undefined ? {} : { evidence: proof }),
    };
  });
  return {
    ...{ key, name, ...(workspace === undefined ? {} : { workspace }) },
    deployments: deployments.sort((one, other) => other.share - one.share),
    changes: told.map(({ change }) => change).reverse(),
  };
}

/** By a model's key: the newest run that registered or promoted it, with what it says. */
function evidenceIn(runs: readonly ModelRun[]): (modelKey: string) => ModelEvidence | undefined {
  const found = new Map<string, ModelEvidence>();
  for (const { records, ...run } of [...runs].sort((one, other) => one.id - other.id))
    for (const record of records) {
      const { model, promotion, proof, workspace } = record;
      const called = model && `${model.name}:${model.version}`;
      const versions = [
        ...(called === undefined ? [] : [{ id: model?.id ?? called, called }]),
        ...(promotion ? [{ id: promotion.target, called: assetName(promotion.target) }] : []),
      ];
      for (const { id, called } of versions) {
        const key = modelKeyOf(id, workspace);
        const known = found.get(key);
        const signedBy = signerOf(called, record, records);
        // A step that verified a version says who signed it; the gates of its run judged other models.
        if (proof?.outcome !== undefined) {
          found.set(key, { ...(known ?? { run }), ...definedOf({ signedBy: signedBy ?? known?.signedBy }) });
          continue;
        }
        const gate =
          promotion === undefined
            ? gateOf(records, model?.jobName)
            : found.get(modelKeyOf(promotion.from, workspace))?.gate;
        const approvedBy = approverIn(records) ?? promotion?.approvedBy;
        found.set(key, {
          run,
          ...(gate === undefined ? (known?.gate === undefined ? {} : { gate: known.gate }) : { gate }),
          ...definedOf({
            approvedBy: approvedBy ?? known?.approvedBy,
            signedBy: signedBy ?? known?.signedBy,
            promotedFrom: promotion === undefined ? known?.promotedFrom : assetName(promotion.from),
          }),
        });
      }
    }
  return (key) => found.get(key);
}

const IN_WORKSPACE =
  /subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.MachineLearningServices\/workspaces\/([^/]+)\/models\/([^/]+)\/versions\/([^/]+)$/i;
const IN_REGISTRY = /registries\/([^/]+)\/models\/([^/]+)\/versions\/([^/]+)$/i;

/** Of an id or a reference; what names no workspace of its own is of the record's. */
export function modelKeyOf(model: string, workspace: RunRecord["workspace"]): string {
  const [, ...parts] = IN_WORKSPACE.exec(model) ?? IN_REGISTRY.exec(model) ?? [];
  const { subscriptionId = "", resourceGroup = "", name = "" } = workspace ?? {};
  const [, own = "", version = ""] = /^([^:]*):(.*)$/s.exec(assetName(model)) ?? [];
  return JSON.stringify(
    (parts.length > 0 ? parts : [subscriptionId, resourceGroup, name, own, version]).map((one) => one.toLowerCase()),
  );
}

/** All gates of the run that judged this job; of a run whose model names no job, all of its gates. */
function gateOf(records: readonly RunRecord[], jobName: string | undefined): ModelEvidence["gate"] {
  const gates = records.flatMap(({ gate }) =>
    gate && !gate.isPlan && (jobName === undefined || gate.jobName === undefined || gate.jobName === jobName)
      ? [gate]
      : [],
  );
  if (gates.length === 0) return undefined;
  const champion = gates.find((one) => one.champion !== undefined)?.champion;
  return {
    passed: gates.every(({ passed }) => passed),
    rules: gates.reduce((sum, { rules }) => sum + rules.length, 0),
    ...(champion === undefined ? {} : { champion }),
  };
}

/** The signer of this very version: of a run that tells of several models, each has a proof of its own. */
function signerOf(called: string, own: RunRecord, records: readonly RunRecord[]): string | undefined {
  const bare = (name: string) => name.slice(name.lastIndexOf("/") + 1).toLowerCase();
  const isOf = (one: RunRecord) =>
    one.proof?.model === undefined ? one === own : bare(one.proof.model) === bare(called);
  const isGood = ({ proof }: RunRecord) => (proof?.outcome ?? "passed") === "passed";
  return records.find((one) => one.proof?.signer !== undefined && isGood(one) && isOf(one))?.proof?.signer;
}

const approverIn = (records: readonly RunRecord[]): string | undefined =>
  records.find(({ evidence }) => evidence?.decision?.outcome === "approved")?.evidence?.decision?.by;

const definedOf = <T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;

const sharesOf = (traffic: Readonly<Record<string, number>>) => Object.entries(traffic);

const shareOf = (traffic: Readonly<Record<string, number>> | undefined, name: string): number =>
  traffic !== undefined && Object.hasOwn(traffic, name) ? (traffic[name] ?? 0) : 0;

const timeOf = (iso: string | undefined): number => Date.parse(iso ?? "") || 0;
