// Work items of the project, changed by JSON patch (RFC 6902) as Azure Boards does: all operations of a document, or none.

export interface WorkItem {
  readonly id: number;
  rev: number;
  fields: Record<string, unknown>;
  relations: Relation[];
  readonly comments: Comment[];
}

interface Relation {
  readonly rel: string;
  readonly url: string;
  readonly attributes?: Record<string, unknown>;
}

interface Comment {
  readonly id: number;
  readonly text: string;
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** One operation of a JSON patch document. */
export interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

/** Why a document was refused. */
export interface PatchFault {
  readonly kind: "stale" | "duplicate" | "invalid";
  readonly message: string;
}

const RELATIONS = ["ArtifactLink", "Hyperlink", "AttachedFile"];

/** All work items of the project. */
export class WorkItems {
  readonly all: WorkItem[] = [];
  private readonly project: string;
  private readonly now: () => number;

  constructor(project: string, now: () => number) {
    this.project = project;
    this.now = now;
  }

  get(id: number): WorkItem | undefined {
    return this.all.find((each) => each.id === id);
  }

  create(type: string, title: string, fields: Record<string, unknown> = {}): WorkItem {
    const now = new Date(this.now()).toISOString();
    const item: WorkItem = {
      id: this.all.length + 1,
      rev: 1,
      fields: {
        "System.TeamProject": this.project,
        "System.AreaPath": this.project,
        "System.IterationPath": this.project,
        "System.WorkItemType": type,
        "System.State": "New",
        "System.Reason": "New",
        "System.CreatedDate": now,
        "System.ChangedDate": now,
        "System.Title": title,
        ...fields,
      },
      relations: [],
      comments: [],
    };
    this.all.push(item);
    return item;
  }

  remove(item: WorkItem): void {
    this.all.splice(this.all.indexOf(item), 1);
  }

  /** Applies a document whole. @returns the fault for which nothing of it was applied, if any */
  patch(item: WorkItem, operations: readonly PatchOperation[], by: string): PatchFault | undefined {
    const fields = { ...item.fields };
    const relations = [...item.relations];
    const comments: string[] = [];
    for (const { op, path, value } of operations) {
      const field = /^\/fields\/(.+)$/.exec(path)?.[1];
      if (op === "test" && path === "/rev") {
        if (Number(value) !== item.rev)
          return { kind: "stale", message: `The revision of work item ${item.id} is ${item.rev}, not ${value}.` };
      } else if (field === "System.History" && (op === "add" || op === "replace")) comments.push(String(value));
      else if (field !== undefined && (op === "add" || op === "replace")) fields[field] = value;
      else if (field !== undefined && op === "remove") delete fields[field];
      else if (path === "/relations/-" && op === "add") {
        const fault = relationFault(value, relations);
        if (fault !== undefined) return fault;
        relations.push(value as Relation);
      } else return { kind: "invalid", message: `The patch operation "${op} ${path}" is not supported.` };
    }
    item.fields = fields;
    item.relations = relations;
    for (const text of comments) this.#append(item, text, by);
    this.#changed(item);
    return undefined;
  }

  comment(item: WorkItem, text: string, by: string): Comment {
    const comment = this.#append(item, text, by);
    this.#changed(item);
    return comment;
  }

  #append(item: WorkItem, text: string, by: string): Comment {
    const comment = { id: item.comments.length + 1, text, by, at: this.now() };
    item.comments.push(comment);
    return comment;
  }

  #changed(item: WorkItem): void {
    item.rev += 1;
    item.fields["System.ChangedDate"] = new Date(this.now()).toISOString();
  }
}

/** Messages of the first two: public reports of the service's own words; that a second relation is refused is not verified live. */
function relationFault(value: unknown, there: readonly Relation[]): PatchFault | undefined {
  const { rel, url, attributes } = (value ?? {}) as Partial<Relation>;
  if (typeof rel !== "string" || typeof url !== "string" || (!RELATIONS.includes(rel) && !rel.includes(".")))
    return {
      kind: "invalid",
      message: `Value ${JSON.stringify(value)} does not match the expected type Microsoft.TeamFoundation.WorkItemTracking.WebApi.Models.WorkItemRelation.`,
    };
  if (rel === "ArtifactLink" && typeof attributes?.["name"] !== "string")
    return {
      kind: "invalid",
      message: "Artifact links must have a valid name specified.\r\nParameter name: workItemUpdates",
    };
  if (rel === "Hyperlink" && !URL.canParse(url)) return { kind: "invalid", message: `The link ${url} is not a URL.` };
  const same = there.find(
    (one) =>
      one.rel === rel &&
      one.url.toLowerCase() === url.toLowerCase() &&
      (rel !== "ArtifactLink" || one.attributes?.["name"] === attributes?.["name"]),
  );
  return same === undefined
    ? undefined
    : { kind: "duplicate", message: "The relation exists already on the work item." };
}
