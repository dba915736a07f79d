// Clean up workspace: what is over, idle or old by the rules goes; what has traffic, is in use or is being changed stays.
import { changesText, cleanUp, openWorkspace, readRules } from "../../lib/ml/index.ts";
import { defineTask, type Story } from "../../lib/task/index.ts";
import { contract, type Inputs, type Outputs } from "./contract.gen.ts";

const story: Story<Inputs, Outputs> = async ({ inputs, open, record, run }) => {
  const rules = readRules(inputs);
  const report = await cleanUp(await open(openWorkspace), {
    rules,
    deadline: inputs.maxMinutes * 60_000,
    onProgress: (section) => {
      record.cleanUp = section;
    },
  });
  const { counts, outcomes, issues, failure } = report;
  const changed = outcomes.some(({ outcome }) => outcome === "deleted" || outcome === "archived");
  const outputs = { changed, counts, changes: changesText(report) };
  for (const issue of issues) run.succeedWithIssues(issue);
  if (failure === undefined) return outputs;
  // Later steps may need to know what was done all the same.
  run.setOutputs(outputs);
  throw failure;
};

// The plan knows what would be done, and says it in the same outputs.
export default defineTask(contract, story, { outputsOfDryRun: true });
