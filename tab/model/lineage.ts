// The way from the commit to the deployment, gathered from the records of all steps: what was made of what.
import type { RunRecord } from "../../lib/record/index.ts";
import { assetName, commitPage } from "./format.ts";

export const KINDS = [
  "commit",
  "pullRequest",
  "workItem",
  "run",
  "data",
  "environment",
  "job",
  "model",
  "deployment",
] as const;
export type Kind = (typeof KINDS)[number];

export interface LineageNode {
  /** `model:breast-cancer:7`. */
  readonly key: string;
  readonly kind: Kind;
  readonly name: string;
  readonly url?: string;
  /** Keys of what it was made of, and of what was made of it. */
  readonly from: readonly string[];
  readonly to: readonly string[];
}

interface Growing {
  readonly nodes: Map<string, { kind: Kind; name: string; url?: string | undefined }>;
  readonly edges: Map<string, readonly [from: string, to: string]>;
}

/** In the order of the way: commits first, deployments last. */
export function lineageOf(records: readonly RunRecord[]): LineageNode[] {
  const found: Growing = { nodes: new Map(), edges: new Map() };
  for (const record of records) addNodes(found, record);
  for (const record of records) addEdges(found, record, records);
  const ends = { from: new Map<string, string[]>(), to: new Map<string, string[]>() };
  for (const [from, to] of found.edges.values()) {
    if (!found.nodes.has(from) || !found.nodes.has(to)) continue;
    put(ends.from, to, from);
    put(ends.to, from, to);
  }
  const nodes = [...found.nodes].map(
    ([key, { kind, name, url }]): LineageNode => ({
      ...{ key, kind, name },
      ...(url === undefined ? {} : { url }),
      from: ends.from.get(key) ?? [],
      to: ends.to.get(key) ?? [],
    }),
  );
  return nodes.sort((one, other) => KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind));
}

function put(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** Data and models are told apart by name and version, in whatever form they are written. */
const keyOf = (kind: Kind, id: string): string => `${kind}:${assetName(id)}`;

function add({ nodes }: Growing, kind: Kind, id: string, name: string, url?: string): string {
  const key = keyOf(kind, id);
  const known = nodes.get(key);
  nodes.set(key, { kind, name: known?.name ?? name, url: known?.url ?? url });
  return key;
}

function addNodes(found: Growing, record: RunRecord): void {
  const { run, data, job, model, promotion, deployment, pullRequest, workItems = [], lineage } = record;
  for (const { kind, id, name, url } of lineage?.nodes ?? []) add(found, kind, id, name ?? assetName(id), url);
  if (run?.commit) add(found, "commit", run.commit, run.commit.slice(0, 8), commitPage(run.repository, run.commit));
  if (pullRequest) add(found, "pullRequest", pullRequest.id, `#${pullRequest.id}`, pullRequest.url);
  for (const { id, type, url } of workItems) add(found, "workItem", id, `${type ?? "Work item"} ${id}`, url);
  if (data) add(found, "data", `${data.name}:${data.version}`, `${data.name}:${data.version}`, data.studioUrl);
  for (const input of Object.values(job?.inputs ?? {}).filter(isAsset)) add(found, "data", input, assetName(input));
  if (job) add(found, "job", job.name, job.displayName ?? job.name, job.studioUrl);
  if (model) add(found, "model", `${model.name}:${model.version}`, `${model.name}:${model.version}`, model.studioUrl);
  if (model?.jobName) add(found, "job", model.jobName, model.jobName);
  if (promotion) {
    add(found, "model", promotion.from, assetName(promotion.from));
    add(found, "model", promotion.target, assetName(promotion.target));
  }
  if (deployment?.model) add(found, "model", deployment.model, assetName(deployment.model));
  if (deployment) {
    const place = `${deployment.endpoint}/${deployment.name}`;
    add(found, "deployment", place, place, deployment.studioUrl);
  }
}

function addEdges({ edges, nodes }: Growing, record: RunRecord, all: readonly RunRecord[]): void {
  const { run, data, job, model, promotion, deployment, pullRequest, lineage } = record;
  const edge = (from: string, to: string) => void edges.set(`${from} ${to}`, [from, to]);
  const commit = run?.commit === undefined ? undefined : keyOf("commit", run.commit);
  const ofKind = (id: string) => KINDS.map((kind) => keyOf(kind, id)).find((key) => nodes.has(key)) ?? "";
  for (const { from, to } of lineage?.edges ?? []) edge(ofKind(from), ofKind(to));
  if (pullRequest && commit) edge(commit, keyOf("pullRequest", pullRequest.id));
  if (data && commit) edge(commit, keyOf("data", `${data.name}:${data.version}`));
  if (job) {
    if (commit) edge(commit, keyOf("job", job.name));
    const inputs = Object.values(job.inputs ?? {}).filter(isAsset);
    for (const input of inputs) edge(keyOf("data", input), keyOf("job", job.name));
    // Records of version 1 name no inputs: the data that the same run registered.
    if (job.inputs === undefined)
      for (const one of all)
        if (one.data) edge(keyOf("data", `${one.data.name}:${one.data.version}`), keyOf("job", job.name));
  }
  if (model?.jobName) edge(keyOf("job", model.jobName), keyOf("model", `${model.name}:${model.version}`));
  if (promotion) edge(keyOf("model", promotion.from), keyOf("model", promotion.target));
  if (deployment?.model)
    edge(keyOf("model", deployment.model), keyOf("deployment", `${deployment.endpoint}/${deployment.name}`));
}

/** `name:version`, or an id or a reference of one; not a path or a value. */
const isAsset = (text: string): boolean => assetName(text) !== text || /^[\w.-]+:[\w.-]+$/.test(text);
