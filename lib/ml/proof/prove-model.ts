// Makes the proof of a model version (idempotent): a bill of materials and a provenance statement of its files and the facts about it, signed where
// a signer is named, and stored beside the version.
// Tests: test/tasks/model-proof.test.ts
import { X509Certificate } from "node:crypto";
import { setMaxListeners } from "node:events";
import { TaskError } from "../../errors.ts";
import { sha256 } from "../../sha256.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { versionIn } from "../assets/assets.ts";
import { openDatastore } from "../assets/datastores.ts";
import type {
  FileDigest,
  ModelProof,
  ModelToProve,
  PreparedProof,
  ProofOfVersion,
  Prover,
  SourceOfVersion,
} from "../assets/model-prover.ts";
import { isRegistry, type Registry } from "../assets/registry.ts";
import { ARTIFACTS } from "../assets/version-places.ts";
import type { Job } from "../jobs/jobs.ts";
import { latestMetrics } from "../jobs/metrics.ts";
import {
  earlierProofOf,
  lineageTags,
  listIn,
  PROOF,
  PROOF_DIGEST,
  PROOF_SIGNER,
  type ProofAddress,
  proofOf,
} from "../workspace/lineage.ts";
import { undefinedIfUnreadable } from "../workspace/unreadable.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { billOfMaterials } from "./bill-of-materials.ts";
import { jobFacts } from "./job-facts.ts";
import type { VaultAccess } from "./key-vault.ts";
import { type Manifest, manifestOf, statementOf } from "./model-manifest.ts";
import type { ProofFacts } from "./proof-facts.ts";
import { begun, ProofsOfModel, saidList } from "./proof-search.ts";
import {
  BILL_FILE,
  bringProof,
  PROVENANCE_FILE,
  putProof,
  SIGNATURE_FILE,
  SIGNED_PROVENANCE_FILE,
  type StoredProof,
} from "./proof-store.ts";
import { provenanceStatement, readProvenance } from "./provenance-statement.ts";
import { bundleOf, type Signer, sealed } from "./signed-envelope.ts";
import { type NamedSigner, openSigner, trustIn } from "./signer-input.ts";
import type { Trust } from "./signer-trust.ts";
import { digestsAt, placeOf } from "./stored-files.ts";
import { bundleIn, keyIdIn, requireName, requireSameFiles, verifyProof } from "./verify-proof.ts";

export interface ProverRequest {
  /** Absent: the proof has no signature. */
  readonly signWith?: NamedSigner | undefined;
  readonly tool: ProofFacts["tool"];
  /** The approver of the run's stage, where somebody says it. */
  approver(): Promise<string | undefined>;
}

type Home = Workspace | Registry;
type JobFacts = Pick<ProofFacts, "job" | "metrics">;

type Tags = Readonly<Record<string, string>>;

/** The reads of a version that is there. */
interface Look {
  readonly called: string;
  readonly files: Promise<readonly FileDigest[]>;
  /** The files that it was made from. Those of a copy's source are read for a new proof alone: a model may weigh gigabytes. */
  made(): Promise<readonly FileDigest[]>;
  /** The proof that the version names, or an earlier one. */
  readonly proof: Promise<StoredProof | undefined>;
  /** The proof at an address, which is asked for once. */
  at(address: ProofAddress): Promise<StoredProof | undefined>;
  /** A new proof of the files that it was made from, begun once. */
  begin(evidence: ModelToProve["evidence"]): PreparedProof;
}

export class ModelProver implements Prover {
  readonly #request: ProverRequest;
  readonly #isSigned: boolean;
  readonly #signer: Promise<Signer | undefined>;
  readonly #read = new WeakMap<ModelToProve["files"], Promise<readonly FileDigest[]>>();
  readonly #looks = new WeakMap<AssetBody, Look>();
  readonly #proofs = new Map<string, ProofsOfModel>();
  /** Versions whose files that no signature counts were named. */
  readonly #saidIgnored = new Set<string>();
  readonly #trusted = new Map<string, Promise<Trust>>();
  #facts: Promise<JobFacts> = Promise.resolve({ job: undefined, metrics: undefined });

  constructor(access: VaultAccess, request: ProverRequest) {
    this.#request = request;
    const { signWith } = request;
    this.#isSigned = signWith !== undefined;
    this.#signer = begun(signWith === undefined ? Promise.resolve(undefined) : openSigner(access, signWith));
  }

  ready(): Promise<unknown> {
    return this.#signer;
  }

  begin(home: Home, name: string, workspace: Workspace | undefined, job: Promise<Job> | undefined): void {
    // Each request on its way listens to it.
    setMaxListeners(100, home.signal);
    this.#proofsOf(home, name);
    if (!isRegistry(home)) void begun(openDatastore(home));
    if (workspace === undefined || job === undefined) return;
    // Most outputs lie there; where this one does not, its own place is asked for all the same.
    void begun(openDatastore(workspace, ARTIFACTS));
    this.#facts = begun(factsOf(workspace, job));
  }

  foresee(home: Home, name: string, version: AssetBody, source: SourceOfVersion): void {
    this.#look(home, name, version, source);
  }

  prepare(home: Home, model: ModelToProve): PreparedProof {
    const { name, version } = model;
    const called = `${name}:${version}`;
    void begun(model.evidence);
    const proved = begun(this.#digests(home, called, model.files).then((files) => this.#listed(home, called, files)));
    const addressed = begun(proved.then(({ manifest }) => proofOf(name, version, manifest.list, this.#isSigned)));
    const contents = begun(this.#contents(home, model, proved));
    const uri = begun(
      Promise.all([addressed, this.#signer, model.mayWrite]).then(([at]) => bringProof(home, at, contents)),
    );
    return {
      marks: async () => {
        // A signature that is refused is refused before the version is made. It costs nothing: what is signed is stored later than the version.
        const [{ manifest }, signer, at] = await Promise.all([proved, this.#signer, addressed, contents]);
        const asset = `${at.name}:${at.version}`;
        return { tags: tagsOf(asset, manifest, signer), properties: { [PROOF]: asset } };
      },
      confirm: async (made) => {
        // A copy of files that were read a moment ago: they are looked for at once where the service says that it lies.
        const expected = await this.#digests(home, called, model.files);
        const [{ manifest }, found] = await Promise.all([proved, digestsOf(home, name, made, expected)]);
        requireSameFiles(manifest, found, called);
      },
      store: async () => {
        const [{ report, manifest }, at, files] = await Promise.all([proved, addressed, contents]);
        const stored = await putProof(home, called, at, files, uri, proofTags(home, manifest));
        return this.#stored(home, called, stored, manifest, report, await this.#signer);
      },
    };
  }

  prove(
    home: Home,
    name: string,
    body: AssetBody,
    source: SourceOfVersion & { readonly evidence: ModelToProve["evidence"] },
  ): ProofOfVersion {
    const { evidence } = source;
    void begun(evidence);
    const look = this.#look(home, name, body, source);
    this.#beginWhereNone(home, name, body, look, evidence);
    const found = begun(this.#search(home, name, body, look));
    const proof = begun(
      found.then(async ({ there, manifest, report }) =>
        there === undefined
          ? look.begin(evidence).store()
          : this.#stored(home, look.called, { proof: there, created: false }, manifest, report, await this.#signer),
      ),
    );
    const wanted = async () => {
      const { there, manifest } = await found;
      if (there === undefined) return (await look.begin(evidence).marks()).tags;
      return tagsOf((await proof).asset, manifest, await this.#signer);
    };
    const tags = begun(
      wanted().then((own) => (has: Tags) => (keepsSigned(name, versionIn(body) ?? "", has, own) ? {} : own)),
    );
    return { tags, proof };
  }

  /** The proof that a version has, of the files that it holds now; none where a new one may be made, of its source's files. */
  async #search(home: Home, name: string, body: AssetBody, look: Look) {
    const version = versionIn(body) ?? "";
    const { called } = look;
    const [files, named] = await Promise.all([look.files, look.proof, this.#signer]);
    const { manifest, report } = await this.#listed(home, called, files);
    const at = proofOf(name, version, manifest.list, this.#isSigned);
    // What was registered with a proof is proved for no other files, whatever lies there now.
    const said = saidList(body);
    if (said?.kept && said.list !== manifest.list) {
      const registered = proofOf(name, version, said.list, this.#isSigned);
      throw otherProof(called, registered, "The version was registered with other files than it holds now.");
    }
    const proofs = this.#proofsOf(home, name);
    const own = named?.version === at.version ? named : await look.at(at);
    // Tags may be lost, and may tell of another proof. A version that has a proof of other files gets no second one, unless it was registered with its own:
    // what lies under its number besides is of a run that lost the race for it, or of a version that was deleted, and proves nothing of it.
    const there = own ?? (said?.kept ? undefined : (named ?? (await proofs.another(version, this.#isSigned))));
    // Whoever writes to storage gives a file whatever checksum it had: by that it was known, and it is signed by its bytes.
    if (there === undefined) requireSameFiles(manifestOf(called, await look.made()), files, called);
    return { there, manifest, report };
  }

  /** Begins a new proof beside the search for one, where the list of proofs has none of this version. */
  #beginWhereNone(home: Home, name: string, body: AssetBody, look: Look, evidence: ModelToProve["evidence"]): void {
    const begin = async () => {
      if (!(await this.#proofsOf(home, name).hasNone(versionIn(body) ?? "", this.#isSigned))) return;
      const { list } = manifestOf(look.called, await look.made());
      const said = saidList(body);
      if (!said?.kept || said.list === list) look.begin(evidence);
    };
    void begun(begin());
  }

  #proofsOf(home: Home, name: string): ProofsOfModel {
    const key = `${home.id} ${name}`;
    const known = this.#proofs.get(key) ?? new ProofsOfModel(home, name);
    this.#proofs.set(key, known);
    return known;
  }

  #look(home: Home, name: string, body: AssetBody, source: SourceOfVersion): Look {
    const known = this.#looks.get(body);
    if (known !== undefined) return known;
    const { id = "", properties } = body;
    const version = versionIn(body) ?? "";
    const called = `${name}:${version}`;
    const proofs = this.#proofsOf(home, name);
    const made = () => begun(this.#digests(home, called, source.files));
    const asked = new Map<string, Promise<StoredProof | undefined>>();
    const at = (address: ProofAddress) => {
      const read = asked.get(address.version) ?? begun(proofs.at(address));
      asked.set(address.version, read);
      return read;
    };
    let prepared: PreparedProof | undefined;
    const look: Look = {
      ...{ called, made, at },
      files: begun(this.#filesOf(home, name, body, source.files)),
      proof: begun(proofs.ofVersion(body, this.#isSigned)),
      begin: (evidence) => {
        prepared ??= this.prepare(home, {
          ...{ name, version, id, type: String(properties?.["modelType"] ?? "") },
          ...{ description: properties?.description ?? undefined, files: source.files, evidence },
          // Nothing points at a proof before it is stored, which waits for the version's files.
          mayWrite: Promise.resolve(),
        });
        return prepared;
      },
    };
    this.#looks.set(body, look);
    const own = async () => {
      // A folder's are known; those that a job left are read where the version points at them.
      const known = "container" in (await source.files) ? await look.files : await made();
      return at(proofOf(name, version, manifestOf(called, known).list, this.#isSigned));
    };
    void begun(own());
    if (source.evidence !== undefined) this.#beginWhereNone(home, name, body, look, source.evidence);
    // The vault is asked beside the proof for an earlier version of the key, which the version's tag names.
    const said = properties?.tags?.[PROOF_SIGNER];
    void this.#signer.then(async (signer) => signer && said && (await this.#trust(home, signer, said))).catch(() => {});
    return look;
  }

  /** The files of a version; read once where they are those of its source, and beside the list where it is known what they ought to be. */
  async #filesOf(home: Home, name: string, body: AssetBody, source: ModelToProve["files"]) {
    const called = `${name}:${versionIn(body) ?? ""}`;
    const [place, from] = await Promise.all([placeOf(home, "models", name, body), source.catch(() => undefined)]);
    if (from === undefined || !("container" in from)) return digestsAt(place, called, home.signal, from);
    const isSame = from.container.url === place.container.url && from.path === place.path;
    return isSame ? this.#digests(home, called, source) : digestsAt(place, called, home.signal);
  }

  /** The trust for a signature that names this key. */
  #trust(home: Home, signer: Signer, keyId: string): Promise<Trust> {
    const { signWith } = this.#request;
    // The vault has just said that this very key is enabled.
    if (signWith === undefined || (keyId !== "" && keyId === signer.keyId)) return Promise.resolve(ownTrust(signer));
    const known = this.#trusted.get(keyId) ?? begun(trustIn(home, signWith, signer)(keyId));
    this.#trusted.set(keyId, known);
    return known;
  }

  /** Read once, whichever number the version gets. */
  #digests(home: Home, called: string, files: ModelToProve["files"]): Promise<readonly FileDigest[]> {
    const known = this.#read.get(files);
    const read = known ?? files.then((found) => ("container" in found ? digestsAt(found, called, home.signal) : found));
    this.#read.set(files, read);
    return read;
  }

  async #listed(home: Home, called: string, found: readonly FileDigest[]) {
    const manifest = manifestOf(called, found);
    const isSaid = this.#saidIgnored.has(called);
    if (manifest.ignored.length > 0) this.#saidIgnored.add(called);
    if (manifest.ignored.length > 0 && !isSaid)
      home.log.warn(
        `The proof of ${called} says nothing of ${manifest.ignored.join(", ")}, which the format of model signatures leaves out.`,
      );
    const bytes = found.reduce((sum, { size }) => sum + size, 0);
    return { manifest, report: { digest: manifest.digest, files: manifest.files.length, bytes } };
  }

  /** The files of the proof. What is signed beside the facts waits for nothing but the list of files. */
  async #contents(
    home: Home,
    model: Omit<ModelToProve, "files" | "mayWrite">,
    listed: Promise<{ readonly manifest: Manifest }>,
  ): Promise<Map<string, Buffer>> {
    const { tool, approver } = this.#request;
    const time = new Date().toISOString();
    const { evidence, ...named } = model;
    const [{ manifest }, signer] = await Promise.all([listed, this.#signer]);
    const signature = signer && begun(sealed(statementOf(manifest), signer));
    const [known, proven, approvedBy] = await Promise.all([this.#facts, evidence, approver()]);
    const { provenance } = home;
    const facts = { ...known, evidence: proven, approvedBy, tool, time, manifest, model: named, provenance };
    const bill = JSON.stringify(billOfMaterials(facts), undefined, 1);
    const statement = provenanceStatement(facts, {
      name: BILL_FILE,
      sha256: sha256(bill),
      mediaType: "application/vnd.cyclonedx+json",
    });
    const files = new Map([[BILL_FILE, Buffer.from(bill)]]);
    if (signer === undefined || signature === undefined)
      return files.set(PROVENANCE_FILE, Buffer.from(JSON.stringify(statement, undefined, 1)));
    const [first, second] = await Promise.all([signature, sealed(statement, signer)]);
    return files
      .set(SIGNATURE_FILE, Buffer.from(JSON.stringify(bundleOf(first, signer))))
      .set(SIGNED_PROVENANCE_FILE, Buffer.from(`${JSON.stringify(second)}\n`));
  }

  async #stored(
    home: Home,
    called: string,
    { proof, created }: { readonly proof: StoredProof; readonly created: boolean },
    manifest: Manifest,
    report: Pick<ModelProof, "digest" | "files" | "bytes">,
    signer: Signer | undefined,
  ): Promise<ModelProof> {
    const asset = `${proof.name}:${proof.version}`;
    if (!created) await this.#requireSame(home, proof, manifest, called);
    const how = signer === undefined ? "a proof without a signature" : `a proof signed by ${signer.called}`;
    home.log.info(
      created
        ? `${called} has ${how}: ${asset}, ${report.files} files, SHA-256 of the list ${report.digest}.`
        : `${called} has its proof already: ${asset}.`,
    );
    const signed = signer === undefined ? {} : { signedBy: signer.called };
    return { ...report, ...signed, asset, id: proof.id, created, contents: proof.files };
  }

  /** A proof is never replaced: the one that is there is of the same files, and by the same signer. */
  async #requireSame(home: Home, there: StoredProof, manifest: Manifest, model: string): Promise<void> {
    const { signWith } = this.#request;
    const signer = await this.#signer;
    const conflict = (why: string, cause?: unknown) => otherProof(model, there, why, cause);
    let isSame: boolean;
    if (signWith === undefined || signer === undefined) {
      const text = there.files.get(PROVENANCE_FILE)?.toString("utf8") ?? "";
      isSame = readProvenance(parsed(text))?.digest === manifest.digest;
    } else {
      try {
        const bundle = bundleIn(there.files, model);
        const trust = await this.#trust(home, signer, keyIdIn(bundle));
        const verified = verifyProof(there.files, bundle, trust, model);
        requireName(verified, model, model);
        isSame = verified.manifest.list === manifest.list;
      } catch (error) {
        if (!(error instanceof TaskError) || error.kind !== "failed") throw error;
        throw conflict(error.message, error);
      }
    }
    if (!isSame) throw conflict("It is of other files than the model holds now.");
  }
}

const otherProof = (model: string, proof: ProofAddress, why: string, cause?: unknown) =>
  new TaskError(
    "conflict",
    `${model} has another proof already, ${proof.name}:${proof.version}, and it was not replaced. ${why}`,
    {
      errorCode: "AML1716",
      hint: "Find out who made it. A proof never changes: register the model as a new version, which gets a proof of its own.",
      ...(cause === undefined ? {} : { cause }),
    },
  );

function ownTrust({ called, publicKey: key, certificates: [first] }: Signer) {
  return first === undefined
    ? { kind: "key" as const, called, key }
    : { kind: "certificate" as const, called, certificate: new X509Certificate(first) };
}

const digestsOf = async (
  home: Home,
  name: string,
  body: AssetBody,
  expected?: readonly FileDigest[],
): Promise<FileDigest[]> =>
  digestsAt(await placeOf(home, "models", name, body), `${name}:${versionIn(body) ?? ""}`, home.signal, expected);

/** Facts that services say of the model's job; what may not be read is not known. One round trip more than the job takes. */
async function factsOf(workspace: Workspace, job: Promise<Job>): Promise<JobFacts> {
  const read = await job;
  const [known, metrics] = await Promise.all([
    jobFacts(workspace, read).catch(undefinedIfUnreadable),
    latestMetrics(workspace, read.name ?? "").catch(undefinedIfUnreadable),
  ]);
  return { job: known, metrics };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const proofTags = (home: Home, { digest }: Manifest) => ({ ...lineageTags(home.provenance), [PROOF_DIGEST]: digest });

/** Tags by which people find the proof. They prove nothing, and who verifies goes by the proof's own address. */
const tagsOf = (asset: string, { digest }: Manifest, signer: Signer | undefined): Tags => ({
  [PROOF]: asset,
  [PROOF_DIGEST]: digest,
  ...(signer === undefined ? {} : { [PROOF_SIGNER]: signer.called }),
});

/** Whether a version has the tags of its signed proof, which stay where a proof without a signature is made. */
function keepsSigned(name: string, version: string, has: Tags, wanted: Tags): boolean {
  if (wanted[PROOF_SIGNER] !== undefined) return false;
  const signed = [proofOf(name, version, listIn(wanted[PROOF]) ?? "", true), earlierProofOf(name, version, true)];
  return signed.some((at) => has[PROOF] === `${at.name}:${at.version}`);
}
