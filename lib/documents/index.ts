// The public interface of the documents: reads YAML, and translates it into requests to Azure ML. Pure but for local files; the cloud is
// asked through a Resolver.

export { type DataDocument, parseData, translateData } from "./assets/data.ts";
export { parseEnvironment, translateEnvironment } from "./assets/environment.ts";

export { parseModel, translateModel } from "./assets/model.ts";
export {
  parseBatchDeployment,
  translateBatchDeployment,
} from "./endpoints/batch-deployment.ts";
export { parseBatchEndpoint, translateBatchEndpoint } from "./endpoints/batch-endpoint.ts";
export {
  type OnlineDeploymentDocument,
  parseOnlineDeployment,
  translateOnlineDeployment,
} from "./endpoints/deployment.ts";
export {
  type OnlineEndpointDocument,
  parseOnlineEndpoint,
  translateOnlineEndpoint,
} from "./endpoints/endpoint.ts";
export {
  type JobDocument,
  type JobParseOptions,
  parseJob,
  translateJob,
} from "./job.ts";

export type { Write } from "./language/document.ts";
export { SpecFault } from "./language/faults.ts";
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
export { type DocumentKind, kindOf } from "./language/kind.ts";
export { type NamedThing, namesIn, withNames } from "./language/named.ts";
export type { DocumentOverrides } from "./language/overrides.ts";
export { uploadFault } from "./language/path.ts";
export { type Reference, resolveReference } from "./language/reference.ts";
export { readRegular } from "./language/regular-file.ts";
export type { AssetKind, Collections, Resolver, SpecWorkspace, Uploaded } from "./language/resolver.ts";

export { parseSource, readSource, type SourceFile } from "./language/source.ts";
export {
  folderAround,
  isLinkAt,
  rootOf,
  type UploadFolders,
  type UploadRoot,
} from "./language/upload-folders.ts";
export { shownPath, type UploadFile, walk } from "./language/walk.ts";
export { parseComponent, translateComponent } from "./pipelines/component.ts";
export { type DataImportDocument, parseDataImport, translateDataImport } from "./schedules/data-import.ts";
export { parseSchedule, translateSchedule } from "./schedules/schedule.ts";
export { parseCompute, translateCompute } from "./workspace/compute.ts";
export { parseConnection, translateConnection } from "./workspace/connection.ts";
export { parseDatastore, translateDatastore } from "./workspace/datastore.ts";
export { parseRegistry, translateRegistry } from "./workspace/registry.ts";
