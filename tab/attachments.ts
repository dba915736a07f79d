// Attachments and the timeline of a run, read by Azure DevOps' REST API with the token of the person who looks at the page
// (docs/facts/extension.md#7.2). No other request leaves the page.

/** A run, and how Azure DevOps is asked about it. */
export interface RunAccess {
  /** Address of the organization or collection, with a slash at the end, as the host's location service says it. */
  readonly collection: string;
  /** Id or name. */
  readonly project: string;
  readonly buildId: number;
  readonly token: () => Promise<string>;
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
  const found = await askJson(access, `attachments/${encodeURIComponent(type)}`, what, ATTACHMENTS);
  const entries = Array.isArray(found) ? found : entriesOf(found);
  const places = entries.flatMap((one): AttachmentPlace[] => {
    const { name, _links: links } = (one ?? {}) as { name?: unknown; _links?: { self?: { href?: unknown } } };
    const [, timelineId, recordId] = PLACE.exec(String(links?.self?.href ?? "").slice(0, 2_000)) ?? [];
    return typeof name === "string" && timelineId && recordId ? [{ timelineId, recordId, type, name }] : [];
  });
  return places.filter(isWanted).slice(0, MOST_ATTACHMENTS);
}

/** Lines of the run's timeline by their ids in lower case. */
export async function readTimeline(access: RunAccess): Promise<ReadonlyMap<string, TimelineStep>> {
  const found = (await askJson(access, "timeline", "the timeline of the run", "7.1")) as { records?: unknown } | null;
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

/** @throws Error where it cannot be read, or is longer than `most` bytes */
export async function readAttachment(access: RunAccess, place: AttachmentPlace, most: number): Promise<Uint8Array> {
  const { timelineId, recordId, type, name } = place;
  const parts = [timelineId, recordId, "attachments", type, name].map(encodeURIComponent);
  const response = await ask(access, parts.join("/"), `the attachment ${name}`, OCTETS);
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

async function askJson(access: RunAccess, path: string, what: string, version: string): Promise<unknown> {
  const response = await ask(access, path, what, `application/json;api-version=${version}`);
  try {
    return await response.json();
  } catch {
    throw new Error(`Azure DevOps was asked for ${what}, and answered with something else.`);
  }
}

async function ask(access: RunAccess, path: string, what: string, accept: string): Promise<Response> {
  const { collection, project, buildId, token } = access;
  const address = new URL(
    `${encodeURIComponent(project)}/_apis/build/builds/${encodeURIComponent(buildId)}/${path}`,
    collection,
  );
  // The token goes nowhere else, whatever a name holds.
  if (address.origin !== new URL(collection).origin)
    throw new Error(`The address of ${what} is not Azure DevOps' own.`);
  let response: Response;
  try {
    response = await fetch(address, {
      headers: {
        Accept: accept,
        Authorization: `Bearer ${await token()}`,
        "X-TFS-FedAuthRedirect": "Suppress",
      },
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
  } catch {
    throw new Error(
      `Azure DevOps cannot be reached to read ${what}. Reload the page; if it stays, ask who runs your network.`,
    );
  }
  if (response.ok) return response;
  const missing =
    response.status === 401 || response.status === 403
      ? " You need the permission View builds of this pipeline."
      : response.status === 404
        ? " The run may have been deleted."
        : " Reload the page in a minute.";
  throw new Error(`Azure DevOps does not give ${what} (status ${response.status}).${missing}`);
}

const entriesOf = (found: unknown): unknown[] => {
  const { value } = (found ?? {}) as { value?: unknown };
  return Array.isArray(value) ? value : [];
};
