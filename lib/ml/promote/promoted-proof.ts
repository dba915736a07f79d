// Brings the proof of a version along with it (idempotent): the same files beside the copy, so that the same signer's signature is verified at
// the target, by the files that are there.
// Tests: test/tasks/promoted-proof.test.ts
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import { type AssetBody, wordFor } from "../assets/asset-home.ts";
import { versionIn } from "../assets/assets.ts";
import { openDatastore } from "../assets/datastores.ts";
import { isRegistry, type Registry } from "../assets/registry.ts";
import { begun, ProofsOfModel } from "../proof/proof-search.ts";
import { bringProof as bringFiles, putProof, type StoredProof } from "../proof/proof-store.ts";
import { earlierProofOf, listIn, PROOF, type ProofAddress, proofOf } from "../workspace/lineage.ts";
import { undefinedIfUnreadable } from "../workspace/unreadable.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Named } from "./publish.ts";

/**
 * The signed proof of a version; undefined where it has none, or where it may not be read, which the log says. Up to three round trips once the
 * version and the list of proofs are there, two where its place was opened before.
 * @param proofs the source's, whose list was asked for beside the version
 */
export async function proofToBring(
  home: Workspace | Registry,
  proofs: ProofsOfModel,
  name: string,
  version: AssetBody,
): Promise<StoredProof | undefined> {
  try {
    return await proofs.ofVersion(version, true);
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
 * A proof on its way to the target, beside its model. Its address names the model's files, so it may be there before the model's version is: it
 * verifies nothing else, and the next run finds it.
 */
export class PromotedProof {
  readonly #target: Workspace | Registry;
  readonly #list: string | undefined;
  readonly #proof: Promise<StoredProof | undefined>;
  readonly #name: string;
  readonly #proofs: ProofsOfModel;
  readonly #looks = new Map<string, Promise<StoredProof | undefined>>();
  readonly #brought = new Map<string, Promise<boolean>>();

  /**
   * Asks for the target's list of proofs at once.
   * @param name of the model at the target
   * @param list the digest of the list of its files, which the proof's address says
   * @param proof the source's, which may be on its way
   */
  constructor(
    target: Workspace | Registry,
    name: string,
    list: string | undefined,
    proof: Promise<StoredProof | undefined>,
  ) {
    this.#target = target;
    this.#list = list;
    this.#proof = proof;
    this.#name = name;
    this.#proofs = new ProofsOfModel(target, name);
    if (!isRegistry(target)) void begun(openDatastore(target));
  }

  /** Whether it is on the way to this proof's address. */
  isOf({ version }: StoredProof): boolean {
    return this.#list === listIn(version);
  }

  /** The tag by which people find it, for a version of the target. */
  tagFor(version: string): Record<string, string> {
    const { name, version: number } = this.#at(version);
    return { [PROOF]: `${name}:${number}` };
  }

  /** Reads the proof that a version of the target has, beside the look whether it is the one. Up to three round trips. */
  foresee(version: string): Promise<StoredProof | undefined> {
    const known = this.#looks.get(version) ?? begun(this.#proofs.at(this.#at(version)));
    this.#looks.set(version, known);
    return known;
  }

  /**
   * Stores it where it is not there yet: two round trips once its place is open, and in a registry four.
   * @returns whether this run stored it
   * @throws TaskError `conflict` where the target has another proof of these files
   */
  bring(version: string): Promise<boolean> {
    const known = this.#brought.get(version) ?? begun(this.#bring(version));
    this.#brought.set(version, known);
    return known;
  }

  /** Ends once nothing of it is on its way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#brought.values());
  }

  /** Brings it for the copy, and says so. */
  async finish(from: Named, to: Named): Promise<void> {
    const isNew = await this.bring(to.version);
    const { log } = this.#target;
    if (isNew)
      log.info(`The proof of ${from.name}:${from.version} went along, as ${this.tagFor(to.version)[PROOF] ?? ""}.`);
    if (from.name !== to.name || from.version !== to.version)
      log.info(
        `It was signed as ${from.name}:${from.version}: VerifyModel needs that in its input signedAs, or the signedAs of an earlier promotion.`,
      );
  }

  #at(version: string): ProofAddress {
    const list = this.#list;
    return list === undefined ? earlierProofOf(this.#name, version, true) : proofOf(this.#name, version, list, true);
  }

  async #bring(version: string): Promise<boolean> {
    const [target, model, at] = [this.#target, `${this.#name}:${version}`, this.#at(version)];
    const [there, proof] = await Promise.all([this.foresee(version), this.#proof]);
    if (proof === undefined) return false;
    const { files } = proof;
    const uri = () => bringFiles(target, at, Promise.resolve(files));
    const stored = there ?? (await putProof(target, model, at, files, uri(), {})).proof;
    if (isSame(stored.files, files)) return there === undefined;
    throw new TaskError(
      "conflict",
      `${model} of the ${wordFor(target)} ${target.name} has another proof already, ${at.name}:${at.version}, and it was not replaced.`,
      {
        errorCode: "AML1716",
        hint: "Find out who made it. A proof never changes: promote under another version with targetVersion, which gets a proof of its own.",
      },
    );
  }
}

const isSame = (one: ReadonlyMap<string, Buffer>, other: ReadonlyMap<string, Buffer>): boolean =>
  one.size === other.size && [...one].every(([name, content]) => other.get(name)?.equals(content) === true);
