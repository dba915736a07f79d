// Report: what the steps of this run left, on the run and on its pull request.
import { counted } from "../../lib/record/words.ts";
import { defineTask } from "../../lib/task/index.ts";
import { reportRun } from "../../lib/task/report.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, async ({ inputs, log, signal, record, run }) => {
  const { page, records, evidence, pullRequest } = await reportRun({ inputs, log, signal, run }, record);
  if (pullRequest) record.pullRequest = pullRequest;
  await run.summary("Report", page.markdown);
  log.info(`${counted(records.length, "record")} of this run: ${page.state}. ${page.description}`);
  return { passed: page.state === "passed", pullRequestId: pullRequest?.id ?? "", evidence };
});
