// Work items of the project, changed by JSON patch as Azure Boards does.

export interface WorkItem {
  readonly id: number;
  rev: number;
  fields: Record<string, unknown>;
  relations: { rel: string; url: string; attributes?: Record<string, unknown> }[];
}

/** One operation of a JSON patch document (RFC 6902). */
export interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

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
    };
    this.all.push(item);
    return item;
  }

  /** Applies `/fields/X` and `/relations/-` operations; returns what was not understood, if anything. */
  patch(item: WorkItem, operations: readonly PatchOperation[]): string | undefined {
    for (const { op, path, value } of operations) {
      const field = /^\/fields\/(.+)$/.exec(path)?.[1];
      if (field !== undefined && (op === "add" || op === "replace")) item.fields[field] = value;
      else if (field !== undefined && op === "remove") delete item.fields[field];
      else if (path === "/relations/-" && op === "add") item.relations.push(value as WorkItem["relations"][number]);
      else return `${op} ${path}`;
    }
    item.rev += 1;
    item.fields["System.ChangedDate"] = new Date(this.now()).toISOString();
    return undefined;
  }
}
