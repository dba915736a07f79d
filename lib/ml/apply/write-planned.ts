// Applies one planned document: its write is made of what is there at that moment, and waited for.
// Tests: test/tasks/plan.test.ts

import type { Resolver } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { deleteDeployment, findDeployment, isUnrecoverable } from "../endpoints/deployments.ts";
import { EndpointLock } from "../endpoints/endpoint-lock.ts";
import { isEmpty } from "../workspace/compare.ts";
import { lineageProperties, lineageTags, SPECIFICATION_HASH } from "../workspace/lineage.ts";
import { merged, type Resource } from "../workspace/merge.ts";
import { readModifyWrite, retryOnConflict } from "../workspace/retry-on-conflict.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { write } from "../workspace/write.ts";
import { askedOf, decide } from "./plan.ts";
import { labelOf, type Planned, settledAt } from "./planned.ts";
import { failedState } from "./state.ts";

/** @returns the id that the service gave, where it gave one */
export async function writePlanned(
  workspace: Workspace,
  one: Planned,
  resolver: Resolver,
): Promise<string | undefined> {
  const { azure, log } = workspace;
  const { how, document, kind } = one.of;
  const translated = await how.translate(how.asset ? { ...document, version: one.version } : document, resolver);
  const wanted = traced(workspace, one, translated.body);
  const what = `${kind} ${labelOf(one)}`;
  let requireLock = async () => {};
  const writeOnce = async (): Promise<string | undefined> => {
    // The body is built from a fresh read: since the plan another run may have created the resource, or moved its traffic.
    const there = how.asset ? one.there : await settledAt(workspace, one, what);
    if (there && !how.asset && isDone(one, there)) {
      log.info(`The ${what} already is as the file says.`);
      return there.id;
    }
    await requireLock();
    const body = there ? merged(withoutEmptyVariables(askedOf(how, document, wanted)), there) : wanted;
    const put = (of: Resource, again: boolean) =>
      write<Resource>(
        workspace,
        { ...translated, path: one.at, body: { ...of } },
        { doing: `${one.action} the ${what}`, what: `the ${what} to be ready`, again },
      );
    // Built from a fresh read, so it is not retried blindly: a second write would undo what others have written meanwhile.
    const { body: answered } = await put(body, there === undefined).catch(async (error: unknown) => {
      if (kind !== "online deployment" || !isUnrecoverable(error)) throw error;
      log.info(`The ${what} never came up, so Azure does not change it: it is deleted first, and then made anew.`);
      await clear(workspace, String(document["endpoint_name"]), one.name);
      return put(wanted, true);
    });
    if (OPERATED.test(kind) && !azure.dryRun) await requireDone(workspace, one, what);
    if (!azure.dryRun) log.info(`${there ? "Updated" : "Created"} the ${what}.`);
    return answered?.id;
  };
  const writeInTurn = () =>
    OPERATED.test(kind)
      ? retryOnConflict(workspace, `the ${what}`, undefined, () => readModifyWrite(workspace, writeOnce))
      : readModifyWrite(workspace, writeOnce);
  // Traffic, or a default deployment, is read and written under one lock, so that no other step of ours writes between the two.
  const collection = LOCKED.get(kind);
  if (collection === undefined || !one.there) return writeInTurn();
  return new EndpointLock(workspace, one.name, "The endpoint is written without the lock.", collection).hold(
    undefined,
    (held) => {
      requireLock = () => held.requireHeld();
      return writeInTurn();
    },
  );
}

/**
 * Deletes a deployment that never came up, under the endpoint's lock: nobody makes it anew between the look and the deletion.
 * @throws TaskError kind `conflict` where another run is at it; with status 409, which is retried, where it is not as it was
 */
async function clear(workspace: Workspace, endpoint: string, name: string): Promise<void> {
  const lock = new EndpointLock(workspace, endpoint, `The deployment ${name} is deleted without the lock.`);
  const ended = await lock.hold(undefined, async (held) => {
    const there = await findDeployment(workspace, endpoint, name);
    if (there === undefined) return undefined;
    if (held.rollouts?.[name.toLowerCase()] !== undefined)
      throw new TaskError("conflict", `Another run is changing the deployment ${name}, so it was left as it is.`, {
        errorCode: "AML1611",
        hint: "Let pipelines that change the same deployment run one after the other, and run the step again.",
      });
    const state = there.properties.provisioningState ?? "";
    if (!/^(failed|cancell?ed)$/i.test(state))
      throw new TaskError("conflict", `The deployment ${name} is ${state}.`, { errorCode: "AML1603", status: 409 });
    await held.requireHeld();
    return deleteDeployment(workspace, endpoint, name);
  });
  await ended?.();
}

/** The body with what says where it comes from: the run that made a version, and the hash of what was asked for. */
function traced({ provenance }: Workspace, one: Planned, body: Resource): Resource & Record<string, unknown> {
  const isNewAsset = one.of.how.asset !== undefined && one.there === undefined;
  const own = {
    ...(body.properties?.["properties"] as object | undefined),
    ...(isNewAsset ? lineageProperties(provenance) : {}),
    ...(one.hash === undefined ? {} : { [SPECIFICATION_HASH]: one.hash }),
  };
  const given = { ...(body.properties?.["tags"] as object | undefined) };
  const tags = isNewAsset ? { tags: { ...lineageTags(provenance, given), ...given } } : {};
  return {
    ...body,
    properties: { ...body.properties, ...tags, ...(Object.keys(own).length > 0 ? { properties: own } : {}) },
  };
}

/** A file that names no variables leaves those that are there: a person, or another tool, may have set them. */
function withoutEmptyVariables(body: Resource): Resource {
  const { environmentVariables, ...properties } = body.properties ?? {};
  return isEmpty(environmentVariables) ? { ...body, properties } : body;
}

/** Verifies the resource: an operation may report success although the resource failed. One round trip. */
async function requireDone(workspace: Workspace, one: Planned, what: string): Promise<void> {
  const [failed] = failedState(await settledAt(workspace, one, what));
  if (failed)
    throw new TaskError("failed", `Azure says that the ${what} was written, and that it is ${failed.from}.`, {
      errorCode: "AML1805",
    });
}

/** Kinds whose writes are operations, of which the service runs one at a time and refuses the others with 409. */
const OPERATED = /endpoint$|deployment$|^compute$|^schedule$/;

/** Kinds that other steps change as well, and where their locks lie. */
const LOCKED: ReadonlyMap<string, "onlineEndpoints" | "batchEndpoints"> = new Map([
  ["online endpoint", "onlineEndpoints"],
  ["batch endpoint", "batchEndpoints"],
]);

/** Whether another run has already made what the plan wants; credentials alone cannot be compared here. */
function isDone(one: Planned, there: Resource): boolean {
  if (one.changes.some(({ path }) => path === "properties.credentials")) return false;
  const { how, document } = one.of;
  return decide(how, askedOf(how, document, one.wanted), there, { hash: one.hash }).action === "unchanged";
}
