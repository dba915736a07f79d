// Watch models: what was registered since the last run starts something, once for each version, in order.
import { cursorNames, openAssetStore, startNewVersions } from "../../lib/ml/index.ts";
import { defineTask, readPairs } from "../../lib/task/index.ts";
import { openStarter, targetOf } from "../../lib/task/starter.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, async ({ inputs, open, log, signal, record, run }) => {
  const { home } = await open(openAssetStore);
  const starter = openStarter(run, targetOf(inputs));
  const tags = readPairs(inputs.requiredTags, "requiredTags");
  const busy = await starter.busyRun();
  if (busy !== undefined) {
    log.info(`Run ${busy} of this pipeline has not ended: what is new is left to it, and to the next run.`);
    return { startedCount: "0", versions: "" };
  }
  const filter = { models: linesOf(inputs.models), tags };
  const names = cursorNames(home, filter, starter.key, starter.identity);
  const onProgress = (section: NonNullable<typeof record.watch>) => {
    record.watch = section;
  };
  const watching = { home, filter, names, beginAt: inputs.beginAt, onProgress };
  const done = await starter.inTurn(names.own, signal, () => startNewVersions(watching, starter, log, signal));
  if ("value" in done) return { startedCount: String(done.value.length), versions: done.value.join(",") };
  log.info(`Job ${done.job} of this run is doing the same work: it starts what is new, and so does the next run.`);
  return { startedCount: "0", versions: "" };
});

const linesOf = (text: string | undefined) => (text ?? "").split(/\s*\n\s*/).filter((line) => line.trim() !== "");
