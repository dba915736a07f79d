// Classic release definitions on the local agent. Its public face.
export type { ArtifactType } from "./bind.ts";

export { readReleaseDefinition } from "./read-definition.ts";
export { ClassicReleases } from "./releases.ts";
