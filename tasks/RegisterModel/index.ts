// Register model: from a job's output or a folder, once, with where it came from.
import { openAssetStore, proveRegistered, registerModelIn } from "../../lib/ml/index.ts";
import { decisionTags } from "../../lib/task/decision.ts";
import { defineTask, readPairs } from "../../lib/task/index.ts";
import { openJudgements } from "../../lib/task/judgements.ts";
import { linksView } from "../../lib/task/links.ts";
import { contract, type Inputs } from "./contract.gen.ts";

export default defineTask(
  contract,
  async ({ inputs, open, log, signal, record, run }) => {
    const [place, decision] = await Promise.all([open(openAssetStore), decisionTags(run, record, { log, signal })]);
    const { name, type, version, description } = inputs;
    const tags = readPairs(inputs.tags, "tags");
    const request = { name, type, version, description, tags, decision, source: sourceOf(inputs) };
    const folders = run.folders(inputs.allowedFolders);
    const judges = openJudgements(run, signal);
    const model = await registerModelIn(place, request, folders, judges);
    log.info(`Model ${model.name}:${model.version} (${model.created ? "new" : "there already"}): ${model.path}`);
    const { evidence: _evidence, ...section } = model;
    record.model = section;
    const approver = async () => decision["azureDevOps.approvedBy"] ?? judges.approvedBy(run.provenance.stage);
    const proof = await proveRegistered(place, model, inputs, folders, contract.task, approver);
    if (proof) record.proof = proof.section;
    for (const [file, content] of proof?.files ?? []) await run.uploadFile(file, content);
    return { name: model.name, version: model.version, assetId: model.id, created: model.created };
  },
  { view: linksView },
);

function sourceOf(inputs: Inputs) {
  return inputs.source === "job"
    ? { kind: "job" as const, job: inputs.jobName, output: inputs.outputName, path: inputs.outputPath }
    : { kind: "folder" as const, path: inputs.modelPath };
}
