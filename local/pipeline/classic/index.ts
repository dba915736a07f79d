// Classic release definitions on the local agent. Its public face.
export type { ArtifactType } from "./bind.ts";
export type { ReleaseDocument } from "./document.ts";
export { readReleaseDefinition } from "./read-definition.ts";
export { ClassicReleases, type ReleasesOptions } from "./releases.ts";
export { type ReleaseOptions, runRelease } from "./run-release.ts";
