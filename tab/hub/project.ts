// Reads from the runs of a project what they left about endpoints: recent runs, and by their tags those that changed an endpoint longer ago.
import { inLanes } from "../lanes.ts";
import { loadRecords, type Step, sentenceOf } from "../load.ts";
import { askJson, entriesOf, jsonOf, type ProjectAccess } from "../rest.ts";
import { type Endpoint, endpointsOf, type ModelRun } from "./endpoints.ts";
import { type MonitorHistory, monitorsOf } from "./history.ts";

export interface LoadedProject {
  readonly endpoints: readonly Endpoint[];
  readonly monitors: readonly MonitorHistory[];
  /** Runs that were looked at, and those of them with records. */
  readonly looked: number;
  readonly withRecords: number;
  /** Sentences about what could not be read. */
  readonly unread: readonly string[];
}

export interface Reading {
  /** The newest runs of the project that are looked at, whatever their tags. */
  readonly recent: number;
}

/** Runs that are looked at for each tag of an endpoint, and tags that are looked at. */
const OF_TAG = 5;
const MOST_TAGS = 60;
/** A tag with another character cannot stand in a filter: they are divided by commas (docs/facts/evidence.md#D.4). */
const PLAIN_TAG = /^azureml:(live|rolledBack|model)=[\w.:/-]{1,300}$/;
const REFUSED = "You need the permission View builds of this project's pipelines.";

/**
 * Requests: the newest runs and the tags of the project side by side; the runs of each endpoint's tags; for each run the list of its
 * records, and where there are any, the timeline and each record; at last the runs that registered the live models, where they are others.
 * @throws Error with a sentence where the runs cannot be listed
 */
export async function loadProject(access: ProjectAccess, { recent }: Reading): Promise<LoadedProject> {
  const unread: string[] = [];
  const orNothing = async <T>(work: Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await work;
    } catch (error) {
      const sentence = sentenceOf(error);
      if (!unread.includes(sentence)) unread.push(sentence);
      return [];
    }
  };
  const [newest, tags] = await Promise.all([listRuns(access, recent), orNothing(listTags(access))]);
  const known = new Map<number, ModelRun>();
  const read = async (runs: readonly Run[]): Promise<void> => {
    const fresh = [...new Map(runs.map((run) => [run.id, run])).values()].filter(({ id }) => !known.has(id));
    const loaded = await inLanes(fresh, async (run) => {
      const steps = await orNothing<Step>(
        loadRecords({ ...access, buildId: run.id }).then((found) => {
          unread.push(...found.unread.slice(0, 3).map((sentence) => `Run ${run.number}: ${sentence}`));
          return found.steps;
        }),
      );
      return [{ ...run, records: steps.filter(({ isOurs }) => isOurs).map(({ record }) => record) }];
    });
    for (const run of loaded) known.set(run.id, run);
  };
  const tagged = (wanted: readonly string[]) =>
    inLanes(wanted.slice(0, MOST_TAGS), (tag) => orNothing(listRuns(access, OF_TAG, tag)));
  const changed = tags.filter((tag) => /^azureml:(live|rolledBack)=/.test(tag));
  if (changed.length > MOST_TAGS)
    unread.push(`Only ${MOST_TAGS} of the ${changed.length} tags of endpoints were read.`);
  await read([...newest, ...(await tagged(changed))]);
  const lacking = endpointsOf([...known.values()]).flatMap(({ deployments }) =>
    deployments.flatMap(({ model, evidence }) => (model !== undefined && evidence === undefined ? [model] : [])),
  );
  const models = [...new Set(lacking)].map((model) => `azureml:model=${model}`).filter((tag) => tags.includes(tag));
  await read(await tagged(models));
  const runs = [...known.values()];
  return {
    endpoints: endpointsOf(runs),
    monitors: monitorsOf(runs),
    looked: runs.length,
    withRecords: runs.filter(({ records }) => records.length > 0).length,
    unread,
  };
}

type Run = Omit<ModelRun, "records">;

/** The newest first. */
async function listRuns(access: ProjectAccess, top: number, tag?: string): Promise<Run[]> {
  const query = new URLSearchParams({ queryOrder: "queueTimeDescending", $top: String(top) });
  if (tag !== undefined) query.set("tagFilters", tag);
  const found = await askJson(access, `build/builds?${query}`, {
    what: tag === undefined ? "the runs of this project" : `the runs with the tag ${tag}`,
    accept: jsonOf("7.1"),
    refused: REFUSED,
  });
  return entriesOf(found).flatMap((one): Run[] => {
    const { id, buildNumber, definition } = (one ?? {}) as Readonly<Record<string, unknown>>;
    if (!Number.isInteger(id) || (id as number) <= 0) return [];
    const { name } = (definition ?? {}) as { name?: unknown };
    return [{ id: id as number, number: text(buildNumber) || String(id), pipeline: text(name) }];
  });
}

async function listTags(access: ProjectAccess): Promise<string[]> {
  const found = await askJson(access, "build/tags", {
    what: "the tags of this project's runs",
    accept: jsonOf("7.1"),
    refused: REFUSED,
  });
  return entriesOf(found).filter((tag): tag is string => typeof tag === "string" && PLAIN_TAG.test(tag));
}

const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, 500) : "");
