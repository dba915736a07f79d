// Opens what makes the proof of a model version, where the inputs ask for one: its parts load then. And the section of the record.
// Tests: test/tasks/model-proof.test.ts, test/tasks/round-trips.test.ts
import { rootOf, type UploadRoot } from "../../documents/index.ts";
import type { Log } from "../../log.ts";
import { sha256 } from "../../sha256.ts";
import { DEFAULT_DATASTORE, openDatastore } from "../assets/datastores.ts";
import type { ModelProof, Prover } from "../assets/model-prover.ts";
import { ARTIFACTS } from "../assets/version-places.ts";
import type { OpeningWorkspace } from "../workspace/workspace.ts";
import type { VaultAccess } from "./key-vault.ts";
import type { ProverRequest } from "./prove-model.ts";

interface Wishes {
  readonly bom: boolean;
  readonly signWith?: string | undefined;
}

/** Opens the signer at once, beside whatever else a task asks for first. */
export type OpenProver = (access: VaultAccess & { readonly log: Log }) => Promise<Prover | undefined>;

/** Opens the places of a proof and of most jobs' outputs beside the workspace: what they hold is asked for beside the job then. */
export function openPlaces(opening: OpeningWorkspace): void {
  for (const datastore of [DEFAULT_DATASTORE, ARTIFACTS]) openDatastore(opening, datastore).catch(() => {});
}

/** @returns undefined where no proof is asked for; what it opens is undefined where only a plan is wanted */
export function proverFor(
  { bom, signWith }: Wishes,
  root: UploadRoot,
  request: Omit<ProverRequest, "signWith">,
): OpenProver | undefined {
  if (!bom && signWith === undefined) return undefined;
  return async (access) => {
    if (access.azure.dryRun !== undefined) {
      access.log.info("The proof of the model is not planned: it is made of the version's files, once it is there.");
      return undefined;
    }
    const { ModelProver } = await import("./prove-model.ts");
    return new ModelProver(access, {
      ...request,
      ...(signWith === undefined ? {} : { signWith: { given: signWith, folder: rootOf(root) } }),
    });
  };
}

/** The proof for the record, and its files for the run. */
export function proofSection(
  { name, version }: { readonly name: string; readonly version: string },
  { contents, signedBy: signer, id: uri, ...facts }: ModelProof,
) {
  const called = `${name}-${version}`;
  const files = new Map([...contents].map(([file, content]) => [`${called}.${file}`, content.toString("utf8")]));
  const section = {
    model: `${name}:${version}`,
    ...facts,
    ...(signer === undefined ? {} : { signer }),
    documents: [...contents].map(([file, content]) => ({
      kind: kindOf(file),
      name: file,
      sha256: sha256(content.toString("utf8")),
      uri,
    })),
  };
  return { section, files };
}

const kindOf = (name: string) =>
  name.startsWith("bom.")
    ? ("bom" as const)
    : name.startsWith("provenance.")
      ? ("provenance" as const)
      : ("signature" as const);
