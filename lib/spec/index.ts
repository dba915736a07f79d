// The face of this room: read what the user wrote, and turn it into what Azure ML is sent. Pure but for local files; the cloud is asked through a Resolver.
export { type BatchDeploymentDocument, parseBatchDeployment, translateBatchDeployment } from "./batch-deployment.ts";
export { type BatchEndpointDocument, parseBatchEndpoint, translateBatchEndpoint } from "./batch-endpoint.ts";
export { type CommandJob, commandJob } from "./command.ts";
export { type ComponentDocument, parseComponent, translateComponent } from "./component.ts";
export { type ComputeDocument, parseCompute, translateCompute } from "./compute.ts";
export { type ConnectionDocument, parseConnection, translateConnection } from "./connection.ts";
export { type DataDocument, parseData, translateData } from "./data.ts";
export { type DataImportDocument, parseDataImport, translateDataImport } from "./data-import.ts";
export { type DatastoreDocument, parseDatastore, translateDatastore } from "./datastore.ts";
export {
  type OnlineDeploymentDocument,
  parseOnlineDeployment,
  translateOnlineDeployment,
} from "./deployment.ts";
export type { AssetWrite, ParseOptions, Write } from "./document.ts";
export {
  isServingName,
  type OnlineEndpointDocument,
  parseOnlineEndpoint,
  SERVING_NAME_RULE,
  translateOnlineEndpoint,
} from "./endpoint.ts";
export { type EnvironmentDocument, parseEnvironment, translateEnvironment } from "./environment.ts";
export { nearestName, SpecFault } from "./faults.ts";
export {
  CONTENT_HASH_VERSION,
  contentHash,
  contentHashOf,
  inTurns,
  type KnownDigests,
  listUploadFiles,
  objectHash,
  objectHashOf,
} from "./hash.ts";
export type { AssetInput, JobInput, JobOutput, LiteralInput, Location } from "./io.ts";
export {
  type JobDocument,
  type JobOptions,
  type JobParseOptions,
  type JobWrite,
  parseJob,
  translateJob,
} from "./job.ts";
export { type DocumentKind, type JobKind, kindOf } from "./kind.ts";
export { type ModelDocument, parseModel, translateModel } from "./model.ts";
export { type NamedThing, namesIn, withNames } from "./named.ts";
export type { DocumentOverrides } from "./overrides.ts";
export { uploadFault } from "./path.ts";
export { parseReference, type Reference, resolveReference } from "./reference.ts";
export { parseRegistry, type RegistryDocument, translateRegistry } from "./registry.ts";
export { readRegular } from "./regular-file.ts";
export type { AssetKind, Collection, Collections, Resolver, SpecWorkspace, Uploaded } from "./resolver.ts";
export { type Literal, literalAs } from "./scalar.ts";
export { parseSchedule, type ScheduleDocument, translateSchedule } from "./schedule.ts";
export { parseSource, readSource, type SourceFile, type SourceOptions } from "./source.ts";
export { folderAround, foldersOf, isLinkAt, rootOf, type UploadFolders, type UploadRoot } from "./upload-folders.ts";
export { shownPath, type UploadFile, walk } from "./walk.ts";
