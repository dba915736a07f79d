// Reads all that the steps of a run left: their records, curves and pictures.
import {
  CURVES_TYPE,
  type Curve,
  EVIDENCE_TYPE,
  IMAGE_TYPE,
  RECORD_TYPE,
  type RunRecord,
  readCurves,
  readRecord,
} from "../lib/record/index.ts";
import {
  type AttachmentPlace,
  listAttachments,
  MOST_ATTACHMENTS,
  type RunAccess,
  readAttachment,
  readTimeline,
  type TimelineStep,
} from "./attachments.ts";
import { inLanes } from "./lanes.ts";
import { imageTypeOf } from "./model/image-type.ts";
import { type RunState, runStateOf } from "./model/run-state.ts";

/** A step that left a record. */
export interface Step {
  /** Its id in the timeline. */
  readonly id: string;
  readonly name: string;
  readonly record: RunRecord;
  /** The record counts. */
  readonly isOurs: boolean;
  /** The timeline says that this step ran another task than the one that the record names. */
  readonly isForeign: boolean;
  readonly curves: readonly Curve[];
  /** Evidence for approvers in full, as markdown; absent where the step left none. */
  readonly evidence?: string;
}

export interface LoadedRun {
  /** The one that began first comes first. */
  readonly steps: readonly Step[];
  /** Sentences about what could not be read. */
  readonly unread: readonly string[];
  /** False: there are records that are not among the steps, and nothing is known of what they say. */
  readonly isWhole: boolean;
  readonly state: RunState;
}

const LONGEST_RECORD = 4_000_000;
const LONGEST_CURVES = 4_000_000;
const LONGEST_EVIDENCE = 1_000_000;
const LONGEST_IMAGE = 4_000_000;

/**
 * Requests: the lists of records, of curves and of evidence and the timeline side by side; then one for each of these attachments.
 * @throws Error with a sentence where the list of records cannot be read
 */
export async function loadRun(access: RunAccess): Promise<LoadedRun> {
  const unread: string[] = [];
  const [records, curves, packs, timeline] = await Promise.all([
    listAttachments(access, RECORD_TYPE),
    orNothing(listAttachments(access, CURVES_TYPE), [], unread),
    orNothing(listAttachments(access, EVIDENCE_TYPE), [], unread),
    orNothing(readTimeline(access), undefined, unread),
  ]);
  const { steps, isWhole } = await readSteps(access, { records, curves, packs, timeline }, unread);
  return { steps, unread, isWhole, state: runStateOf(timeline, steps) };
}

/**
 * Records alone, for pages about many runs. Requests: the list of the records; where there are any, the timeline, and then each of them.
 * @throws Error with a sentence where the list cannot be read
 */
export async function loadRecords(access: RunAccess): Promise<Pick<LoadedRun, "steps" | "unread">> {
  const unread: string[] = [];
  const records = await listAttachments(access, RECORD_TYPE);
  if (records.length === 0) return { steps: [], unread };
  const timeline = await orNothing(readTimeline(access), undefined, unread);
  // Without a timeline nobody knows which step left a record; a page about many runs believes none of them then.
  if (timeline === undefined) return { steps: [], unread };
  const { steps } = await readSteps(access, { records, curves: [], packs: [], timeline }, unread);
  return { steps, unread };
}

async function orNothing<T>(work: Promise<T>, nothing: T, unread: string[]): Promise<T> {
  try {
    return await work;
  } catch (error) {
    unread.push(sentenceOf(error));
    return nothing;
  }
}

interface Found {
  readonly records: readonly AttachmentPlace[];
  readonly curves: readonly AttachmentPlace[];
  readonly packs: readonly AttachmentPlace[];
  readonly timeline: ReadonlyMap<string, TimelineStep> | undefined;
}

async function readSteps(
  access: RunAccess,
  { records, curves, packs, timeline }: Found,
  unread: string[],
): Promise<Pick<LoadedRun, "steps" | "isWhole">> {
  let isWhole = true;
  if (records.length === MOST_ATTACHMENTS) {
    isWhole = false;
    unread.push(`Only the first ${MOST_ATTACHMENTS} records of the run are shown.`);
  }
  const steps = await inLanes(records, async (place): Promise<Step[]> => {
    const bytes = await orNothing(readAttachment(access, place, LONGEST_RECORD), undefined, unread);
    if (bytes === undefined) {
      isWhole = false;
      return [];
    }
    const text = new TextDecoder().decode(bytes);
    const { record, fault } = readRecord(text);
    const step = timeline?.get(place.recordId.toLowerCase());
    if (fault !== undefined) {
      isWhole = false;
      unread.push(`The record of the step ${step?.name ?? place.name} is not shown. ${fault}`);
      return [];
    }
    const isOwn = (one: AttachmentPlace) => one.recordId.toLowerCase() === place.recordId.toLowerCase();
    const own = curves.filter(isOwn);
    const pack = packs.find((one) => isOwn(one) && one.name === record?.evidence?.attachment?.name);
    const full = pack && (await orNothing(readAttachment(access, pack, LONGEST_EVIDENCE), undefined, unread));
    const drawn = await inLanes(own, async (one) => {
      const json = await orNothing(readAttachment(access, one, LONGEST_CURVES), undefined, unread);
      return json === undefined ? [] : readCurves(new TextDecoder().decode(json));
    });
    const name = step?.name || record.run?.step || record.task.friendlyName;
    const evidence = full && { evidence: new TextDecoder().decode(full) };
    const standing = standingOf(record, step, timeline !== undefined);
    return [{ id: place.recordId, name, record, ...standing, curves: drawn, ...evidence }];
  });
  return { steps: steps.sort((one, other) => began(one) - began(other)), isWhole };
}

/** Pictures that are wanted and are really what they say they are, as addresses for the page: whoever asks gives them back. */
export async function loadImages(
  access: RunAccess,
  isWanted: (place: AttachmentPlace) => boolean,
): Promise<{ place: AttachmentPlace; address: string }[]> {
  const places = await listAttachments(access, IMAGE_TYPE, isWanted);
  return inLanes(places.slice(0, 100), async (place) => {
    try {
      const bytes = await readAttachment(access, place, LONGEST_IMAGE);
      const type = imageTypeOf(bytes);
      if (type === undefined) return [];
      return [{ place, address: URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type })) }];
    } catch {
      return [];
    }
  });
}

/**
 * Whether the step ran the task that its record names, as the timeline says it. Without a timeline nothing is said against a record; a
 * step that a timeline does not have (any more) counts for nothing, and is no forgery either.
 */
function standingOf(
  record: RunRecord,
  step: TimelineStep | undefined,
  hasTimeline: boolean,
): Pick<Step, "isOurs" | "isForeign"> {
  if (!hasTimeline || step === undefined) return { isOurs: !hasTimeline, isForeign: false };
  const isOurs = step.task === record.task.name && step.task.startsWith("AzureML");
  return { isOurs, isForeign: !isOurs };
}

const began = ({ record }: Step): number => Date.parse(record.started) || 0;

export const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
