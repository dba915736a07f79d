// The public interface of the documents: reads YAML, and translates it into requests to Azure ML. Pure but for local files; the cloud is
// asked through a Resolver.

export { type DataDocument, dataKind } from "./assets/data.ts";
export { environmentKind } from "./assets/environment.ts";

export { modelKind } from "./assets/model.ts";
export { type AutoscaleDocument, autoscaleBody, readAutoscale } from "./endpoints/autoscale.ts";
export { batchDeploymentKind } from "./endpoints/batch-deployment.ts";
export { batchEndpointKind } from "./endpoints/batch-endpoint.ts";
export {
  type BatchInvocation,
  batchInvocationBody,
  dataInputsOf,
  type GivenInvocation,
  isLiteralInput,
  parseBatchInvocation,
} from "./endpoints/batch-invocation.ts";
export { type OnlineDeploymentDocument, onlineDeploymentKind } from "./endpoints/online-deployment.ts";
export {
  isServingName,
  LONGEST_NAMES_ON_KUBERNETES,
  type OnlineEndpointDocument,
  onlineEndpointKind,
} from "./endpoints/online-endpoint.ts";
export { type JobDocument, type JobParseOptions, parseJob, translateJob } from "./job.ts";

export type { JobWrite } from "./jobs/define-job.ts";
export { APPLIED_KINDS, JOB_KINDS } from "./kinds.gen.ts";

export { API_VERSIONS, type AssetWrite, assetWrite } from "./language/asset-write.ts";
export type { Handling, Kind } from "./language/define-kind.ts";
export type { Write } from "./language/document.ts";
export { DocumentFault } from "./language/faults.ts";
export {
  CONTENT_HASH_VERSION,
  contentHash,
  contentHashOf,
  inTurns,
  type KnownDigests,
  listUploadFiles,
  objectHash,
  objectHashOf,
} from "./language/hash.ts";
export { type DocumentKind, kindOf, refuseOther } from "./language/kind.ts";
export { type NamedThing, namesIn } from "./language/named.ts";
export type { DocumentOverrides } from "./language/overrides.ts";
export { uploadFault } from "./language/path.ts";
export { type Reference, resolveReference } from "./language/reference.ts";
export type { AssetKind, Collections, Resolver, TargetWorkspace, Uploaded } from "./language/resolver.ts";
export { sayMissing, shownPath } from "./language/shown-path.ts";
export { parseSource, readSource, type SourceFile } from "./language/source.ts";
export { overRunLimits } from "./language/tag-limits.ts";
export { readYamlText } from "./language/text-file.ts";
export {
  folderAround,
  isLinkAt,
  rootOf,
  type UploadFolders,
  type UploadRoot,
} from "./language/upload-folders.ts";
export { type UploadFile, walk } from "./language/walk.ts";
export { componentKind } from "./pipelines/component-kind.ts";
export { dataImportKind } from "./schedules/data-import.ts";
export { scheduleKind } from "./schedules/schedule.ts";
export { computeKind } from "./workspace/compute.ts";
export { connectionKind } from "./workspace/connection.ts";
export { datastoreKind } from "./workspace/datastore.ts";
export { registryKind } from "./workspace/registry.ts";
