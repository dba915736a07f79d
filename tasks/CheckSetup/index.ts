// Check setup: everything that the tasks will ask is asked, nothing is changed, and one page says what is to be mended.

import { failuresOf, sayChecks } from "../../lib/ml/setup/check-report.ts";
import { brokenSetup, checkSetup, openSetup, readSetupOptions } from "../../lib/ml/setup/check-setup.ts";
import { defineTask } from "../../lib/task/index.ts";
import { openRights } from "../../lib/task/rights.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, async ({ inputs, open, log, signal, record, run }) => {
  const setup = await open(openSetup, brokenSetup);
  const checks = await checkSetup(setup, readSetupOptions(inputs), { ask: openRights(run), signal });
  record.setup = { checks };
  sayChecks(log, checks);
  const named = (outcome: string) => checks.filter((one) => one.outcome === outcome).map(({ id }) => id);
  const [failed, warned] = [named("failed"), named("warned")];
  const outputs = {
    ok: failed.length === 0,
    failed: failed.join("\n"),
    warned: warned.join("\n"),
  };
  run.setOutputs(outputs);
  if (failed.length > 0) throw failuresOf(checks);
  for (const { id, outcome, answered } of checks) {
    if (outcome === "warned") run.succeedWithIssues(`${id}: ${answered}`);
  }
  return outputs;
});
