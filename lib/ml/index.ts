// The domain, as stories see it.
export { type AppliedResource, applyDocuments } from "./apply/apply.ts";
export { readDocuments } from "./apply/documents.ts";
export { type ChampionChoice, parseChampion } from "./champion.ts";
export { deploy, type RolloutReport } from "./deploy.ts";
export { type DownloadedModel, downloadModel, fileFilter, type ModelOrigin } from "./download-model.ts";
export { recordEvaluation } from "./evidence.ts";
export { parseExpectations } from "./expectations.ts";
export { type FollowedJob, followJob } from "./follow-job.ts";
export { evaluateGate, type GateResult, sayGate } from "./gate.ts";
export { invokeEndpoint, readRequest } from "./invoke.ts";
export { cancelJob } from "./jobs.ts";
export { dataOf, registerData } from "./register-data.ts";
export { registerModel } from "./register-model.ts";
export { readRollout } from "./rollout-files.ts";
export { parseRules } from "./rules.ts";
export { type SubmittedJob, submitJob } from "./submit-job.ts";
export { takeBack } from "./take-back.ts";
export { openWorkspace, type Workspace } from "./workspace.ts";
