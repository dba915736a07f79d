// Proves a model version (idempotent): reads its files and the facts about it, writes a bill of materials and a provenance statement, signs
// where a signer is named, and stores all that beside the version.
// Tests: test/tasks/model-proof.test.ts
import { TaskError } from "../../errors.ts";
import { sha256 } from "../../sha256.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { findVersion, noSuchAsset } from "../assets/assets.ts";
import type { Registry } from "../assets/registry.ts";
import { retag } from "../assets/retag.ts";
import { findJob } from "../jobs/jobs.ts";
import { latestMetrics } from "../jobs/metrics.ts";
import { lineageTags, PROOF, PROOF_DIGEST, PROOF_SIGNER, proofOf } from "../workspace/lineage.ts";
import { undefinedIfUnreadable } from "../workspace/unreadable.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { billOfMaterials } from "./bill-of-materials.ts";
import { jobFacts } from "./job-facts.ts";
import { type Manifest, manifestOf, statementOf } from "./model-manifest.ts";
import type { ProofFacts } from "./proof-facts.ts";
import {
  BILL_FILE,
  findProof,
  PROVENANCE_FILE,
  SIGNATURE_FILE,
  SIGNED_PROVENANCE_FILE,
  type StoredProof,
  storeProof,
} from "./proof-store.ts";
import { provenanceStatement, readProvenance } from "./provenance-statement.ts";
import { bundleOf, type Signer, sealed } from "./signed-envelope.ts";
import { type NamedSigner, openSigner, trustIn } from "./signer-input.ts";
import { digestsAt, placeOf } from "./stored-files.ts";
import { bundleIn, keyIdIn, requireName, verifyProof } from "./verify-proof.ts";

export interface ProofRequest {
  readonly name: string;
  readonly version: string;
  /** The job that made it, in `workspace`. */
  readonly jobName?: string | undefined;
  readonly workspace?: Workspace | undefined;
  /** Absent: the proof has no signature. */
  readonly signWith?: NamedSigner | undefined;
  readonly evidence: Readonly<Record<string, string>>;
  readonly approvedBy?: string | undefined;
  readonly tool: ProofFacts["tool"];
}

/** A proof of a model version. */
export interface ModelProof {
  /** `name:version` of the data asset. */
  readonly asset: string;
  readonly id: string;
  /** SHA-256 over the digests of the model's files. */
  readonly digest: string;
  readonly files: number;
  readonly bytes: number;
  /** The signer; absent: nobody. */
  readonly signedBy?: string;
  /** False: it was there already. */
  readonly created: boolean;
  /** The proof's own files, for the run. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

/**
 * Sequential round trips: the version; a list of the files, and their bytes; beside them the key, the job and what it used, and what is there already; one
 * signature (two side by side); and up to five to store it and to tag the model.
 * @throws TaskError `conflict` where another proof is there; `input` and `forbidden` as the signer's key is refused
 */
export async function proveModel(home: Workspace | Registry, request: ProofRequest): Promise<ModelProof> {
  const { name, version, signWith } = request;
  const body = await findVersion(home, "models", name, version);
  if (body === undefined) throw await noSuchAsset(home, "models", name, version);
  const model = `${name}:${version}`;
  const { signal, log } = home;
  const isSigned = signWith !== undefined;
  const place = await placeOf(home, "models", name, body);
  const [signer, found, facts, there] = await Promise.all([
    signWith && openSigner(home, signWith),
    digestsAt(place, model, signal),
    factsOf(request),
    findProof(home, name, version, isSigned),
  ]);
  const manifest = manifestOf(model, found);
  const bytes = found.reduce((sum, { size }) => sum + size, 0);
  if (manifest.ignored.length > 0)
    log.warn(
      `The proof of ${model} says nothing of ${manifest.ignored.join(", ")}, which the format of model signatures leaves out.`,
    );
  const report = {
    digest: manifest.digest,
    files: manifest.files.length,
    bytes,
    ...(signer === undefined ? {} : { signedBy: signer.called }),
  };
  if (there !== undefined) {
    await requireSameProof(home, there, manifest, model, signWith, signer);
    log.info(`${model} has its proof already: ${there.name}:${there.version}.`);
    await tagModel(home, request, body, there, report);
    return { ...report, asset: `${there.name}:${there.version}`, id: there.id, created: false, contents: there.files };
  }
  const contents = await filesOf(
    {
      ...facts,
      manifest,
      model: {
        name,
        version,
        type: String(body.properties?.["modelType"] ?? ""),
        id: body.id ?? "",
        description: body.properties?.description ?? undefined,
      },
      provenance: home.provenance,
    },
    signer,
  );
  const tags = { ...lineageTags(home.provenance), [PROOF_DIGEST]: manifest.digest };
  const { proof, created } = await storeProof(home, name, version, isSigned, contents, tags);
  if (!created) await requireSameProof(home, proof, manifest, model, signWith, signer);
  log.info(
    `${model} has ${signer === undefined ? "a proof without a signature" : `a proof signed by ${signer.called}`}: ${proof.name}:${proof.version}, ${manifest.files.length} files, SHA-256 of the list ${manifest.digest}.`,
  );
  await tagModel(home, request, body, proof, report);
  return { ...report, asset: `${proof.name}:${proof.version}`, id: proof.id, created, contents: proof.files };
}

/** Facts that services say of the model's job; what may not be read is not known. */
async function factsOf({ workspace, jobName, evidence, approvedBy, tool }: ProofRequest) {
  const time = new Date().toISOString();
  const [job, metrics] =
    workspace === undefined || jobName === undefined
      ? []
      : await Promise.all([
          findJob(workspace, jobName)
            .then((one) => one && jobFacts(workspace, one))
            .catch(undefinedIfUnreadable),
          latestMetrics(workspace, jobName).catch(undefinedIfUnreadable),
        ]);
  return { job, metrics, evidence, approvedBy, tool, time };
}

async function filesOf(facts: ProofFacts, signer: Signer | undefined): Promise<Map<string, Buffer>> {
  const bill = JSON.stringify(billOfMaterials(facts), undefined, 1);
  const provenance = provenanceStatement(facts, {
    name: BILL_FILE,
    sha256: sha256(bill),
    mediaType: "application/vnd.cyclonedx+json",
  });
  const files = new Map([[BILL_FILE, Buffer.from(bill)]]);
  if (signer === undefined) return files.set(PROVENANCE_FILE, Buffer.from(JSON.stringify(provenance, undefined, 1)));
  const [signature, envelope] = await Promise.all([
    sealed(statementOf(facts.manifest), signer),
    sealed(provenance, signer),
  ]);
  return files
    .set(SIGNATURE_FILE, Buffer.from(JSON.stringify(bundleOf(signature, signer))))
    .set(SIGNED_PROVENANCE_FILE, Buffer.from(`${JSON.stringify(envelope)}\n`));
}

/** A proof is never replaced: the one that is there is of the same files, and by the same signer. */
async function requireSameProof(
  home: Workspace | Registry,
  there: StoredProof,
  manifest: Manifest,
  model: string,
  signWith: NamedSigner | undefined,
  signer: Signer | undefined,
): Promise<void> {
  const called = `${there.name}:${there.version}`;
  const conflict = (why: string, cause?: unknown) =>
    new TaskError("conflict", `${model} has another proof already, ${called}, and it was not replaced. ${why}`, {
      errorCode: "AML1716",
      hint: "Find out who made it. A proof never changes: register the model as a new version, which gets a proof of its own.",
      ...(cause === undefined ? {} : { cause }),
    });
  let digest: string | undefined;
  if (signWith === undefined || signer === undefined) {
    const text = there.files.get(PROVENANCE_FILE)?.toString("utf8") ?? "";
    digest = readProvenance(parsed(text))?.digest;
  } else {
    try {
      const bundle = bundleIn(there.files, model);
      const trust = await trustIn(home, signWith, signer)(keyIdIn(bundle));
      const verified = verifyProof(there.files, bundle, trust, model);
      requireName(verified, model, model);
      digest = verified.manifest.digest;
    } catch (error) {
      if (!(error instanceof TaskError) || error.kind !== "failed") throw error;
      throw conflict(error.message, error);
    }
  }
  if (digest !== manifest.digest) throw conflict("It is of other files than the model holds now.");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Tags by which people find the proof. They prove nothing, and who verifies goes by the proof's own address. */
async function tagModel(
  home: Workspace | Registry,
  { name, version }: ProofRequest,
  body: AssetBody,
  proof: StoredProof,
  { digest, signedBy }: Pick<ModelProof, "digest" | "signedBy">,
): Promise<void> {
  const wanted = {
    [PROOF]: `${proof.name}:${proof.version}`,
    [PROOF_DIGEST]: digest,
    ...(signedBy === undefined ? {} : { [PROOF_SIGNER]: signedBy }),
  };
  const has = body.properties?.tags ?? {};
  // The tags of a signed proof stay.
  const signed = proofOf(name, version, true);
  const isSigned = signedBy === undefined && has[PROOF] === `${signed.name}:${signed.version}`;
  if (isSigned || Object.entries(wanted).every(([tag, value]) => has[tag] === value)) return;
  await retag(home, "models", name, body, { ...has, ...wanted }, (stands) => ({
    ...stands,
    tags: { ...stands.tags, ...wanted },
  }));
}
