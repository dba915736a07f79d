// Watch models: what was registered since the last run starts something, once for each version, in order.
import {
  cursorNames,
  intend,
  mayBeStarted,
  newCursor,
  newVersions,
  openPlace,
  passed,
  recallCursor,
} from "../../lib/ml/index.ts";
import { defineTask, readPairs } from "../../lib/task/index.ts";
import { openStarter, targetOf } from "../../lib/task/starter.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, openPlace, async ({ inputs, workspace: { home, signal }, log, run }) => {
  const starter = openStarter(run, targetOf(inputs));
  const tags = readPairs(inputs.requiredTags, "requiredTags");
  const busy = await starter.busyRun();
  if (busy !== undefined) {
    log.info(`Run ${busy} of this pipeline has not ended: what is new is left to it, and to the next run.`);
    return { startedCount: "0", versions: "" };
  }
  const filter = { models: linesOf(inputs.models), tags };
  const names = cursorNames(home, filter, starter.key, starter.identity);
  const done = await starter.inTurn(names.own, signal, async () => {
    const recalled = await recallCursor(names, starter.kept(names.shared), starter.runId);
    let cursor = recalled?.cursor ?? (await newCursor(home, filter, inputs.beginAt));
    // A step of this run that comes later goes on there as well.
    if (recalled?.shared !== undefined) await starter.remember(names.shared, recalled.shared);
    const keep = async (next: typeof cursor) => {
      cursor = next;
      await starter.remember(names.own, JSON.stringify(cursor));
    };
    // Also where nothing is new: the next run looks at the last runs only.
    await keep(cursor);
    const started: string[] = [];
    for (const version of await newVersions(home, filter, cursor)) {
      const named = `${version.name}:${version.version}`;
      if (version.wanted) {
        const asked = mayBeStarted(recalled, cursor, version);
        await keep(intend(cursor, version, (await starter.queuedAt()).getTime()));
        const found = asked && (await starter.find(version, asked.since, asked.byOthers));
        const { reference, url } = found ?? (await starter.start(version));
        log.info(`${named} ${found ? "was started by an earlier run" : "started"}: ${reference}, ${url}`);
        if (!found) started.push(named);
      }
      await keep(passed(cursor, version));
      signal.throwIfAborted();
    }
    if (started.length === 0)
      log.info(Date.parse(cursor.position) > 0 ? `Nothing is new since ${cursor.position}.` : "Nothing is there yet.");
    return { startedCount: String(started.length), versions: started.join(",") };
  });
  if ("value" in done) return done.value;
  log.info(`Job ${done.job} of this run is doing the same work: it starts what is new, and so does the next run.`);
  return { startedCount: "0", versions: "" };
});

const linesOf = (text: string | undefined) => (text ?? "").split(/\s*\n\s*/).filter((line) => line.trim() !== "");
