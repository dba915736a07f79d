// The one way by which a document reaches Azure: sends its write (PUT) and waits for the operation that the service begins. Path, query
// and api-version are those of the translation, so that every task sends a YAML at the same version.
// Tests: test/tasks/api-versions.test.ts, test/tasks/unknown-writes.test.ts
import { type AzureMl, finish, type Promised } from "../../azure/index.ts";
import type { Write } from "../../documents/index.ts";
import { segment } from "../../segment.ts";

/** The target of a write: a workspace, or a registry. */
export interface WriteTarget {
  readonly azure: AzureMl;
  readonly signal: AbortSignal;
  /** The prefix of relative paths of writes: a workspace's ARM id, or the address of a registry's data plane. */
  readonly id: string;
  /** The only version that a registry's data plane has; it counts in place of the write's own. */
  readonly apiVersion?: string;
}

export interface SendOptions {
  /** Completes "Azure could not …": "submit the job amber_fox". */
  readonly doing: string;
  /** The expected content of the answer. Default: the resource. */
  readonly promises?: Promised;
  /**
   * `false` for a body that was made of what was read: it is sent once, so that what others wrote since is not undone. Where its outcome
   * is unknown, the caller makes another body (`readModifyWrite`).
   */
  readonly again?: boolean;
}

export interface WaitOptions {
  /** Completes "Waited for …": "the deployment blue to be ready". */
  readonly what: string;
  /** Milliseconds from now; undefined: no deadline. */
  readonly deadline?: number | undefined;
  /** Called with each new state of the operation, for the log. */
  readonly onState?: (state: string) => void;
}

/** A write that the service has accepted. */
export interface Accepted<Resource> {
  readonly status: number;
  /** The service's answer; undefined if it names only the operation (as a registry does). */
  readonly body: (Resource & { readonly id?: string }) | undefined;
  /** The id that the service gave, or else the address that was written to. */
  readonly id: string;
  /** Waits until the operation has ended. @throws TaskError `failed` with the operation's own words, `timeout` at the deadline */
  finished(options: WaitOptions): Promise<void>;
}

/**
 * Sends a document's write and returns as soon as the service has accepted it. An outcome that is unknown has been looked up at the
 * same address by then (lib/azure/outcome.ts).
 * @throws TaskError as `AzureMl.request` does; OutcomeUnknown where nobody knows whether it was done
 */
export async function send<Resource extends object>(
  target: WriteTarget,
  { method, path, apiVersion, query, body }: Write,
  { doing, promises = "resource", again = true }: SendOptions,
): Promise<Accepted<Resource>> {
  const { azure, signal } = target;
  const at = path.startsWith("/") ? path : `${target.id}/${path}`;
  const answer = await azure.request<Resource & { readonly id?: string }>(method, at, {
    doing,
    promises,
    again,
    body,
    apiVersion: target.apiVersion ?? apiVersion,
    ...(query ? { query } : {}),
    signal,
  });
  return {
    status: answer.status,
    body: answer.body,
    id: answer.body?.id ?? at,
    finished: (waiting) => finish(azure, answer, { ...waiting, signal }),
  };
}

/**
 * Sends a document's write and waits until what it began has ended.
 * @param options.onAccepted called once the service has accepted the write, before the wait
 */
export async function write<Resource extends object>(
  target: WriteTarget,
  document: Write,
  options: SendOptions & WaitOptions & { readonly onAccepted?: (() => void) | undefined },
): Promise<Accepted<Resource>> {
  const accepted = await send<Resource>(target, document, options);
  options.onAccepted?.();
  await accepted.finished(options);
  return accepted;
}

/** The same write for a resource of another name: a rollout that stands beside, a job that is submitted again. */
export function renamed<Kind extends Write>(document: Kind, name: string): Kind {
  const folder = document.path.slice(0, document.path.lastIndexOf("/"));
  return { ...document, path: `${folder}/${segment(name, "the name")}` };
}
