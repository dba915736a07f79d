// Writes versions of assets: creates them, and changes the tags and the description of those that are there.
// Tests: test/tasks/unknown-writes.test.ts
import { type AssetKind, type AssetWrite, assetWrite } from "../../documents/index.ts";
import { poll } from "../../poll.ts";
import { sendable } from "../workspace/merge.ts";
import { readModifyWrite } from "../workspace/retry-on-conflict.ts";
import { type SendOptions, write } from "../workspace/write.ts";
import { type AssetBody, type AssetHome, SINGULAR, wordFor } from "./asset-home.ts";
import { findVersion, noSuchAsset, versionIn } from "./assets.ts";

/** Milliseconds within which an accepted version of a registry must appear. */
const LONGEST_APPEARING = 2 * 60_000;

/** A version whose making has ended: it counts once it is seen. @throws TaskError kind `timeout` where it is not */
export function madeVersion(home: AssetHome, kind: AssetKind, name: string, version: string): Promise<AssetBody> {
  return poll(
    async () => {
      const made = await findVersion(home, kind, name, version);
      return made ? { done: true, value: made } : { done: false };
    },
    {
      what: `${name}:${version} to be seen in the registry ${home.name}`,
      signal: home.signal,
      deadline: LONGEST_APPEARING,
      maximum: 10_000,
    },
  );
}

/** A registration without a name: the service chooses its own name and version for it (docs/facts/azureml-wire.md#8). */
const ANONYMOUS = /^(azureml_anonymous|CliV2AnonymousEnvironment)$/i;

const isVersion = (body: Record<string, unknown>) =>
  typeof body["id"] === "string" && typeof body["properties"] === "object" && body["properties"] !== null;

/** Creates or updates a version and returns the service's answer. One round trip; in a registry it is waited for, and read. */
export async function putVersion(
  home: AssetHome,
  kind: AssetKind,
  name: string,
  version: string,
  body: object,
): Promise<AssetBody & { id: string }> {
  return (await putNewVersion(home, kind, assetWrite(kind, name, version, body))).body;
}

/**
 * Changes a version that is there: its tags and its description, which others change too.
 * @param change makes the properties that are sent of those that stand
 * @param verb for the error: "Azure could not archive the model …"
 */
export function changeVersion(
  home: AssetHome,
  kind: AssetKind,
  name: string,
  there: AssetBody,
  change: (has: NonNullable<AssetBody["properties"]>) => object,
  verb = "register",
): Promise<AssetBody & { id: string }> {
  const version = versionIn(there) ?? "";
  let isFirst = true;
  return readModifyWrite(home, async () => {
    const stands = isFirst ? there : await findVersion(home, kind, name, version);
    isFirst = false;
    if (stands === undefined) throw await noSuchAsset(home, kind, name, version);
    const body = { properties: change(sendable(stands.properties)) };
    return (await putNewVersion(home, kind, assetWrite(kind, name, version, body), { again: false, verb })).body;
  });
}

/** As `putVersion`; `created` is false where the version was there already, and the service took this for a change of it. */
export async function putNewVersion(
  home: AssetHome,
  kind: AssetKind,
  document: AssetWrite,
  { again = true, verb = "register" }: Pick<SendOptions, "again"> & { readonly verb?: string } = {},
): Promise<{ body: AssetBody & { id: string }; created: boolean }> {
  const { name, version } = document;
  const called = `${name}:${version}`;
  const { status, body, id } = await write<AssetBody>(home, document, {
    doing: `${verb} the ${SINGULAR[kind]} ${called}`,
    what: `${called} to be in the ${wordFor(home)}`,
    promises: ANONYMOUS.test(name) ? isVersion : "resource",
    again,
  });
  if (status !== 202) return { body: { ...body, id }, created: status !== 200 || home.azure.dryRun !== undefined };
  const made = await madeVersion(home, kind, name, version);
  return { body: { ...made, id: made.id ?? id }, created: true };
}
