// In place: the named deployment is changed where it stands. Its previous specification is kept in a private file of the agent's job, and
// put back on failure, also by the post-job stage; a specification may hold what no log should show.
// Tests: test/lib/ml/rollout/in-place.test.ts
import { readFileSync, rmSync } from "node:fs";
import { API_VERSIONS, type Write } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { isObject } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { findDeployment, putDeployment } from "../endpoints/deployments.ts";
import type { EndpointLock } from "../endpoints/endpoint-lock.ts";
import { retryOnConflict } from "../workspace/retry-on-conflict.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { hasContent } from "./rollout-place.ts";
import type { DeploymentBody } from "./rollout-wish.ts";

/** Keeps a text where only this job's user can read it, until the job ends. @returns the path of the file */
export type KeepSpecification = (text: string) => string;

/** @returns the file with the previous specification. @throws TaskError where it cannot be kept: nothing is changed then */
export function keepPrevious(
  workspace: Workspace,
  body: DeploymentBody,
  keep: KeepSpecification | undefined,
): string | undefined {
  if (workspace.azure.dryRun) return undefined;
  try {
    if (keep === undefined) throw new Error("there is no place to keep it");
    return keep(JSON.stringify(body));
  } catch (error) {
    throw new TaskError(
      "failed",
      `The previous specification could not be kept, so that nobody could put it back: ${error instanceof Error ? error.message : String(error)}. Nothing was changed.`,
      { errorCode: "AML1611", hint: "See that the agent's temporary folder is writable and has room.", cause: error },
    );
  }
}

/** Removes the file once it is not needed any more. */
export const forgetPrevious = (file: string | undefined): void => {
  if (file !== undefined) rmSync(file, { force: true });
};

export interface PutBack {
  readonly sentence: string;
  readonly settled: boolean;
}

/**
 * Puts the previous specification back, where the deployment is still as this rollout wrote it.
 * @param file the one that `keepPrevious` has written
 * @param isMine whether the deployment bears the rollout's mark, and nobody else has changed it since
 * @param patience milliseconds: for what is under way, and for the operation itself
 */
export async function putPreviousBack(
  workspace: Workspace,
  at: { readonly endpoint: string; readonly deployment: string; readonly file: string; readonly lock: EndpointLock },
  isMine: (tags: Readonly<Record<string, string>>) => boolean,
  patience: number,
): Promise<PutBack> {
  const { endpoint, deployment: name, file, lock } = at;
  const body = readBody(file);
  const started = Date.now();
  const left = () => Math.max(1, patience - (Date.now() - started));
  const write: Write = {
    method: "PUT",
    path: `onlineEndpoints/${segment(endpoint, "the endpoint's name")}/deployments/${segment(name, "the deployment's name")}`,
    apiVersion: API_VERSIONS.onlineDeployments,
    body,
  };
  const finish = await retryOnConflict(workspace, `the deployment ${name}`, patience, () =>
    lock.hold(left(), async (held) => {
      const there = await findDeployment(workspace, endpoint, name);
      if (!there) return { sentence: `The deployment ${name} is not there any more.`, settled: true };
      const state = there.properties.provisioningState ?? "";
      if (/^(creating|updating|scaling|deleting)$/i.test(state)) {
        throw new TaskError("conflict", `The deployment ${name} is ${state}.`, { errorCode: "AML1603", status: 409 });
      }
      if (!isMine(there.tags ?? {})) {
        if (hasContent(there, body)) {
          return { sentence: `The deployment ${name} is as it was before this step.`, settled: true };
        }
        return {
          sentence: `Another run has changed the deployment ${name} since, so it stays as it is.`,
          settled: true,
        };
      }
      await held.requireHeld();
      return putDeployment(workspace, endpoint, name, write, { deadline: () => Math.max(left(), 10_000) });
    }),
  );
  if (typeof finish !== "function") return finish;
  try {
    await finish();
  } catch (error) {
    if (!(error instanceof TaskError) || error.kind !== "timeout") throw error;
    return {
      sentence: `The previous specification of ${name} is being put back; Azure is still at it.`,
      settled: true,
    };
  }
  return { sentence: `The previous specification of ${name} was put back.`, settled: true };
}

function readBody(file: string): DeploymentBody & Record<string, unknown> {
  const body: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (isObject(body) && isObject(body["properties"])) return body as DeploymentBody & Record<string, unknown>;
  throw new Error("the file with the previous specification holds none");
}
