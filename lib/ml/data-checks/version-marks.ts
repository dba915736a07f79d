// The mark of a version of data that failed its check, by which it is no baseline of later ones: two tags, written beside the work. A version
// that passes gets none, so that a check that passes writes nothing, and a version that was never checked is taken as one that passed.
// Tests: test/tasks/failed-baseline.test.ts
import { secondaryWrite } from "../../secondary-write.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { changeVersion } from "../assets/asset-writes.ts";
import { findVersion, noSuchAsset, versionIn } from "../assets/assets.ts";
import type { Registry } from "../assets/registry.ts";
import { DATA_CHECK, DATA_CHECK_RUN } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";

const FAILED = "failed";
/** Characters of a tag's value. A longer address is left out: half of one leads nowhere. */
const LONGEST = 250;

type Tags = Readonly<Record<string, string>>;

/** The page of the run in which the last check of a version failed, empty where it is not known; undefined where none is marked. */
export function failedIn(version: AssetBody): string | undefined {
  const { tags } = version.properties ?? {};
  return tags?.[DATA_CHECK] === FAILED ? (tags[DATA_CHECK_RUN] ?? "") : undefined;
}

/**
 * Marks a version that failed, and takes the mark from one that passes. Two round trips where the tags change, none otherwise: the version is
 * read anew, because others may have written to it while its files were read. What goes wrong is a warning. A run of a pull request, whose
 * expectations nobody has agreed to yet, does so only for versions that it registered.
 */
export async function markVersion(
  home: Workspace | Registry,
  name: string,
  there: AssetBody,
  passed: boolean,
): Promise<void> {
  const { kind, pullRequestId, runUri } = home.provenance;
  const called = `${name}:${versionIn(there)}`;
  const run = kind === "none" || runUri.length > LONGEST ? "" : runUri;
  const wanted: Tags = passed ? {} : { [DATA_CHECK]: FAILED, ...(run === "" ? {} : { [DATA_CHECK_RUN]: run }) };
  const has = (tags: Tags) =>
    tags[DATA_CHECK] === wanted[DATA_CHECK] && tags[DATA_CHECK_RUN] === wanted[DATA_CHECK_RUN];
  const tags = there.properties?.tags ?? {};
  if (has(tags)) return;
  if (pullRequestId !== undefined && tags["BuildUri"] !== runUri) {
    const not = passed ? "keeps its mark as failed" : "is not marked";
    home.log.info(`${called} ${not}: a run of a pull request marks only versions that it registered.`);
    return;
  }
  const warning = passed
    ? {
        failed: `The mark of ${called} as failed could not be removed`,
        missing: "The verdict counts all the same; later checks pass over it as a baseline.",
      }
    : {
        failed: `${called} could not be marked as failed`,
        missing: "The verdict counts all the same; later checks may take it as their baseline.",
      };
  const needs = "a role such as AzureML Data Scientist on the workspace, or AzureML Registry User on the registry";
  await secondaryWrite(home, { ...warning, needs }, async () => {
    const verb = passed ? "take the mark from" : "mark";
    const change = ({ tags: stands, ...properties }: NonNullable<AssetBody["properties"]>) => {
      const { [DATA_CHECK]: _verdict, [DATA_CHECK_RUN]: _run, ...others } = stands ?? {};
      return { ...properties, tags: { ...others, ...wanted } };
    };
    const version = versionIn(there) ?? "";
    const stands = await findVersion(home, "data", name, version);
    if (stands === undefined) throw await noSuchAsset(home, "data", name, version);
    await changeVersion(home, "data", name, stands, change, verb);
    home.log.info(
      passed
        ? `${called} is no longer marked as failed.`
        : `${called} is marked as failed: it is no baseline of later checks.`,
    );
  });
}
