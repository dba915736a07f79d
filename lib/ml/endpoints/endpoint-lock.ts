// The lock of an endpoint (a lease on a blob in the workspace's default datastore): it keeps our own runs from changing one endpoint at the
// same time, and records unfinished rollouts. The service itself has no ETag and no lock (docs/facts/azureml-wire.md); `az ml` and the
// portal do not know this one.
import { randomUUID } from "node:crypto";
import { type Container, LEASE_SECONDS, type LeasedBlob } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { isObject } from "../../plain-objects.ts";
import { poll } from "../../poll.ts";
import { DEFAULT_DATASTORE, openDatastore } from "../assets/datastores.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** A rollout that has begun and is not finished. */
export interface Unfinished {
  /** The mark of the rollout, a GUID; its deployment bears it as a tag. */
  readonly by: string;
  /** The step of a pipeline run, the same for all its attempts; empty outside pipelines. */
  readonly step: string;
  /** Whether the deployment is this rollout's own, and not one that was there before. */
  readonly created: boolean;
  /** Milliseconds since the epoch after which nobody takes it for running any more. */
  readonly until: number;
}
/** Unfinished rollouts by deployment, in lower case. */
export type Rollouts = Readonly<Record<string, Unfinished>>;

/** The operations of the lock's holder. */
export interface Held {
  /** As they were when the lock was taken, without those whose time has passed; undefined where nobody can know. */
  readonly rollouts: Rollouts | undefined;
  /** Whether these are all: false where the blob holds something that these tasks have not written. */
  readonly areAll: boolean;
  /** Writes down that a rollout of the deployment is under way, or, with undefined, that none is. */
  note(deployment: string, rollout: Unfinished | undefined): Promise<void>;
  /** Verifies the lease right before each write. @throws TaskError where the lock was lost: nothing more may be written then */
  requireHeld(): Promise<void>;
}

/** Milliseconds between renewals. */
const RENEWING = (LEASE_SECONDS * 1000) / 4;
/** Milliseconds to wait for the lock where the caller has no deadline: as long as operations on endpoints may take (docs/facts/azureml-services.md#4.3). */
const PATIENCE = 30 * 60_000;
/** Milliseconds for giving the lock back; also after a cancel, which leaves little time. */
const RELEASING = 3_000;
/** Milliseconds for which access to storage is used again: what signs it ends within the hour. */
const ACCESS = 10 * 60_000;
/** Bytes of the blob that are read; it holds one short entry for each rollout under way. */
const LONGEST = 64 * 1024;

/** The way to the storage that holds the locks, which the locks of many endpoints share. */
export class LockAccess {
  readonly #workspace: Workspace;
  #opened: { readonly container: Promise<Container>; readonly at: number } | undefined;
  /** Whether a warning has said that nothing can be locked. */
  isTold = false;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Access is asked for anew after a while: what signs it ends within the hour, and a rollout may take longer. */
  open(): Promise<Container> {
    if (this.#opened && performance.now() - this.#opened.at < ACCESS) return this.#opened.container;
    const opening = openDatastore({ ...this.#workspace, once: (_key, work) => work() });
    const container = opening.then((datastore) => datastore.container);
    this.#opened = { container, at: performance.now() };
    // What failed is asked for again the next time.
    container.catch(() => {
      this.#opened = undefined;
    });
    return container;
  }
}

export class EndpointLock {
  readonly #workspace: Workspace;
  readonly #access: LockAccess;
  readonly #endpoint: string;
  readonly #name: string;
  readonly #otherwise: string;
  #unusable = false;

  /** @param otherwise what becomes of the work where nothing can be locked, as a sentence */
  constructor(
    workspace: Workspace,
    endpoint: string,
    otherwise = "The rollout continues without the lock.",
    collection: "onlineEndpoints" | "batchEndpoints" = "onlineEndpoints",
    access = new LockAccess(workspace),
  ) {
    this.#workspace = workspace;
    this.#access = access;
    this.#otherwise = otherwise;
    this.#endpoint = endpoint;
    this.#name = `azure-pipelines/locks/${collection}/${endpoint.toLowerCase()}.json`;
  }

  /**
   * Does `work` while no other run has the lock, and gives the lock back on every road. Where storage does not let this
   * identity lock anything, `work` is done all the same, after a warning.
   * @param patience milliseconds to wait for another run; absent: half an hour
   * @throws TaskError `timeout` where another run keeps the lock
   */
  async hold<T>(patience: number | undefined, work: (held: Held) => Promise<T>): Promise<T> {
    const { signal } = this.#workspace;
    const blob = await this.#open();
    if (blob === undefined) return work(UNGUARDED);
    const id = randomUUID();
    let held: Lease | undefined;
    try {
      await this.#acquire(blob, id, patience ?? PATIENCE);
      held = new Lease(this.#endpoint, blob, id, await blob.read(LONGEST, signal), signal);
    } catch (error) {
      await blob.release(id, AbortSignal.timeout(RELEASING)).catch(() => {});
      if (signal.aborted || (error instanceof TaskError && error.kind === "timeout")) throw error;
      this.#warn(error);
    }
    if (held === undefined) return work(UNGUARDED);
    try {
      return await work(held);
    } finally {
      await held.end();
    }
  }

  /**
   * Unfinished rollouts, read without the lock; undefined where they cannot be read, or the blob holds something that these tasks have not
   * written.
   * @param options.inDryRun reads them in a dry run too
   */
  async rollouts(options: { readonly inDryRun?: boolean } = {}): Promise<Rollouts | undefined> {
    const blob = await this.#open(options.inDryRun);
    if (blob === undefined) return undefined;
    try {
      const { rollouts, areAll } = parse(await blob.read(LONGEST, this.#workspace.signal));
      if (!areAll) this.#warnOfContent();
      return areAll ? rollouts : undefined;
    } catch (error) {
      if (this.#workspace.signal.aborted) throw error;
      this.#warn(error);
      return undefined;
    }
  }

  async #acquire(blob: LeasedBlob, id: string, patience: number): Promise<void> {
    const { log, signal } = this.#workspace;
    const started = Date.now();
    let waits = false;
    await poll(
      async () => {
        if (await blob.acquire(id, signal)) return { done: true, value: undefined };
        if (Date.now() - started >= patience) {
          throw new TaskError(
            "timeout",
            `Another run is changing the endpoint ${this.#endpoint}, and did not end within ${Math.round(patience / 1000)} seconds, so this step changed nothing more there.`,
            {
              errorCode: "AML1602",
              hint: "Run the step again; let pipelines that change the same endpoint run one after the other (lockBehavior: sequential).",
            },
          );
        }
        if (!waits) log.info(`Another run is changing the endpoint ${this.#endpoint}; waiting for its end.`);
        waits = true;
        return { done: false };
      },
      { what: `the lock of ${this.#endpoint}`, signal, initial: 300, maximum: 3_000, deadline: patience },
    );
  }

  async #open(inDryRun = false): Promise<LeasedBlob | undefined> {
    const { azure, signal } = this.#workspace;
    if (this.#unusable || (azure.dryRun && !inDryRun)) return undefined;
    try {
      return (await this.#access.open()).leased(this.#name);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#warn(error);
      return undefined;
    }
  }

  #warnOfContent(): void {
    this.#workspace.log.warn(
      `Whether a rollout is under way on the endpoint ${this.#endpoint} is not known: ${this.#name} in the datastore ${DEFAULT_DATASTORE} holds something that these tasks have not written. Delete it once no rollout is under way there; the next rollout writes it anew.`,
    );
  }

  #warn(error: unknown): void {
    if (this.#unusable) return;
    this.#unusable = true;
    if (this.#access.isTold) return;
    this.#access.isTold = true;
    const why = error instanceof Error ? error.message : String(error);
    this.#workspace.log.warn(
      `Other runs cannot be kept from changing the endpoint ${this.#endpoint} at the same time, because ${this.#name} in the datastore ${DEFAULT_DATASTORE} cannot be locked: ${why} ` +
        `${this.#otherwise} For the lock, the service connection's identity needs the role Storage Blob Data Contributor on the workspace's storage account, or the right to list the datastore's secrets, and a way there through the firewall.`,
    );
  }
}

const UNGUARDED: Held = { rollouts: undefined, areAll: false, note: async () => {}, requireHeld: async () => {} };

/** The lock while it is held: renewed until it is given back. */
class Lease implements Held {
  readonly rollouts: Rollouts;
  readonly areAll: boolean;
  readonly #endpoint: string;
  readonly #blob: LeasedBlob;
  readonly #id: string;
  readonly #signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  #now: Rollouts;

  constructor(endpoint: string, blob: LeasedBlob, id: string, text: string | undefined, signal: AbortSignal) {
    this.#endpoint = endpoint;
    this.#blob = blob;
    this.#id = id;
    this.#signal = signal;
    ({ rollouts: this.rollouts, areAll: this.areAll } = parse(text));
    this.#now = this.rollouts;
    // A failed renewal is not reported here: `requireHeld` asks storage before each write.
    this.#timer = setInterval(() => void blob.renew(id, AbortSignal.timeout(RENEWING)).catch(() => {}), RENEWING);
    this.#timer.unref();
  }

  async requireHeld(): Promise<void> {
    try {
      await this.#blob.renew(this.#id, this.#signal);
    } catch (error) {
      if (this.#signal.aborted) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new TaskError(
        "conflict",
        `This step has lost its lock on the endpoint ${this.#endpoint}, so it wrote nothing more there: another run may be changing it. ${why}`,
        { errorCode: "AML1602", hint: "Run the step again: it starts from the current state.", cause: error },
      );
    }
  }

  /** Storage refuses the write where the lock was lost. */
  async note(deployment: string, rollout: Unfinished | undefined): Promise<void> {
    const { [deployment.toLowerCase()]: _old, ...others } = this.#now;
    const now = rollout === undefined ? others : { ...others, [deployment.toLowerCase()]: rollout };
    await this.#blob.write(this.#id, JSON.stringify({ rollouts: now }), this.#signal);
    this.#now = now;
  }

  /** A release that fails does no harm: the lease expires by itself. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#blob.release(this.#id, AbortSignal.timeout(RELEASING)).catch(() => {});
  }
}

/**
 * Reads the blob, which others may have written: entries of any other form are left out, and then these are not all. Storage's reader answers
 * an empty text for a blob that is too large, and undefined for one that is empty.
 */
function parse(text: string | undefined): { readonly rollouts: Rollouts; readonly areAll: boolean } {
  if (text === undefined) return { rollouts: {}, areAll: true };
  let blob: unknown;
  try {
    blob = JSON.parse(text);
  } catch {}
  // A lock that was just made holds {}.
  const written = isObject(blob) ? (blob["rollouts"] ?? {}) : undefined;
  if (!isObject(written)) return { rollouts: {}, areAll: false };
  const entries = Object.entries(written);
  const known = entries.filter((entry): entry is [string, Unfinished] => isEntry(entry[1]));
  const unfinished = known.filter(([, { until }]) => until > Date.now());
  const rollouts = unfinished.map(([name, { by, step, created, until }]) => [name, { by, step, created, until }]);
  return { rollouts: Object.fromEntries(rollouts), areAll: known.length === entries.length };
}

function isEntry(value: unknown): value is Unfinished {
  const one = value as Partial<Unfinished> | null;
  return (
    typeof one?.by === "string" &&
    typeof one.step === "string" &&
    typeof one.created === "boolean" &&
    typeof one.until === "number"
  );
}
