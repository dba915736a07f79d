// Public interface of lib/azure: everything that the rest of the library may use of Azure.

export { segment } from "../segment.ts";
export type { Promised } from "./answers.ts";
export { type BlobFile, CHECKED_RANGE } from "./blob-files.ts";
export type { Container, FileToUpload } from "./blobs.ts";
export { API_VERSION, AzureMl, type RequestOptions } from "./client.ts";
export { type Cloud, cloudOf, clouds } from "./clouds.ts";
export { type Connectivity, checkConnectivity, isPrivateAddress } from "./connectivity.ts";
export { createCredential } from "./credentials.ts";
export { type DownloadReport, downloadFiles, type FileToDownload } from "./download.ts";
export { dryRun } from "./dry-run.ts";
export { NAME_NOT_RESOLVED, NOT_CONNECTED, readEnvelope } from "./failure.ts";
export type { Identity } from "./identity.ts";
export {
  type DatastorePath,
  datastoreUri,
  homeOfUri,
  longDatastoreUri,
  parseArmId,
  parseAssetReference,
  parseDatastoreUri,
  sameId,
  workspaceId,
} from "./ids.ts";
export { DEEPEST, isDeep } from "./json.ts";
export { LEASE_SECONDS, type LeasedBlob } from "./leased-blob.ts";
export { askOfficially } from "./official.ts";
export { openContainer } from "./open-container.ts";
export { finish } from "./operations.ts";
export { throughOutages } from "./outage.ts";
export { OutcomeUnknown } from "./outcome.ts";
export { sideBySide } from "./parallel.ts";
export { PASSING_STATUSES, pauseBefore } from "./retry.ts";
export { type RenewSignature, signatureFor } from "./signature.ts";
export { readPiece } from "./signed-address.ts";
export { storageAccountOf } from "./storage-account.ts";
export type { BlobAccess } from "./storage-pipeline.ts";
export { tokenClaims } from "./token-claims.ts";
export { type TranscribedExchange, transcribing } from "./transcript.ts";
export { createTransport, type Transport, type TransportOptions } from "./transport.ts";
export { WithheldWrites } from "./withheld-writes.ts";
export { SECRET_FIELDS, withoutSecrets } from "./without-secrets.ts";
