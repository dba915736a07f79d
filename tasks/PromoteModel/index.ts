// Promote model: a judged version to another workspace or registry, by one connection or by two.
import { openAssetStore, promoteModel, targetOf } from "../../lib/ml/index.ts";
import { decisionTags } from "../../lib/task/decision.ts";
import { defineTask, readPairs } from "../../lib/task/index.ts";
import { openJudgements } from "../../lib/task/judgements.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, async ({ inputs, open, openTarget, log, signal, record, run }) => {
  const isOneIdentity = inputs.targetConnectionType === "same";
  const opening = open(openAssetStore);
  // Two connections sign in side by side; one connection finds a registry through the source's workspace.
  const [source, target, decided] = await Promise.all([
    opening,
    isOneIdentity ? opening.then((from) => openTarget(targetOf(from))) : openTarget(openAssetStore),
    decisionTags(run, record, { log, signal }),
  ]);
  const { modelName, modelVersion, targetName, targetVersion, onConflict, onArchived, requireEvidence } = inputs;
  const records = openJudgements(run, signal);
  const approvedBy =
    inputs.approvedBy ?? decided["azureDevOps.approvedBy"] ?? (await records.approvedBy(run.provenance.stage));
  const request = {
    name: modelName,
    version: modelVersion,
    ...{ targetName, targetVersion, onConflict, onArchived, requireEvidence, approvedBy },
    includeEnvironment: inputs.includeEnvironment,
    includeComponents: inputs.includeComponents,
    tags: readPairs(inputs.tags, "tags"),
    isOneIdentity,
  };
  const model = await promoteModel(source, target, request, records);
  const { name, version, id, type, path, created, contentHash, evidence, ...rest } = model;
  record.model = { name, version, id, type, path, created };
  const approver = approvedBy === undefined ? {} : { approvedBy };
  record.promotion = { ...rest, target: id, created, contentHash, evidence, ...approver };
  log.info(`Promoted ${model.from} to ${id} (${created ? "new" : "there already"}), content ${contentHash}.`);
  return { name, version, assetId: id, created, contentHash, evaluationRun: evidence["evaluationRun"] ?? "" };
});
