// Links of a step outside of its run: work items, tags and properties of the run, statuses of its commit. All reads run beside the step's work,
// so that the step has one sequential round trip more, in which all writes are sent side by side. A failure is a warning.
// Routes and rights: docs/facts/evidence.md#D.1, #D.5, #D.10
// Tests: test/tasks/links.test.ts
import { openRest, type Rest } from "../../agent/rest-door.ts";
import { COMMENTS_VERSION, PROPERTIES_VERSION, REST_VERSION } from "../../agent/rest-version.ts";
import type { WritesAccess } from "../../agent/run-writes.ts";
import { TaskError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Provenance } from "../../provenance.ts";
import type { RunRecord } from "../../record/index.ts";
import { secondaryWrite } from "../../secondary-write.ts";
import { segment } from "../../segment.ts";
import { bugOf, bugQuery, bugTag } from "./bug.ts";
import { breachOf, driftTags } from "./drift.ts";
import { attempt, type Found, LinkFault, statusOf } from "./link-fault.ts";
import { type Linked, linkedOf } from "./linked.ts";
import { HISTORY, type Operation, patchOf, type ReadItem } from "./work-item-patch.ts";

/** What a step links: nothing; its run, commit and work items; and a bug where it fails, too. */
export type Traceability = "none" | "link" | "linkAndBug";

/** Work items of one run that are linked; runs of years of commits may have hundreds. */
const MOST_ITEMS = 20;
const MOST_COMMENTS = 200;
/** Attempts at a work item that others change at the same time. */
const ATTEMPTS = 3;
const PATCH_TYPE = "application/json-patch+json";

interface Place {
  readonly log: Pick<Log, "info" | "warn" | "debug">;
  readonly signal: AbortSignal;
}

type Told = NonNullable<RunRecord["workItems"]>[number];

export class RunLinks {
  readonly #access: WritesAccess;
  readonly #provenance: Provenance;
  readonly #place: Place;
  readonly #rest: Promise<Rest>;
  readonly #items: Promise<readonly Found<ReadItem>[]>;
  /** Work items that were looked at, and what became of them. */
  readonly #told: Told[] = [];
  readonly #filesBugs: boolean;
  readonly #openBugs: Promise<Found<readonly number[]>>;
  /** Settles once the run's work items are known, and written to the provenance: before anything is made that carries them. */
  readonly ready: Promise<void>;

  /** Begins to read. @param mode `none` is not for here */
  constructor(access: WritesAccess, provenance: Provenance, mode: Traceability, place: Place) {
    this.#access = access;
    this.#provenance = provenance;
    this.#place = place;
    this.#rest = openRest(access.settings);
    const ids = attempt(this.#workItemIds());
    this.ready = ids.then((found) => {
      if ("value" in found && found.value.length > 0) provenance.workItems = found.value.map(String);
    });
    this.#items = ids.then((found) =>
      "fault" in found ? [found] : Promise.all(found.value.map((id) => attempt(this.#readItem(id)))),
    );
    this.#filesBugs = mode === "linkAndBug";
    this.#openBugs = this.#filesBugs
      ? attempt(this.#bugs(bugQuery(bugTag(provenance))))
      : Promise.resolve({ value: [0] });
  }

  /**
   * Writes what the record gives.
   * @param record is told what became of the work items
   * @param clean the same without secrets: all that is written comes from it
   * @param further ids of work items that are not of this run, such as those of a deployment
   * @throws the signal's reason where the step is cancelled; nothing else
   */
  async end(record: RunRecord, clean: RunRecord, further: readonly string[] = []): Promise<void> {
    const linked = linkedOf(clean, this.#provenance);
    const writes = await this.#writes(clean, linked, further);
    const outcomes = await Promise.all(writes.map(async (write) => attempt(write())));
    if (this.#told.length > 0) record.workItems = this.#told;
    const faults = outcomes.flatMap((one) => ("fault" in one ? [one.fault] : []));
    if (faults.length === 0) return;
    const { project, settings } = this.#access;
    const organization = new URL(settings.collectionUri).pathname.split("/").filter(Boolean).at(-1) ?? "organization";
    const identity = `"${project} Build Service (${organization})" or, where jobs have the scope of the collection, "Project Collection Build Service (${organization})"`;
    const rights = [...new Set(faults.map((fault) => (fault instanceof LinkFault ? fault.right : "View builds")))];
    const warning = {
      failed: `${faults.length === 1 ? "A link of this step was" : `${faults.length} links of this step were`} not written`,
      missing: "The step's result, its outputs and its record count all the same.",
      needs: `the permission ${rights.join(", and ")} for ${identity}`,
    };
    await secondaryWrite(this.#place, warning, () => {
      const [first] = faults;
      const status = statusOf(first);
      throw new TaskError("service", [...new Set(faults.map(({ message }) => message))].join(" "), {
        errorCode: "AML1901",
        ...(status === undefined ? {} : { status }),
      });
    });
  }

  async #writes(record: RunRecord, linked: Linked, further: readonly string[]): Promise<(() => Promise<unknown>)[]> {
    const { buildId } = this.#access;
    const { pages, sentences, tags, properties, statuses } = linked;
    const [items, bugs] = await Promise.all([this.#items, this.#openBugs]);
    const others = sentences.length === 0 ? [] : further.filter((id) => !this.#provenance.workItems?.includes(id));
    return [
      ...(pages.length === 0 && sentences.length === 0
        ? []
        : items.map((item) => () => ("fault" in item ? Promise.reject(item.fault) : this.#patch(item.value, linked)))),
      ...others
        .slice(0, MOST_ITEMS)
        .map((id) => () => this.#readItem(Number(id)).then((item) => this.#patch(item, linked))),
      ...(tags.length === 0 ? [] : [() => this.#tag(tags)]),
      ...(Object.keys(properties).length === 0 || buildId === undefined ? [] : [() => this.#setProperties(properties)]),
      ...statuses.map((status) => () => this.#setStatus(status)),
      ...(breachOf(record)
        ? this.#filesBugs
          ? [() => this.#fileDrift(record)]
          : []
        : "fault" in bugs
          ? [() => Promise.reject(bugs.fault)]
          : bugs.value.length === 0
            ? [() => this.#file(record)]
            : this.#sayBug(record, bugs.value)),
    ];
  }

  #sayBug(record: RunRecord, [id]: readonly number[]): [] {
    if (id && bugOf(record, this.#provenance))
      this.#place.log.info(`No bug is filed: work item ${id} is open for this step, or was closed a short while ago.`);
    return [];
  }

  get #project(): string {
    return segment(this.#access.project, "the project");
  }

  get #builds(): string {
    return `${this.#project}/_apis/build/builds/${this.#access.buildId}`;
  }

  async #ask<T>(right: string, asked: Parameters<Rest>[0]): Promise<T | undefined> {
    try {
      return await (await this.#rest)<T>(asked);
    } catch (error) {
      throw new LinkFault(right, error as Error);
    }
  }

  async #workItemIds(): Promise<number[]> {
    const { buildId } = this.#access;
    if (buildId === undefined) return [];
    const answer = await this.#ask<{ value?: { id?: unknown }[] }>("View builds", {
      doing: `list the work items of run ${buildId}`,
      verb: "GET",
      path: `${this.#builds}/workitems?$top=${MOST_ITEMS}&${REST_VERSION}`,
    });
    const ids = (answer?.value ?? []).map(({ id }) => Number(id)).filter((id) => Number.isSafeInteger(id) && id > 0);
    return ids.slice(0, MOST_ITEMS);
  }

  /** Relations and comments, side by side. */
  async #readItem(id: number): Promise<ReadItem> {
    const path = `${this.#project}/_apis/wit/workitems/${id}`;
    const doing = `read work item ${id}`;
    const right = "View work items in this node of the area path";
    const [item, said] = await Promise.all([
      this.#ask<Omit<ReadItem, "comments">>(right, {
        ...{ doing, verb: "GET", path: `${path}?$expand=relations&${REST_VERSION}` },
      }),
      this.#ask<{ comments?: { text?: unknown }[] }>(right, {
        ...{ doing, verb: "GET", path: `${path}/comments?$top=${MOST_COMMENTS}&order=desc&${COMMENTS_VERSION}` },
      }),
    ]);
    if (item?.id !== id || typeof item.rev !== "number")
      throw new LinkFault(right, new Error(`Azure DevOps was asked to ${doing}, and answered with something else.`));
    const comments = (said?.comments ?? []).flatMap(({ text }) => (typeof text === "string" ? [text] : []));
    return { id, rev: item.rev, relations: item.relations ?? [], comments };
  }

  /** One request, where nobody else changes the work item meanwhile. */
  async #patch(read: ReadItem, linked: Linked): Promise<void> {
    let item = read;
    for (let left = ATTEMPTS; ; left -= 1) {
      const body = patchOf(item, linked, this.#provenance);
      try {
        if (body !== undefined) await this.#change(`${item.id}`, body);
        return this.#tell(item.id, body?.some(({ path }) => path === HISTORY) ? "commented" : "linked");
      } catch (error) {
        const status = statusOf(error);
        if (left === 1 || (status !== 409 && status !== 412)) {
          this.#tell(item.id, "refused");
          throw error;
        }
        item = await this.#readItem(item.id);
      }
    }
  }

  #tell(id: number, change: NonNullable<Told["change"]>): void {
    const { collectionUri } = this.#access.settings;
    this.#told.push({ id: String(id), url: `${collectionUri}${this.#project}/_workitems/edit/${id}`, change });
  }

  async #change(id: string, body: readonly Operation[]): Promise<void> {
    await this.#ask("Edit work items in this node of the area path", {
      doing: `link work item ${id}`,
      verb: "PATCH",
      path: `${this.#project}/_apis/wit/workitems/${id}?${REST_VERSION}`,
      body,
      contentType: PATCH_TYPE,
    });
  }

  async #tag(tags: readonly string[]): Promise<void> {
    if (this.#access.buildId === undefined) return;
    // In the body and not in the address, where a colon is refused.
    await this.#ask("Update build information of the pipeline", {
      doing: "tag the run",
      verb: "POST",
      path: `${this.#builds}/tags?${REST_VERSION}`,
      body: tags,
    });
  }

  async #setProperties(properties: Readonly<Record<string, string>>): Promise<void> {
    const pointer = (name: string) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const body = Object.entries(properties).map(([name, value]) => ({ op: "add", path: pointer(name), value }));
    await this.#ask("Update build information of the pipeline", {
      doing: "set properties of the run",
      verb: "PATCH",
      path: `${this.#builds}/properties?${PROPERTIES_VERSION}`,
      body,
      contentType: PATCH_TYPE,
    });
  }

  async #setStatus({ name, state, description }: Linked["statuses"][number]): Promise<void> {
    const { repositoryId, commit, runUri } = this.#provenance;
    // Only commits of Azure Repos have statuses here.
    if (!repositoryId || !commit) return;
    await this.#ask("Contribute of the repository", {
      doing: `set the status ${name} of commit ${commit}`,
      verb: "POST",
      path: `${this.#project}/_apis/git/repositories/${segment(repositoryId, "the repository")}/commits/${segment(commit, "the commit")}/statuses?${REST_VERSION}`,
      body: { state, description, targetUrl: runUri, context: { name, genre: "azureml" } },
    });
  }

  async #bugs(query: string): Promise<number[]> {
    const answer = await this.#ask<{ workItems?: { id?: unknown }[] }>(
      "View work items in this node of the area path",
      {
        doing: "look for open bugs",
        verb: "POST",
        path: `${this.#project}/_apis/wit/wiql?$top=1&${REST_VERSION}`,
        body: { query },
      },
    );
    return (answer?.workItems ?? []).map(({ id }) => Number(id));
  }

  /** Once for a breach, whichever step and run found it; what is breached is known at the end only, so that it is asked for here. */
  async #fileDrift(record: RunRecord): Promise<void> {
    const drift = breachOf(record);
    if (drift === undefined) return;
    const tags = driftTags(record, drift, this.#provenance);
    const [id] = await this.#bugs(bugQuery(tags.monitor, tags.breach));
    if (id === undefined) return this.#file(record);
    this.#place.log.info(
      `No bug is filed: work item ${id} is about this breach, or about the monitor ${drift.monitor} and open or closed a short while ago.`,
    );
  }

  /** As a Bug; in the process Basic, which has none, as an Issue. */
  async #file(record: RunRecord): Promise<void> {
    const body = bugOf(record, this.#provenance);
    if (body === undefined) return;
    const create = (type: string) =>
      this.#ask<{ id?: number }>("Edit work items in this node of the area path", {
        doing: `file a work item of type ${type}`,
        verb: "POST",
        path: `${this.#project}/_apis/wit/workitems/$${type}?${REST_VERSION}`,
        body,
        contentType: PATCH_TYPE,
      });
    let made: { id?: number } | undefined;
    try {
      made = await create("Bug");
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
      made = await create("Issue");
    }
    if (typeof made?.id === "number") this.#tell(made.id, "created");
    this.#place.log.info(`Filed work item ${made?.id ?? "of unknown id"} for this failure.`);
  }
}
