// Attachments and the timeline of a run, read by Azure DevOps' REST API with the token of the person who looks at the page
// (docs/facts/extension.md#7.2).
import { ask, askJson, entriesOf, jsonOf, type ProjectAccess, type Question } from "./rest.ts";

/** A run, and how Azure DevOps is asked about it. */
export interface RunAccess extends ProjectAccess {
  readonly buildId: number;
}

export interface AttachmentPlace {
  readonly timelineId: string;
  readonly recordId: string;
  readonly type: string;
  readonly name: string;
}

/** A step, a job or a stage as the run's timeline has it. */
export interface TimelineStep {
  readonly id: string;
  readonly name: string;
  /** `Stage`, `Phase`, `Job`, `Task`… */
  readonly type: string;
  /** `pending`, `inProgress`, `completed`. */
  readonly state: string;
  /** `succeeded`, `succeededWithIssues`, `failed`, `canceled`, `skipped`, `abandoned`; empty until it is completed. */
  readonly result: string;
  /** Id of what it belongs to, in lower case. */
  readonly parent?: string;
  /** Name of the task that it runs; absent: no task. */
  readonly task?: string;
}

/** Attachments of one type that are looked at; a run with more says so. */
export const MOST_ATTACHMENTS = 400;
/** Attachments were never released beyond preview (docs/facts/evidence.md#D.1). */
const ATTACHMENTS = "7.2-preview.2";
const OCTETS = `application/octet-stream;api-version=${ATTACHMENTS}`;
const GUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const PLACE = new RegExp(`/(${GUID})/(${GUID})/attachments/`, "i");

/**
 * The first of those that are wanted.
 * @throws Error with a sentence for the reader where Azure DevOps refuses or cannot be reached
 */
export async function listAttachments(
  access: RunAccess,
  type: string,
  isWanted: (place: AttachmentPlace) => boolean = () => true,
): Promise<AttachmentPlace[]> {
  const what = `the attachments of type ${type}`;
  const path = below(access, `attachments/${encodeURIComponent(type)}`);
  const found = await askJson(access, path, questionOf(what, jsonOf(ATTACHMENTS)));
  const places = entriesOf(found).flatMap((one): AttachmentPlace[] => {
    const { name, _links: links } = (one ?? {}) as { name?: unknown; _links?: { self?: { href?: unknown } } };
    const [, timelineId, recordId] = PLACE.exec(String(links?.self?.href ?? "").slice(0, 2_000)) ?? [];
    return typeof name === "string" && timelineId && recordId ? [{ timelineId, recordId, type, name }] : [];
  });
  return places.filter(isWanted).slice(0, MOST_ATTACHMENTS);
}

/** Lines of the run's timeline by their ids in lower case. */
export async function readTimeline(access: RunAccess): Promise<ReadonlyMap<string, TimelineStep>> {
  const question = questionOf("the timeline of the run", jsonOf("7.1"));
  const found = (await askJson(access, below(access, "timeline"), question)) as { records?: unknown } | null;
  const records = Array.isArray(found?.records) ? found.records : [];
  return new Map(
    records.flatMap((one) => {
      const { id, name, type, state, result, parentId, task } = (one ?? {}) as Readonly<Record<string, unknown>>;
      if (typeof id !== "string") return [];
      const text = (value: unknown) => (typeof value === "string" ? value.slice(0, 500) : "");
      const runs = text((task as { name?: unknown } | null | undefined)?.name);
      const of: TimelineStep = {
        ...{ id, name: text(name), type: text(type), state: text(state), result: text(result) },
        ...(typeof parentId === "string" ? { parent: parentId.toLowerCase() } : {}),
        ...(runs === "" ? {} : { task: runs }),
      };
      return [[id.toLowerCase(), of] as const];
    }),
  );
}

/** Azure DevOps refuses these characters in a path, encoded or not (docs/facts/evidence.md); names of the tasks' own attachments have none. */
const NOT_IN_PATHS = /[<>*%:\\?]/;

/** @throws Error where it cannot be read, or is longer than `most` bytes */
export async function readAttachment(access: RunAccess, place: AttachmentPlace, most: number): Promise<Uint8Array> {
  const { timelineId, recordId, type, name } = place;
  if (NOT_IN_PATHS.test(name))
    throw new Error(
      `The attachment ${name} cannot be read: its name has a character that Azure DevOps accepts in no address.`,
    );
  const parts = [timelineId, recordId, "attachments", type, name].map(encodeURIComponent);
  const response = await ask(access, below(access, parts.join("/")), questionOf(`the attachment ${name}`, OCTETS));
  const tooLong = new Error(`The attachment ${name} has more than ${most} bytes, and is not shown.`);
  if (Number(response.headers.get("content-length") ?? 0) > most) {
    await response.body?.cancel();
    throw tooLong;
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || value === undefined) break;
    length += value.length;
    if (length > most) {
      await reader?.cancel();
      throw tooLong;
    }
    pieces.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

const questionOf = (what: string, accept: string): Question => ({
  what,
  accept,
  refused: "You need the permission View builds of this pipeline.",
  gone: "The run may have been deleted.",
});

const below = ({ buildId }: RunAccess, path: string): string => `build/builds/${encodeURIComponent(buildId)}/${path}`;
