// Explains a deployment that failed: shows the logs of its containers and of its image's build, and says what its failure means, with the
// line of a log that names the error, and what to do.
// Tests: test/lib/ml/endpoints/failed-deployment.test.ts
import { type ErrorCode, TaskError } from "../../errors.ts";
import { openDatastore } from "../assets/datastores.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { lastBuildWords, lastWords } from "./container-words.ts";
import { deploymentLogs } from "./deployments.ts";
import { type BuildLogPlace, buildLogPlace, digestFailure, type FailureDigest } from "./failure-digest.ts";

/** The record's section on a failure. */
export interface FailureSection {
  /** Name of its class, as failure-classes.ts has it; absent where it is of none. */
  readonly kind?: string;
  /** The service's own code. */
  readonly code?: string;
  readonly means?: string;
  readonly remedy?: string;
  /** Address of Microsoft's guide. */
  readonly guide?: string;
  /** The line of a log that names the error, and which log that is. */
  readonly lastLine?: string;
  readonly log?: string;
}

export interface Explanation {
  /** For the error, in this order. */
  readonly sentences: readonly string[];
  /** The error's hint; absent: it keeps its own. */
  readonly hint?: string;
  readonly section: FailureSection;
}

/** Errors of ours with which the service refused a write, or its operation failed: the others say themselves what they mean. */
const OF_THE_SERVICE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "AML1202",
  "AML1203",
  "AML1205",
  "AML1206",
  "AML1211",
]);
/** Lines of a container's log that are asked for (docs/facts/operations.md#A.8). */
const TAIL = 100;
/** Bytes of a build's log that are read, from its end, and lines of it that are shown. */
const BUILD_BYTES = 64 * 1024;
const BUILD_LINES = 100;
/** The datastore that every workspace has over the container `azureml`, in which builds leave their logs (docs/facts/azureml-documents.md#3.5). */
const LOGS_OF_BUILDS = "workspaceartifactstore";

/**
 * Explains why a deployment failed. Where Azure refused it at once, no container of it has run: one of that name is the one before, whose log says
 * nothing of this failure. Round trips: both logs side by side, and beside them, where the error says that an image's build left a
 * log, the datastore, its list and its end.
 */
export async function explainFailure(
  workspace: Workspace,
  endpoint: string,
  deployment: string,
  error: unknown,
  { isRefused = false }: { readonly isRefused?: boolean } = {},
): Promise<Explanation> {
  const refusal =
    error instanceof TaskError && error.errorCode && OF_THE_SERVICE.has(error.errorCode) ? error : undefined;
  const digest = refusal && digestFailure(refusal);
  const place = refusal && buildLogPlace(refusal.message);
  const [logs, build] = await Promise.all([
    isRefused ? {} : deploymentLogs(workspace, endpoint, deployment, TAIL),
    place === undefined ? undefined : readBuildLog(workspace, place),
  ]);
  if (!isRefused || build !== undefined) await show(workspace, deployment, logs, build);
  const found = wordsOf(digest, logs, build);
  return {
    sentences: [
      ...(digest === undefined ? [] : [digest.means]),
      ...(found === undefined ? [] : [`The log of ${found.log} says: ${found.line}`]),
    ],
    ...(digest === undefined ? {} : { hint: `${digest.remedy} See ${digest.guide}` }),
    section: {
      ...(digest && {
        kind: digest.kind,
        means: digest.means,
        remedy: digest.remedy,
        guide: digest.guide,
        ...(digest.code === undefined ? {} : { code: digest.code }),
      }),
      ...(found && { lastLine: found.line, log: found.log }),
    },
  };
}

async function show(workspace: Workspace, deployment: string, logs: Logs, build: string | undefined): Promise<void> {
  const { log } = workspace;
  for (const [container, text] of Object.entries(logs)) {
    await log.group(`Log of ${container} of the deployment ${deployment}`, async () => log.remote(text));
  }
  if (build !== undefined) {
    const lines = build.trimEnd().split("\n").slice(-BUILD_LINES).join("\n");
    await log.group(`Log of the image's build, its last ${BUILD_LINES} lines`, async () => log.remote(lines));
  }
  if (Object.keys(logs).length === 0 && build === undefined) log.info(`The deployment ${deployment} has left no logs.`);
}

type Logs = Readonly<Record<string, string>>;

/** The line that names the error, in the log where its class has it, else in any. */
function wordsOf(
  digest: FailureDigest | undefined,
  logs: Logs,
  build: string | undefined,
): { readonly log: string; readonly line: string } | undefined {
  const scoring = "InferenceServer";
  const files = "StorageInitializer";
  const order = digest?.log === "files" ? [files, scoring] : [scoring, files];
  const lines = order.map((name) => ({ log: name, line: lastWords(ownLines(logs[name] ?? "")) }));
  const ofBuild = { log: "the image's build", line: lastBuildWords(build ?? "") };
  return [ofBuild, ...lines].flatMap(({ log, line }) => (line === undefined ? [] : [{ log, line }]))[0];
}

/** The lines that a container wrote itself: the service puts states and events in front of it (docs/facts/recorded-operations.md#2.6). */
function ownLines(report: string): string {
  const head = /^Container logs:\r?\n/m.exec(report);
  return head === null ? report : report.slice(head.index + head[0].length);
}

/** The end of a build's log; undefined, after a word about it, where it cannot be read. It never fails the step. */
async function readBuildLog(workspace: Workspace, place: BuildLogPlace): Promise<string | undefined> {
  const { log, signal } = workspace;
  const shown = `${place.account}/${place.container}/${place.path}`;
  try {
    const { container } = await openDatastore(workspace, LOGS_OF_BUILDS);
    const at = new URL(container.url);
    // The message names an account; a credential goes to the workspace's own only.
    if (at.hostname.split(".")[0] !== place.account || at.pathname.slice(1) !== place.container) {
      log.info(`The log of the image's build lies in ${shown}, which is not this workspace's own storage.`);
      return undefined;
    }
    for await (const blob of container.files(place.path, signal)) {
      if (blob.name !== place.path || blob.size === 0) continue;
      const from = Math.max(0, blob.size - BUILD_BYTES);
      const bytes = await container.range(blob, from, blob.size - from, signal);
      return withoutCredentials(bytes.toString("utf8"));
    }
    log.info(`The log of the image's build is not in ${shown}.`);
  } catch (error) {
    if (signal.aborted) throw error;
    const why = error instanceof Error ? error.message : String(error);
    log.info(`The log of the image's build lies in ${shown}, and could not be read: ${why}`);
  }
  return undefined;
}

/** Addresses of package indexes may hold a name and a password. */
const withoutCredentials = (text: string): string => text.replaceAll(/:\/\/[^/?#\s@"']{1,1024}@/g, "://***@");
