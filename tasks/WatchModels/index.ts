// Watch models: new versions start something, once for each, in order; a breach of a monitor starts one retraining.
import * as ml from "../../lib/ml/index.ts";
import { defineTask, readPairs } from "../../lib/task/index.ts";
import { linksView } from "../../lib/task/links.ts";
import { isLeft, openStarter, targetOf, trainingStarter } from "../../lib/task/starter.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(
  contract,
  async ({ inputs, open, log, signal, record, run }) => {
    const monitors = inputs.watch === "monitors" ? ml.readMonitors(inputs) : undefined;
    const starter = openStarter(run, targetOf(inputs));
    const store = await open(ml.openAssetStore);
    const filter = { models: linesOf(inputs.models), tags: readPairs(inputs.requiredTags, "requiredTags") };
    const onProgress = (section: NonNullable<typeof record.watch>) => {
      record.watch = section;
    };
    if (await isLeft(starter, log)) return NOTHING;
    const startVersions = async () => {
      const names = ml.cursorNames(store.home, filter, starter.key, starter.identity);
      const watching = { home: store.home, filter, names, beginAt: inputs.beginAt, onProgress };
      return starter.inTurn(names.own, signal, async () => {
        const started = await ml.startNewVersions(watching, starter, log, signal);
        return { ...NOTHING, startedCount: String(started.length), versions: started.join(",") };
      });
    };
    const retrain = (watched: NonNullable<typeof monitors>) => {
      const workspace = ml.needWorkspace(store, "A monitor");
      const name = ml.memoryName(workspace.id, starter.identity);
      return starter.inTurn(name, signal, () =>
        ml.watchMonitors(workspace, watched, trainingStarter(starter), name, { onProgress, note: ml.noteDrift }),
      );
    };
    const done = await (monitors === undefined ? startVersions() : retrain(monitors));
    if ("value" in done) return done.value;
    log.info(`Job ${done.job} of this run is doing the same work: it starts what is new, and so does the next run.`);
    return NOTHING;
  },
  { view: linksView },
);

const NOTHING = { startedCount: "0", versions: "", breached: false };
const linesOf = (text: string | undefined) => (text ?? "").split(/\s*\n\s*/).filter((line) => line.trim() !== "");
