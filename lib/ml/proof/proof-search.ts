// Finds the proof of a model version, and reads it beside the model's files: a list that is asked for at once has the newest proofs, and the version
// itself says which is its own. What it says is a hint: a proof counts by its signature, for the files that are there.
// Tests: test/tasks/model-proof.test.ts, test/tasks/proof-order.test.ts
import { type AssetBody, pathOf, requestFor } from "../assets/asset-home.ts";
import { findVersion, versionIn, versionsOf } from "../assets/assets.ts";
import type { Registry } from "../assets/registry.ts";
import { earlierProofOf, listIn, PROOF, type ProofAddress, proofOf } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { readProof, type StoredProof } from "./proof-store.ts";

type Home = Workspace | Registry;

/** Proofs that the list is asked for: of most models all, and of any the newest. */
const LISTED = 50;

/** Work that began early: whoever awaits it gets its failure, and nobody may. */
export function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}

/**
 * The files that a version says it has a proof of, as the digest of their list. What it was registered with is a property, which nobody can change;
 * `kept` says so. Else the tag counts, which others can. Undefined where it says none.
 */
export function saidList({ properties }: AssetBody): { readonly list: string; readonly kept: boolean } | undefined {
  const own = listIn(properties?.properties?.[PROOF]);
  if (own !== undefined) return { list: own, kept: true };
  const said = listIn(properties?.tags?.[PROOF]);
  return said === undefined ? undefined : { list: said, kept: false };
}

/** The proofs of a model's versions. Asks for the list at once: a proof that it has takes no request more to find. */
export class ProofsOfModel {
  readonly #home: Home;
  readonly #model: string;
  readonly #listed: Promise<{ readonly proofs: ReadonlyMap<string, AssetBody>; readonly isWhole: boolean }>;

  constructor(home: Home, model: string) {
    this.#home = home;
    this.#model = model;
    this.#listed = begun(listed(home, earlierProofOf(model, "", true).name));
  }

  /**
   * The proof that a version's property names, or an earlier one, or that of its tag, or else that of the files that it has; undefined where there is none. One round trip where the
   * list does not have it, and those that read it.
   * @param listOf reads its files; absent: they are not looked at
   */
  async ofVersion(
    body: AssetBody,
    isSigned: boolean,
    listOf?: () => Promise<string>,
  ): Promise<StoredProof | undefined> {
    const version = versionIn(body) ?? "";
    const said = saidList(body);
    const earlier = earlierProofOf(this.#model, version, isSigned);
    const named = said && proofOf(this.#model, version, said.list, isSigned);
    const { proofs: known } = await this.#listed;
    // Others can set a tag, which may name the proof of a deleted version: one at the address that nobody chooses counts before it.
    let asked = [earlier];
    if (said?.kept && named) asked = known.has(named.version) ? [named] : [named, earlier];
    else if (named) asked = [earlier, named];
    for (const read of asked.map((at) => begun(this.at(at)))) {
      const proof = await read;
      if (proof !== undefined) return proof;
    }
    return listOf && this.at(proofOf(this.#model, version, await listOf(), isSigned));
  }

  /** The proof at this address. */
  async at(at: ProofAddress): Promise<StoredProof | undefined> {
    const { proofs } = await this.#listed;
    const there = proofs.get(at.version) ?? (await findVersion(this.#home, "data", at.name, at.version));
    return there && readProof(this.#home, at, there);
  }

  /** Whether no proof of a version is there that is in use: the list was whole, and has none. */
  async hasNone(version: string, isSigned: boolean): Promise<boolean> {
    const { proofs, isWhole } = await this.#listed;
    return isWhole && ![...proofs.values()].some(this.#isOf(version, isSigned));
  }

  /**
   * A proof of a version for whatever files. No request where the list was whole, and none of this version is in it. One that a run left which lost the
   * race for that number counts too.
   */
  async another(version: string, isSigned: boolean): Promise<StoredProof | undefined> {
    const { name } = earlierProofOf(this.#model, version, isSigned);
    const { proofs, isWhole } = await this.#listed;
    const isOfVersion = this.#isOf(version, isSigned);
    let there = [...proofs.values()].find(isOfVersion);
    if (there === undefined && !isWhole)
      for await (const one of versionsOf(this.#home, "data", name)) {
        if (!isOfVersion(one)) continue;
        there = one;
        break;
      }
    return there && readProof(this.#home, { name, version: versionIn(there) ?? "" }, there);
  }

  readonly #isOf = (version: string, isSigned: boolean) => (one: AssetBody) => {
    const number = versionIn(one) ?? "";
    const list = listIn(number);
    const own = list === undefined ? undefined : proofOf(this.#model, version, list, isSigned).version;
    return number === own || number === earlierProofOf(this.#model, version, isSigned).version;
  };
}

/** The first page, by version; nothing where it cannot be read: each proof is asked for then, and says why. */
async function listed(home: Home, name: string) {
  try {
    const { body } = await home.azure.request<{ value?: AssetBody[]; nextLink?: string }>(
      "GET",
      `${pathOf(home, "data", name)}/versions`,
      {
        doing: `list the proofs ${name}`,
        promises: "list",
        expect: [404],
        query: { listViewType: "ActiveOnly", $top: LISTED },
        ...requestFor(home, "data"),
      },
    );
    const proofs = new Map((body?.value ?? []).map((one) => [versionIn(one) ?? "", one]));
    return { proofs, isWhole: !body?.nextLink && proofs.size < LISTED };
  } catch (error) {
    if (home.signal.aborted) throw error;
    return { proofs: new Map<string, AssetBody>(), isWhole: false };
  }
}
