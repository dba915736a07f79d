// The proof of a model version as a registration asks for it; lib/ml/proof makes it.
// Tests: test/tasks/model-proof.test.ts, test/tasks/proof-order.test.ts
import type { Job } from "../jobs/jobs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { AssetBody } from "./asset-home.ts";
import type { BlobPlace } from "./held-files.ts";
import type { Registry } from "./registry.ts";

/** One file of a model. */
export interface FileDigest {
  /** Below the model's folder, with `/`; `.` where the model is a single file. */
  readonly path: string;
  /** SHA-256, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly size: number;
}

type Evidence = Readonly<Record<string, string>>;

/** A version that is about to be registered. */
export interface ModelToProve {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  /** As the service will say it. */
  readonly id: string;
  readonly description?: string | undefined;
  /** The digests of its files, or the place where they lie, to be read there. */
  readonly files: Promise<readonly FileDigest[] | BlobPlace>;
  readonly evidence: Promise<Evidence>;
  /** Awaited before anything is written; where it rejects, nothing is. */
  readonly mayWrite: Promise<unknown>;
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

/** A proof whose files are on their way; until `store` nothing points at them. */
export interface PreparedProof {
  /**
   * The tags and the properties that the version is registered with.
   * @throws TaskError before the version is made, as the signer or a file is refused
   */
  marks(): Promise<{
    readonly tags: Readonly<Record<string, string>>;
    readonly properties: Readonly<Record<string, string>>;
  }>;
  /**
   * Holds the files that the service keeps for the version against those that are proved: a registry's are a copy.
   * @throws TaskError `failed`
   */
  confirm(made: AssetBody): Promise<void>;
  /**
   * Stores the proof, beside the version: one round trip, and in a registry three. Its address names its content, so it stands in nobody's way
   * where another run gets the number.
   * @throws TaskError `conflict` where another signer's proof of the same files is there
   */
  store(): Promise<ModelProof>;
}

/** The files that a version which is there was made from. */
export interface SourceOfVersion {
  readonly files: ModelToProve["files"];
  /** Where it is known before the version is known to be the one that is proved; absent: a new proof waits for that. */
  readonly evidence?: Promise<Evidence> | undefined;
}

/** The proof of a version that is there: one that it has, or a new one. */
export interface ProofOfVersion {
  /**
   * The tags by which the version names its proof, where it has these. A new proof is stored beside them.
   * @throws TaskError before they may be written, as `proof`
   */
  readonly tags: Promise<(has: Readonly<Record<string, string>>) => Readonly<Record<string, string>>>;
  /**
   * @throws TaskError `conflict` where another proof is there; `failed` where the version has other files than its source; `input` and `forbidden` as
   * the signer's key is refused
   */
  readonly proof: Promise<ModelProof>;
}

/** Makes the proof of one version beside its registration, and asks side by side whatever does not depend on it. */
export interface Prover {
  /** Rejects where the signer cannot sign. */
  ready(): Promise<unknown>;
  /** Begins what needs no version: what services say of the job and of the model's proofs, and the access to the proof's place. */
  begin(
    home: Workspace | Registry,
    name: string,
    workspace: Workspace | undefined,
    job: Promise<Job> | undefined,
  ): void;
  /**
   * Begins to read a version that is likely to be the one that is proved, and its proof, beside the look whether it is. Where it has none, and the evidence is
   * known, a new one is signed and brought too; nothing points at it until it is stored.
   */
  foresee(home: Workspace | Registry, name: string, version: AssetBody, source: SourceOfVersion): void;
  /** Begins the proof of a version that is about to be registered. */
  prepare(home: Workspace | Registry, model: ModelToProve): PreparedProof;
  /**
   * Proves a version that is there, by the files that it has, and a new proof is of no others than those that it was made from. Two round trips, one of them
   * foreseen: a list of the files and of the proof, and both read. A new proof is signed and brought beside them where its files are known before, else in
   * two more; and one stores it, in a registry three. The version's tags are left to the caller.
   */
  prove(
    home: Workspace | Registry,
    name: string,
    version: AssetBody,
    source: SourceOfVersion & { readonly evidence: Promise<Evidence> },
  ): ProofOfVersion;
}
