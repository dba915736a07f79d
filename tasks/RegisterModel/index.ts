// Register model: from a job's output or a folder, once, with where it came from.
import { openAssetStore, openPlaces, proofSection, proverFor, registerModelIn } from "../../lib/ml/index.ts";
import { decisionTags } from "../../lib/task/decision.ts";
import { defineTask, readPairs } from "../../lib/task/index.ts";
import { openJudgements } from "../../lib/task/judgements.ts";
import { linksView } from "../../lib/task/links.ts";
import { contract, type Inputs } from "./contract.gen.ts";

export default defineTask(
  contract,
  async ({ inputs, open, log, signal, record, run }) => {
    const folders = run.folders(inputs.allowedFolders);
    const isProven = inputs.bom || inputs.signWith !== undefined;
    const judges = openJudgements(run, signal, isProven && inputs.source === "job");
    const decides = decisionTags(run, record, { log, signal });
    const approver = async () => (await decides)["azureDevOps.approvedBy"] ?? judges.approvedBy(run.provenance.stage);
    const source = sourceOf(inputs);
    const proverOf = proverFor(inputs, folders, { tool: contract.task, approver });
    const [{ prover, ...place }, decision] = await Promise.all([
      open(async (request) => {
        const beside = source.kind === "job" && request.azure.dryRun === undefined && proverOf ? openPlaces : undefined;
        const [opened, prover] = await Promise.all([openAssetStore({ ...request, beside }), proverOf?.(request)]);
        return { ...opened, prover };
      }),
      decides,
    ]);
    const { name, type, version, description } = inputs;
    const tags = readPairs(inputs.tags, "tags");
    const request = { name, type, version, description, tags, decision, prover, source };
    const { evidence: _evidence, proof, ...model } = await registerModelIn(place, request, folders, judges);
    log.info(`Model ${model.name}:${model.version} (${model.created ? "new" : "there already"}): ${model.path}`);
    record.model = model;
    const proven = proof && proofSection(model, proof);
    if (proven) record.proof = proven.section;
    for (const [file, content] of proven?.files ?? []) await run.uploadFile(file, content);
    return { name: model.name, version: model.version, assetId: model.id, created: model.created };
  },
  { view: linksView },
);

function sourceOf(inputs: Inputs) {
  return inputs.source === "job"
    ? { kind: "job" as const, job: inputs.jobName, output: inputs.outputName, path: inputs.outputPath }
    : { kind: "folder" as const, path: inputs.modelPath };
}
