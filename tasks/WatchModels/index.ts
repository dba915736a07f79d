// Watch models: new versions start something, once for each, in order; a breach of a monitor starts one retraining.
import * as ml from "../../lib/ml/index.ts";
import { defineTask, readPairs } from "../../lib/task/index.ts";
import { linksView } from "../../lib/task/links.ts";
import { leftTo, leftToJob, openStarter, targetOf, trainingStarter } from "../../lib/task/starter.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(
  contract,
  async ({ inputs, open, log, signal, record, run }) => {
    const monitors = inputs.watch === "monitors" ? ml.readMonitors(inputs) : undefined;
    const starter = openStarter(run, targetOf(inputs));
    const store = await open(ml.openAssetStore);
    const workspace = () => ml.needWorkspace(store, "A monitor");
    const filter = { models: linesOf(inputs.models), tags: readPairs(inputs.requiredTags, "requiredTags") };
    const onProgress = (section: NonNullable<typeof record.watch>) => {
      record.watch = section;
    };
    // What is left to another run or job is looked at all the same: a breach is none the less one.
    const look = async (left: string) => (monitors ? ml.lookOnly(workspace(), monitors, left, onProgress) : NOTHING);
    const left = await leftTo(starter, { log, run });
    if (left !== undefined) return look(left);
    const startVersions = () => {
      const names = ml.cursorNames(store.home, filter, starter.key, starter.identity);
      const watching = { home: store.home, filter, names, beginAt: inputs.beginAt, onProgress };
      return starter.inTurn(names.own, signal, async () => {
        const started = await ml.startNewVersions(watching, starter, log, signal);
        return { ...NOTHING, startedCount: String(started.length), versions: started.join(",") };
      });
    };
    const retrain = (watched: NonNullable<typeof monitors>) => {
      const name = ml.memoryName(workspace().id, starter.identity);
      return starter.inTurn(name, signal, () =>
        ml.watchMonitors(workspace(), watched, trainingStarter(starter), name, { onProgress, note: ml.noteDrift }),
      );
    };
    const done = await (monitors === undefined ? startVersions() : retrain(monitors));
    if ("value" in done) return done.value;
    return look(leftToJob(done.job, log));
  },
  { view: linksView },
);

const NOTHING = { startedCount: "0", versions: "", breached: false };
const linesOf = (text: string | undefined) => (text ?? "").split(/\s*\n\s*/).filter((line) => line.trim() !== "");
