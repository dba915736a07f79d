// The facts that a bill of materials and a provenance statement are made of: what services and the pipeline have said. What nobody said is absent.
// Tests: test/lib/ml/proof/bill-of-materials.test.ts
import type { Provenance } from "../../provenance.ts";
import type { Manifest } from "./model-manifest.ts";

/** A data asset, or an address, that a job was given. */
export interface UsedData {
  /** The job's own name for it. */
  readonly input: string;
  readonly uri: string;
  /** Of an asset. */
  readonly name?: string | undefined;
  readonly version?: string | undefined;
}

/** A package that an environment asks for; the version where it asks for exactly one. */
export interface UsedPackage {
  readonly name: string;
  readonly version?: string | undefined;
  readonly from: "pip" | "conda";
}

export interface UsedEnvironment {
  /** As the job names it. */
  readonly id: string;
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly image?: string | undefined;
  /** SHA-256 of the image, where its address has one. */
  readonly imageDigest?: string | undefined;
  readonly packages: readonly UsedPackage[];
}

export interface ProofFacts {
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly type: string;
    readonly id: string;
    readonly description?: string | undefined;
  };
  readonly manifest: Manifest;
  /** ISO 8601. */
  readonly time: string;
  /** The task, with the extension's version. */
  readonly tool: { readonly name: string; readonly version: string };
  readonly provenance: Provenance;
  readonly job?:
    | {
        readonly name: string;
        readonly id?: string | undefined;
        readonly studioUrl?: string | undefined;
        readonly compute?: string | undefined;
        readonly experiment?: string | undefined;
        readonly started?: string | undefined;
        readonly finished?: string | undefined;
        /** Repository and commit that the job itself names. */
        readonly repository?: string | undefined;
        readonly commit?: string | undefined;
        readonly branch?: string | undefined;
        readonly data: readonly UsedData[];
        readonly environment?: UsedEnvironment | undefined;
      }
    | undefined;
  readonly metrics?: Readonly<Record<string, number>> | undefined;
  /** The proven judgement, as tags name its parts. */
  readonly evidence: Readonly<Record<string, string>>;
  readonly approvedBy?: string | undefined;
}

/** Repository and commit: those of the job, else those of the run that registers. */
export function sourceOf({ job, provenance }: ProofFacts): { repository: string; commit: string; branch: string } {
  const { repository = "", commit = "", branch = "" } = job ?? {};
  if (commit !== "") return { repository, commit, branch };
  return { repository: provenance.repositoryUri, commit: provenance.commit, branch: provenance.branch };
}
