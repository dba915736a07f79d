// Pages of the studio whose address the service does not return. The forms are those that the studio shows in a browser (general knowledge,
// not verified against live Azure); that of a job is Azure's own (docs/facts/azureml-wire.md#2).
// Tests: test/lib/ml/workspace/studio-pages.test.ts
import { segment } from "../../segment.ts";
import type { Workspace } from "./workspace.ts";

type At = Pick<Workspace, "azure" | "id">;

/** The page of a version of a model in its workspace. */
export const modelPage = (workspace: At, name: string, version: string): string =>
  `${workspace.azure.cloud.studio}/model/${segment(name, "the model")}:${segment(version, "the version")}/details?wsid=${workspace.id}`;

/** The page of an online endpoint. */
export const endpointPage = (workspace: At, name: string): string =>
  `${workspace.azure.cloud.studio}/endpoints/realtime/${segment(name, "the endpoint")}/detail?wsid=${workspace.id}`;
