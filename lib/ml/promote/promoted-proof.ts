// Brings the proof of a version along with it (idempotent): the same files beside the copy, so that the same signer's signature is verified at
// the target, by the files that are there.
// Tests: test/tasks/promoted-proof.test.ts
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import { type AssetBody, wordFor } from "../assets/asset-home.ts";
import type { AssetStore } from "../assets/asset-store.ts";
import { versionIn } from "../assets/assets.ts";
import type { Registry } from "../assets/registry.ts";
import { retag } from "../assets/retag.ts";
import { ProofsOfModel } from "../proof/proof-search.ts";
import { bringProof as bringFiles, putProof, type StoredProof } from "../proof/proof-store.ts";
import { earlierProofOf, listIn, PROOF, proofOf } from "../workspace/lineage.ts";
import { undefinedIfUnreadable } from "../workspace/unreadable.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Named } from "./publish.ts";

/**
 * The signed proof of a version; undefined where it has none, or where it may not be read, which the log says. One round trip to see that,
 * and up to three more to read it.
 */
export async function proofToBring(
  source: AssetStore,
  name: string,
  version: AssetBody,
): Promise<StoredProof | undefined> {
  const home = (source.registry ?? source.workspace) as Workspace | Registry;
  try {
    return await new ProofsOfModel(home, name).ofVersion(version, true);
  } catch (error) {
    undefinedIfUnreadable(error);
    const asset = version.properties?.tags?.[PROOF] ?? `of ${name}:${versionIn(version) ?? ""}`;
    home.log.warn(
      `The proof ${bounded(asset, 200)} does not go along, because it cannot be read: ${(error as Error).message} Reading it takes data/versions/read.`,
    );
    return undefined;
  }
}

/**
 * Stores it at the target, where it is not there yet: one round trip to see that, and up to four to store it.
 * The copy's tags say where it is then.
 * @param copy the version of the target
 * @throws TaskError `conflict` where the target has another proof of that version
 */
export async function bringProof(
  target: Workspace | Registry,
  proof: StoredProof,
  from: Named,
  to: Named,
  copy: AssetBody,
): Promise<void> {
  const list = listIn(proof.version);
  const at = list === undefined ? earlierProofOf(to.name, to.version, true) : proofOf(to.name, to.version, list, true);
  const asset = `${at.name}:${at.version}`;
  const there = await new ProofsOfModel(target, to.name).at(at);
  const uri = () => bringFiles(target, at, Promise.resolve(proof.files));
  const stored = there ?? (await putProof(target, `${to.name}:${to.version}`, at, proof.files, uri(), {})).proof;
  if (!isSame(stored.files, proof.files))
    throw new TaskError(
      "conflict",
      `${to.name}:${to.version} of the ${wordFor(target)} ${target.name} has another proof already, ${asset}, and it was not replaced.`,
      {
        errorCode: "AML1716",
        hint: "Find out who made it. A proof never changes: promote under another version with targetVersion, which gets a proof of its own.",
      },
    );
  if (there === undefined) target.log.info(`The proof of ${from.name}:${from.version} went along, as ${asset}.`);
  if (from.name !== to.name || from.version !== to.version)
    target.log.info(
      `It was signed as ${from.name}:${from.version}: VerifyModel needs that in its input signedAs, or the signedAs of an earlier promotion.`,
    );
  const has = copy.properties?.tags ?? {};
  if (has[PROOF] === asset) return;
  const tags = { ...has, [PROOF]: asset };
  await retag(target, "models", to.name, copy, tags, (stands) => ({
    ...stands,
    tags: { ...stands.tags, [PROOF]: asset },
  }));
}

const isSame = (one: ReadonlyMap<string, Buffer>, other: ReadonlyMap<string, Buffer>): boolean =>
  one.size === other.size && [...one].every(([name, content]) => other.get(name)?.equals(content) === true);
