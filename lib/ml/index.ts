// The domain, as stories see it.
export { type AppliedResource, applyDocuments } from "./apply/apply.ts";
export { readDocuments } from "./apply/documents.ts";
export { type ChampionChoice, parseChampion } from "./champion.ts";
export { deploy, type RolloutReport } from "./deploy.ts";
export { type DownloadedModel, downloadFolder, downloadModel, fileFilter, type ModelOrigin } from "./download-model.ts";
export { recordEvaluation } from "./evidence.ts";
export { parseExpectations } from "./expectations.ts";
export { type FollowedJob, followJob } from "./follow-job.ts";
export { evaluateGate, type GateResult, sayGate } from "./gate.ts";
export { invokeEndpoint, readRequest } from "./invoke.ts";
export { cancelLeft } from "./ownership.ts";
export { openPlace, type Place } from "./place.ts";
export { dataOf, registerDataIn } from "./register-data.ts";
export { registerModelIn } from "./register-model.ts";
export { readRollout } from "./rollout-files.ts";
export { parseRules } from "./rules.ts";
export { type SubmittedJob, submitJob } from "./submit-job.ts";
export { takeBack } from "./take-back.ts";
export {
  cursorNames,
  intend,
  mayBeStarted,
  newCursor,
  newVersions,
  passed,
  recallCursor,
  type WatchCursor,
} from "./watch.ts";
export { openWorkspace, type Workspace } from "./workspace.ts";
