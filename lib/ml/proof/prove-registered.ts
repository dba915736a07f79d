// Proves a model that a task has registered, where its inputs ask for it: the parts for that load then.
// Tests: test/tasks/model-proof.test.ts
import type { UploadRoot } from "../../documents/index.ts";
import { rootOf } from "../../documents/index.ts";
import { sha256 } from "../../sha256.ts";
import type { AssetStore } from "../assets/asset-store.ts";
import type { Registry } from "../assets/registry.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { ModelProof, ProofRequest } from "./prove-model.ts";

interface Wishes {
  readonly bom: boolean;
  readonly signWith?: string | undefined;
}

/**
 * @returns the proof for the record, and its files for the run; undefined where none is asked for, or only a plan is wanted
 * @throws TaskError as `proveModel`
 */
export async function proveRegistered(
  place: AssetStore,
  model: Pick<ProofRequest, "name" | "version" | "jobName" | "evidence">,
  { bom, signWith }: Wishes,
  root: UploadRoot,
  tool: ProofRequest["tool"],
  approver: () => Promise<string | undefined>,
): Promise<{ section: ProofSection; files: ReadonlyMap<string, string> } | undefined> {
  if (!bom && signWith === undefined) return undefined;
  const { azure, log } = place.home;
  if (azure.dryRun !== undefined) {
    log.info(`The proof of ${model.name} is not planned: it is made of the version's files, once it is there.`);
    return undefined;
  }
  const { proveModel } = await import("./prove-model.ts");
  const proof = await proveModel((place.registry ?? place.workspace) as Workspace | Registry, {
    ...model,
    workspace: place.workspace,
    approvedBy: await approver(),
    tool,
    ...(signWith === undefined ? {} : { signWith: { given: signWith, folder: rootOf(root) } }),
  });
  const { contents, signedBy: signer, id: uri, ...facts } = proof;
  const called = `${model.name}-${model.version}`;
  const files = new Map([...contents].map(([name, content]) => [`${called}.${name}`, content.toString("utf8")]));
  const section = {
    model: `${model.name}:${model.version}`,
    ...facts,
    ...(signer === undefined ? {} : { signer }),
    documents: documentsOf(contents, uri),
  };
  return { section, files };
}

interface ProofSection extends Omit<ModelProof, "contents" | "signedBy" | "id"> {
  readonly model: string;
  readonly signer?: string;
  readonly documents: ReturnType<typeof documentsOf>;
}

/** @param uri the data asset that has them */
const documentsOf = (contents: ReadonlyMap<string, Buffer>, uri: string) =>
  [...contents].map(([name, content]) => ({ kind: kindOf(name), name, sha256: sha256(content.toString("utf8")), uri }));

const kindOf = (name: string) =>
  name.startsWith("bom.")
    ? ("bom" as const)
    : name.startsWith("provenance.")
      ? ("provenance" as const)
      : ("signature" as const);
