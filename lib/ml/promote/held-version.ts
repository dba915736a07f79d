// Finds the version of a promotion's target that holds the content already, in use or archived, and brings its tags up to date.
// Tests: test/tasks/PromoteModel.test.ts
import { TaskError } from "../../errors.ts";
import { type AssetBody, type AssetHome, wordFor } from "../assets/asset-home.ts";
import type { AssetStore } from "../assets/asset-store.ts";
import { changeVersion } from "../assets/asset-writes.ts";
import { findVersion, versionIn, versionsOf } from "../assets/assets.ts";
import { isRegistry, type Registry } from "../assets/registry.ts";
import { retag } from "../assets/retag.ts";
import { findVersionOf, type Held } from "../assets/version-of-content.ts";
import { provenBlobsOf, uriOf } from "../assets/version-places.ts";
import { PROMOTED_CONTENT, PROMOTED_FROM, sameTags } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Content, contentAt } from "./content.ts";
import type { PromotedProof } from "./promoted-proof.ts";
import { type Marks, tagsOfKnown } from "./promoted-tags.ts";
import type { Standing } from "./standing.ts";

type Properties = NonNullable<AssetBody["properties"]>;

export interface PromotionRequest {
  readonly name: string;
  readonly version: string;
  /** In the target; the source's where absent. */
  readonly targetName?: string | undefined;
  readonly targetVersion?: string | undefined;
  /** Where the target has other content under that version. */
  readonly onConflict: "fail" | "nextVersion";
  /** Where the target holds the content as an archived version only. */
  readonly onArchived: "fail" | "restore";
  readonly requireEvidence: boolean;
  /** Environments of the job go along, and components of its steps. */
  readonly includeEnvironment: boolean;
  readonly includeComponents: boolean;
  readonly approvedBy?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Whether one identity works on both sides, so that the service itself can copy from a workspace to a registry. */
  readonly isOneIdentity: boolean;
}

/** A promotion on its way. */
export interface Way {
  readonly source: AssetStore;
  readonly target: Workspace | Registry;
  readonly request: PromotionRequest;
  readonly name: string;
  readonly version: AssetBody;
  readonly content: Content;
  readonly marks: Marks;
  readonly standing: Standing;
  /** The signed proof of the source, which goes along; undefined where there is none. */
  readonly proof: PromotedProof | undefined;
}

/** The tags of the target's version, once it has this proof. */
export const withProofTag = ({ proof }: Way, version: string, tags: Readonly<Record<string, string>>) => ({
  ...tags,
  ...proof?.tagFor(version),
});

/**
 * The version of the target that holds the content, or the number that it gets. A version in use counts before an archived one, which is
 * answered only where it is to be restored. Two sequential round trips beside those that compare files.
 * @throws TaskError `conflict` where the wanted version holds something else, or the content is there and archived, and the request says so
 */
export async function lookFor(way: Way, wanted: string): Promise<Held> {
  const { target, name, request, marks, content } = way;
  void way.proof?.foresee(wanted);
  const there = await findVersion(target, "models", name, wanted);
  const holdsIt = there !== undefined && (await holds(way, there));
  if (holdsIt && !isArchived(there)) return { there, free: "" };
  if (there && !holdsIt && request.onConflict === "fail")
    throw new TaskError(
      "conflict",
      `Version ${wanted} of the model ${name} is in the ${wordFor(target)} ${target.name} already and holds something else (${uriOf(there)}).${soFar(way)}`,
      {
        errorCode: "AML1708",
        hint: "A version never changes: choose another with targetVersion, or set onConflict to nextVersion.",
      },
    );
  const isMarked = ({ properties }: AssetBody) =>
    properties?.tags?.[PROMOTED_CONTENT] === content.hash || properties?.tags?.[PROMOTED_FROM] === marks.from;
  const isHeldBy = async (one: AssetBody) => isMarked(one) && holds(way, one);
  const [held, withdrawn] = await Promise.all([
    findVersionOf(target, "models", name, isHeldBy),
    holdsIt ? there : archivedVersion(target, name, isHeldBy),
  ]);
  const isFixed = request.targetVersion !== undefined && (there === undefined || holdsIt);
  if (held.there && !isFixed) return held;
  if (withdrawn && request.onArchived === "fail") throw isWithdrawn(way, withdrawn);
  if (withdrawn && (holdsIt || !isFixed)) return { there: withdrawn, free: "" };
  return there ? held : { free: wanted };
}

const isArchived = ({ properties }: AssetBody) => properties?.isArchived === true;

/** A version of the archive, which the list of those in use does not have. */
async function archivedVersion(target: AssetHome, name: string, isHeldBy: (version: AssetBody) => Promise<boolean>) {
  for await (const one of versionsOf(target, "models", name, { listViewType: "ArchivedOnly" }))
    if (isArchived(one) && (await isHeldBy(one))) return one;
  return undefined;
}

function isWithdrawn(way: Way, there: AssetBody): TaskError {
  const { target, name } = way;
  const version = versionIn(there);
  const place = isRegistry(target)
    ? `--registry-name ${target.name}`
    : `--resource-group ${target.resourceGroup} --workspace-name ${target.name}`;
  return new TaskError(
    "conflict",
    `The ${wordFor(target)} ${target.name} has this content as ${name}:${version}, which is archived there: somebody withdrew it, or a clean-up archived it.${soFar(way)}`,
    {
      errorCode: "AML1713",
      hint: `Where it is to be used again, set onArchived to restore, or run: az ml model restore --name ${name} --version ${version} ${place}. Otherwise promote another version.`,
    },
  );
}

/** A sentence for where nothing stands yet; otherwise the standing says what does, in each error. */
const soFar = ({ standing }: Way): string => (standing.isUntouched ? " Nothing was changed." : "");

/** Whether a version of the target holds the same files, and is of the same type. */
export async function holds({ target, name, version, content }: Way, there: AssetBody): Promise<boolean> {
  if (there.properties?.["modelType"] !== version.properties?.["modelType"]) return false;
  const place = await provenBlobsOf(target, "models", name, there);
  return place !== undefined && (await contentAt(place, target.signal))?.hash === content.hash;
}

/** The version with its tags; written only where it lacks some. */
export async function bringUpToDate(way: Way, there: AssetBody): Promise<AssetBody> {
  const { target, name, version, marks } = way;
  const tags = withProofTag(way, versionIn(there) ?? "", tagsOfKnown(there, version, marks));
  const description = there.properties?.description || version.properties?.description;
  const has = there.properties?.tags ?? {};
  if (sameTags(tags, has) && description === there.properties?.description) return there;
  const changed = await retag(target, "models", name, there, tags, (stands) => changedOf(way, there, stands));
  return changed ?? there;
}

function changedOf(way: Way, there: AssetBody, stands: Properties): Properties {
  const { version, marks } = way;
  const description = there.properties?.description || version.properties?.description;
  return {
    ...stands,
    tags: withProofTag(way, versionIn(there) ?? "", tagsOfKnown({ ...there, properties: stands }, version, marks)),
    ...(description ? { description } : {}),
  };
}

/**
 * Takes a version out of the archive, with its tags.
 * @throws TaskError where the service refuses it, or still shows it as archived
 */
export async function restore(way: Way, there: AssetBody): Promise<AssetBody> {
  const { target, name } = way;
  const called = `${name}:${versionIn(there)}`;
  const change = (stands: Properties) => ({ ...changedOf(way, there, stands), isArchived: false });
  const restored = await changeVersion(target, "models", name, there, change, "restore");
  if (restored.properties?.isArchived === true)
    throw new TaskError(
      "service",
      `Azure accepted that ${called} of the ${wordFor(target)} ${target.name} is restored, and shows it as archived.`,
      { errorCode: "AML1109", hint: "Restore it in the studio, and run the step again." },
    );
  target.log.warn(
    `${called} of the ${wordFor(target)} ${target.name} was archived, and is restored: the input onArchived is restore.`,
  );
  return restored;
}
