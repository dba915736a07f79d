// The public interface of the documents: reads YAML, and translates it into requests to Azure ML. Pure but for local files; the cloud is
// asked through a Resolver.

export { type DataDocument, parseData, translateData } from "./assets/data.ts";
export { type EnvironmentDocument, parseEnvironment, translateEnvironment } from "./assets/environment.ts";
export type { AssetInput, JobInput, JobOutput, LiteralInput, Location } from "./assets/io.ts";
export { type ModelDocument, parseModel, translateModel } from "./assets/model.ts";
export {
  type BatchDeploymentDocument,
  parseBatchDeployment,
  translateBatchDeployment,
} from "./endpoints/batch-deployment.ts";
export { type BatchEndpointDocument, parseBatchEndpoint, translateBatchEndpoint } from "./endpoints/batch-endpoint.ts";
export {
  type OnlineDeploymentDocument,
  parseOnlineDeployment,
  translateOnlineDeployment,
} from "./endpoints/deployment.ts";
export {
  isServingName,
  type OnlineEndpointDocument,
  parseOnlineEndpoint,
  SERVING_NAME_RULE,
  translateOnlineEndpoint,
} from "./endpoints/endpoint.ts";
export {
  type JobDocument,
  type JobOptions,
  type JobParseOptions,
  type JobWrite,
  parseJob,
  translateJob,
} from "./job.ts";
export { type CommandJob, commandJob } from "./jobs/command.ts";
export type { AssetWrite, ParseOptions, Write } from "./language/document.ts";
export { nearestName, SpecFault } from "./language/faults.ts";
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
export { type DocumentKind, type JobKind, kindOf } from "./language/kind.ts";
export { type NamedThing, namesIn, withNames } from "./language/named.ts";
export type { DocumentOverrides } from "./language/overrides.ts";
export { uploadFault } from "./language/path.ts";
export { parseReference, type Reference, resolveReference } from "./language/reference.ts";
export { readRegular } from "./language/regular-file.ts";
export type { AssetKind, Collection, Collections, Resolver, SpecWorkspace, Uploaded } from "./language/resolver.ts";
export { type Literal, literalAs } from "./language/scalar.ts";
export { parseSource, readSource, type SourceFile, type SourceOptions } from "./language/source.ts";
export {
  folderAround,
  foldersOf,
  isLinkAt,
  rootOf,
  type UploadFolders,
  type UploadRoot,
} from "./language/upload-folders.ts";
export { shownPath, type UploadFile, walk } from "./language/walk.ts";
export { type ComponentDocument, parseComponent, translateComponent } from "./pipelines/component.ts";
export { type DataImportDocument, parseDataImport, translateDataImport } from "./schedules/data-import.ts";
export { parseSchedule, type ScheduleDocument, translateSchedule } from "./schedules/schedule.ts";
export { type ComputeDocument, parseCompute, translateCompute } from "./workspace/compute.ts";
export { type ConnectionDocument, parseConnection, translateConnection } from "./workspace/connection.ts";
export { type DatastoreDocument, parseDatastore, translateDatastore } from "./workspace/datastore.ts";
export { parseRegistry, type RegistryDocument, translateRegistry } from "./workspace/registry.ts";
