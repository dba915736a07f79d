// Provenance on Azure ML: the pipeline run that made a job, data or a model, written to it so that each can be traced back
// (docs/facts/azureml-documents.md#9).
// Tests: test/lib/ml/workspace/lineage.test.ts, test/lib/ml/jobs/jobs.test.ts
import { TaskError } from "../../errors.ts";
import { type Provenance, withoutUserInformation } from "../../provenance.ts";
import { cut } from "../../remote-text.ts";

/** Our own keys among a job's or model's properties. Properties cannot be changed later, tags can. */
export const SPECIFICATION_HASH = "azureDevOps.specificationHash";
export const SOURCE_URI = "azureDevOps.source";
export const CONTENT_HASH = "azureDevOps.contentHash";
/** The tags of a job that invoked a batch endpoint begin with it: which step of which run asked for it. */
export const INVOKED_BY = "azureDevOps.invokedBy";
/** A tag of a registry's version: the workspace's version that it is a copy of. */
export const SHARED_FROM = "azureDevOps.sharedFrom";
/** Tags of a promoted version. The version that it is a copy of: an ARM id, or `azureml://registries/…`. */
export const PROMOTED_FROM = "azureDevOps.promotedFrom";
/** Page of the pipeline run that promoted it. */
export const PROMOTED_BY = "azureDevOps.promotedBy";
/** Hash of its content, by which a later promotion finds it; the files themselves are compared then. */
export const PROMOTED_CONTENT = "azureDevOps.promotedContent";
/** The approver of the promotion, as the step was told. */
export const APPROVED_BY = "azureDevOps.approvedBy";
/** Tags of the decision about the stage that registered a version: when, with which comment, in which run; they belong to no copy. */
export const DECISION = new Set([
  "azureDevOps.approvedAt",
  "azureDevOps.approvalComment",
  "azureDevOps.approvalRun",
  "azureDevOps.validated",
]);
/** The workspace's version that the model was registered as first, as an ARM id: its job and its metrics are there. */
export const ORIGIN = "azureDevOps.origin";
/** Metrics of the job that made it, as JSON, for where the job itself cannot be reached. */
export const ORIGIN_METRICS = "azureDevOps.metrics";
/**
 * Tags of a model version with a proof: `name:version` of the data asset that it is, the digest of the model's files, and who signed. The first
 * is a property too, where the version was registered with its proof: it is of no other files then.
 */
export const PROOF = "azureDevOps.proof";
export const PROOF_DIGEST = "azureDevOps.proofSha256";
export const PROOF_SIGNER = "azureDevOps.signedBy";
/** Tags of a model version that was live when a monitor broke: the signals, `monitor:job`, when, and the run that acted on it. */
export const DRIFT = "azureDevOps.drift";
export const DRIFT_MONITOR = "azureDevOps.driftMonitor";
export const DRIFT_AT = "azureDevOps.driftAt";
export const DRIFT_RUN = "azureDevOps.driftRun";
/** Tags of a version of data that failed its last check: `failed`, and the page of the run that checked it. */
export const DATA_CHECK = "azureDevOps.dataCheck";
export const DATA_CHECK_RUN = "azureDevOps.dataCheckRun";
/** Tags of a version by which people and tasks believe an approval, a proof or an origin; in small letters. */
const MARKS = new Set(
  [
    ...[PROMOTED_FROM, PROMOTED_BY, PROMOTED_CONTENT, APPROVED_BY, ...DECISION],
    ...[ORIGIN, ORIGIN_METRICS, SHARED_FROM, PROOF, PROOF_DIGEST, PROOF_SIGNER],
  ].map((name) => name.toLowerCase()),
);

/** @throws TaskError kind `input` where a user sets a tag that says who approved or signed a version, or where it came from */
export function refuseMarks(tags: Readonly<Record<string, string>>): void {
  const name = Object.keys(tags).find((tag) => MARKS.has(tag.toLowerCase()));
  if (name === undefined) return;
  throw new TaskError("input", `The input tags sets the tag ${JSON.stringify(name)}, which only these tasks write.`, {
    errorCode: "AML1315",
    hint: "Choose another name for the tag.",
  });
}

/** A tag of an endpoint, a deployment or a version that AzureMLCleanUp must leave; the value `false` takes that back. */
export const KEEP_TAG = "azureDevOps.keep";

/** Tags of what a run makes (docs/traceability.md): where the run is, and its attempt. */
const ORGANIZATION = "azureDevOps.organization";
const PROJECT = "azureDevOps.project";
const REPOSITORY = "azureDevOps.repository";
const STAGE = "azureDevOps.stage";
const ATTEMPT = "azureDevOps.attempt";
/** Environment of the deployment job that made it. */
const ENVIRONMENT = "azureDevOps.environment";
/** Ids of the run's work items: `12, 15`. */
export const WORK_ITEMS = "azureDevOps.workItems";
/** Tags of a model: what its job read, as `<name>:<version>`, and the models among that. */
export const DATA = "azureDevOps.data";
export const PARENT_MODEL = "azureDevOps.parentModel";

/** Characters of the value of a run's tag or property (docs/facts/azureml-services.md#5.8). */
const LONGEST = 1_000;
/** Characters of the value of a tag of an endpoint or a deployment, which Azure Resource Manager keeps (docs/facts/operations.md#A.6). */
export const RESOURCE_TAG = 256;
/**
 * Tags that a resource has at most, with those of its run: of the 50 that Azure takes, six stay free for what is written later. These are the four
 * of an evaluation, or the three of a rollout on its endpoint.
 */
const MOST = 44;

/**
 * The six keys by which Azure ML's studio and its official clients know source and build. Only what is known is
 * written; the checkout of a pipeline is clean.
 */
export function lineageProperties(provenance: Provenance): Record<string, string> {
  if (provenance.kind === "none") return {};
  return fitting({
    "mlflow.source.git.repoURL": withoutUserInformation(provenance.repositoryUri),
    "mlflow.source.git.branch": provenance.branch,
    "mlflow.source.git.commit": provenance.commit,
    "azureml.git.dirty": provenance.commit === "" ? "" : "False",
    "azureml.git.build_id": provenance.runId,
    "azureml.git.build_uri": provenance.runUri,
  });
}

/**
 * Tags can be searched for; BuildId and BuildUri are the names that older tooling looks for. They inform people: what would make Azure refuse
 * the resource that they stand on is left out, or cut where it still says something.
 * @param beside the other tags of the resource: where all together are too many, the last of these are left out
 * @param longest characters of a value
 */
export function lineageTags(
  provenance: Provenance,
  beside: Readonly<Record<string, unknown>> = {},
  longest: number = LONGEST,
): Record<string, string> {
  if (provenance.kind === "none") return {};
  const tags = fitting(
    {
      BuildId: provenance.runId,
      BuildUri: provenance.runUri,
      BuildNumber: provenance.runNumber,
      Pipeline: provenance.definition,
      Commit: provenance.commit,
      Branch: provenance.branch,
      PullRequest: provenance.pullRequestId ?? "",
      [ORGANIZATION]: provenance.organization.replace(/\/+$/, ""),
      [PROJECT]: provenance.project,
      [REPOSITORY]: provenance.repository ?? "",
      [STAGE]: provenance.stage,
      [ATTEMPT]: String(provenance.attempt),
      [ENVIRONMENT]: provenance.environment ?? "",
      [WORK_ITEMS]: provenance.workItems?.join(", ") ?? "",
    },
    longest,
  );
  let room = MOST - Object.keys(beside).length;
  return Object.fromEntries(Object.entries(tags).filter(([name]) => Object.hasOwn(beside, name) || room-- > 0));
}

/** The values that there are, none of them longer than Azure takes it. */
function fitting(values: Readonly<Record<string, string>>, longest: number = LONGEST): Record<string, string> {
  return withoutEmpty(
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shortened(name, value, longest)])),
  );
}

/** Half of a link leads elsewhere or nowhere, and half of an id is another one's; a text is still known by its beginning. */
function shortened(name: string, value: string, longest: number): string {
  if (value.length <= longest) return value;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return "";
  if (name !== WORK_ITEMS) return cut(value, longest);
  return `${value.slice(0, value.lastIndexOf(", ", longest - ", …".length))}, …`;
}

/** A step of a pipeline run, the same for all its attempts and for no other; empty outside pipelines. */
export function stepOf(provenance: Provenance): string {
  if (provenance.kind === "none") return "";
  const { organization, project, kind, runId, stage, job, step } = provenance;
  return [organization.replace(/\/+$/, ""), project, kind, runId, stage, job, step].join("/");
}

function withoutEmpty(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
}

/** Whether two sets of tags are the same. */
export function sameTags(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name] === other[name]);
}

/** The address of a proof, `name:version` of a data asset. */
export interface ProofAddress {
  readonly name: string;
  readonly version: string;
}

/**
 * The address of a proof: of one content of one version, so that proofs of runs that try for the same number do not meet, and each is made
 * beside its version. What has no signature gets a version of its own, so that the model can be signed later.
 * @param list SHA-256 of the list of the model's files, 64 hexadecimal digits
 */
export const proofOf = (model: string, version: string, list: string, isSigned: boolean): ProofAddress => ({
  name: `${model}-proof`,
  version: `${version}-${list}${isSigned ? "" : "-unsigned"}`,
});

/** The address of a proof that was made before addresses named the content. */
export const earlierProofOf = (model: string, version: string, isSigned: boolean): ProofAddress => ({
  name: `${model}-proof`,
  version: isSigned ? version : `${version}-unsigned`,
});

/** The digest of a list of files that the address of a proof ends with; undefined where it names none. */
export const listIn = (address: string | undefined): string | undefined =>
  /-([0-9a-f]{64})(?:-unsigned)?$/.exec(address ?? "")?.[1];
