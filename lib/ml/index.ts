// The public interface of lib/ml.
export { type AppliedResource, applyDocuments } from "./apply/apply.ts";
export { readDocuments } from "./apply/documents.ts";
export { type AssetStore, needWorkspace, openAssetStore } from "./assets/asset-store.ts";
export {
  type DownloadedModel,
  downloadFolder,
  downloadModel,
  fileFilter,
  type ModelOrigin,
} from "./assets/download-model.ts";
export { cancelLeftInvocation } from "./batch/cancel-left.ts";
export { followBatchJob } from "./batch/follow-batch.ts";
export { readInvocation } from "./batch/invocation-files.ts";
export { invokeBatch, NOTHING_INVOKED } from "./batch/invoke-batch.ts";
export { cleanUp } from "./cleanup/clean-up.ts";
export { changesText } from "./cleanup/clean-up-report.ts";
export { readRules } from "./cleanup/clean-up-rules.ts";
export { compareModels, sayComparison } from "./compare/compare-models.ts";
export { readJudgeOptions } from "./compare/judge-input.ts";
export { readCostLimits } from "./costs/limits.ts";
export { parseExpectations } from "./endpoints/expectations.ts";
export { invokeEndpoint, readRequest } from "./endpoints/invoke.ts";
export { type BranchChampion, type ChampionChoice, parseChampion } from "./gate/champion.ts";
export { recordEvaluation } from "./gate/evidence.ts";
export { evaluateGate, type GateResult, sayGate } from "./gate/gate.ts";
export { parseMeasuredOn } from "./gate/measured-data.ts";
export { parseReports } from "./gate/reports-input.ts";
export { parseResults } from "./gate/results-input.ts";
export { parseRules } from "./gate/rules.ts";
export { type FollowedJob, followJob } from "./jobs/follow-job.ts";
export { cancelLeft } from "./jobs/ownership.ts";
export { type RunCurve, runCurves } from "./jobs/run-curves.ts";
export { type RunImage, runImages } from "./jobs/run-images.ts";
export { checkProduction, productionSection, readProduction } from "./model-monitors/check-production.ts";
export { noteDrift } from "./model-monitors/note-drift.ts";
export { promoteModel } from "./promote/promote-model.ts";
export { targetOf } from "./promote/target.ts";
export { openPlaces, proofSection, proverFor } from "./proof/prover.ts";
export { verifyModelIn } from "./proof/verify-model.ts";
export { dataOf, registerDataIn } from "./register/register-data.ts";
export { registerModelIn } from "./register/register-model.ts";
export { cursorNames, newVersions } from "./register/watch.ts";
export { startNewVersions } from "./register/watch-starts.ts";
export type { MonitorResult } from "./retrain/decision.ts";
export { memoryName, type TrainingStarter } from "./retrain/start-retraining.ts";
export { lookOnly, readMonitors, watchMonitors } from "./retrain/watch-monitors.ts";
export { deploy } from "./rollout/deploy.ts";
export { rollBackEndpoint } from "./rollout/endpoint-rollback.ts";
export { rollBack } from "./rollout/post-job-rollback.ts";
export { readCall, readRollout } from "./rollout/rollout-files.ts";
export { rolloutOutputs } from "./rollout/rollout-report.ts";
export { readStrategy } from "./rollout/strategy.ts";
export { type SubmittedJob, submitJob } from "./submit/submit-job.ts";
export { openWorkspace, type Workspace } from "./workspace/workspace.ts";
