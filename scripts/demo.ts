// `npm run demo`: the typical scenario on this machine, told in chapters (scripts/demo/story.ts, outage.ts, canary.ts and drift.ts).
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { contracts } from "../local/azure/contract/contracts.ts";
import type { RunOutcome } from "../local/pipeline/index.ts";
import { buildTab } from "./build/tab.ts";
import { buildTasks } from "./build.ts";
import { CANARY_SPEED, canary } from "./demo/canary.ts";
import { drift } from "./demo/drift.ts";
import { outage } from "./demo/outage.ts";
import { page } from "./demo/page.ts";
import { MODEL, openStage, writeRun } from "./demo/stage.ts";
import { chapters, tell } from "./demo/story.ts";
import type { ChapterSummary } from "./demo/summary.ts";
import { hubAddress, tabAddress, takeTabPictures } from "./demo/tab-pictures.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

interface DemoProject {
  /** Below examples/. */
  readonly folder: string;
  /** The model that it registers. */
  readonly model: string;
  /** `venv`: what its environment asks for is installed. */
  readonly environments: "machine" | "venv";
}

/** The projects that the story can be told with. */
const projects = new Map<string, DemoProject>([
  ["plain", { folder: "breast-cancer", model: MODEL, environments: "machine" }],
  ["sklearn", { folder: "breast-cancer-sklearn", model: "breast-cancer-sklearn", environments: "venv" }],
]);

const usage = `npm run demo [-- --classic] [--outage] [--canary] [--drift] [--project sklearn] [--out DIR] [--contract DIR] [--no-pictures] [--quiet] [--stay]

  --classic       the registered model starts a classic release definition instead of a YAML pipeline
  --outage        the relay is away while two versions are registered, and each must still start exactly one release
  --canary        releases are canaries, judged step by step while the endpoint is called: a good version gets all of the
                  traffic, one that fails some of its requests is taken back
  --drift         what is live is watched: its requests drift, the monitor's breach starts one retraining, what that trains is
                  released by a canary, and the pull request is told; the same breach again starts nothing
  --project NAME  what is trained: plain (Python alone), or sklearn (scikit-learn and MLflow, which are installed from
                  PyPI into a virtual environment the first time; some minutes)
  --out DIR       also write summary.json, traffic.har, and each run's log and markdown summary; pictures of the results tab
                  and the hub Models lie there too (else in out/demo), where there is Chromium
  --contract DIR  more published types of Azure ML than lie in the repository: local Azure refuses bodies that break one
  --no-pictures   no browser is started
  --quiet         the page at the end only, not the log of the runs
  --stay          local Azure DevOps stays after the story, so that the results tab can be looked at; Ctrl+C ends it`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      classic: { type: "boolean" },
      outage: { type: "boolean" },
      canary: { type: "boolean" },
      drift: { type: "boolean" },
      project: { type: "string", default: "plain" },
      out: { type: "string" },
      contract: { type: "string" },
      "no-pictures": { type: "boolean" },
      quiet: { type: "boolean" },
      stay: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const project = projects.get(values.project);
  const fault =
    project === undefined
      ? `There is no project '${values.project}'; there are ${[...projects.keys()].join(" and ")}.`
      : (values.classic || values.outage || values.canary || values.drift) && project.model !== MODEL
        ? "--classic, --outage, --canary and --drift are told with the project plain."
        : values.canary && (values.classic || values.outage)
          ? "--canary is a story of its own: leave out --classic and --outage."
          : values.drift && (values.classic || values.outage || values.canary)
            ? "--drift is a story of its own: leave out --classic, --outage and --canary."
            : undefined;
  if (project === undefined || fault !== undefined) {
    console.error(fault);
    return 2;
  }
  const say = (text: string) => console.log(text);
  const banner = (text: string) => say(`\n\x1b[1m${text}\x1b[0m`);

  await Promise.all([buildTasks(root), buildTab(root)]);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

  const leaving =
    project.environments === "venv" ? "only pip asks PyPI for packages" : "nothing here leaves this machine";
  banner(`Local Azure, local Azure DevOps and a local agent are starting; ${leaving}.`);
  const stage = await openStage({
    example: path.join(root, "examples", project.folder),
    model: project.model,
    environments: project.environments,
    form: values.classic ? "classic" : values.canary ? "canary" : values.drift ? "drift" : "yaml",
    ...(values.canary || values.drift ? { speed: CANARY_SPEED } : {}),
    log: values.quiet ? () => {} : say,
    signal: stop.signal,
    contracts: contracts(values.contract),
    // Few enough that an event is given up while the relay is away: about a second of this machine's pauses.
    ...(values.outage ? { attempts: 4 } : {}),
  });
  stage.cloud.devops.extensions.install(JSON.parse(readFileSync(path.join(root, "vss-extension.json"), "utf8")), root);
  const last = new Map<string, RunOutcome>();
  const told: string[] = [];
  const story = values.outage ? outage : values.canary ? canary : values.drift ? drift : chapters;
  const summaries: ChapterSummary[] = [];
  const broken: (readonly string[])[] = [];
  try {
    for (const [index, chapter] of story.entries()) {
      if (stop.signal.aborted) break;
      banner(`Chapter ${index + 1}. ${chapter.title}`);
      say(chapter.opening);
      const { summary, broken: faults, outcomes } = await tell(chapter, stage, summaries);
      summaries.push(summary);
      broken.push(faults);
      for (const outcome of outcomes) last.set(outcome.pipeline, outcome);
      if (values.out !== undefined)
        for (const [name, outcome] of named(outcomes)) writeRun(values.out, `${index + 1}-${name}`, outcome);
      const red = outcomes.some(({ result }) => result === "failed");
      if (summary.ok && red)
        banner("The pipeline is red, and that is what should happen: the worse version went nowhere.");
    }
    if (values.out !== undefined) {
      mkdirSync(values.out, { recursive: true });
      writeFileSync(path.join(values.out, "summary.json"), `${JSON.stringify({ chapters: summaries }, null, 2)}\n`);
      writeFileSync(path.join(values.out, "traffic.har"), JSON.stringify(stage.cloud.har.toHar()));
    }
    const runs = new Map([...last].filter(([, outcome]) => tabAddress(outcome) !== ""));
    const taken = values["no-pictures"] ? [] : takeTabPictures(runs, values.out ?? path.join(root, "out", "demo"));
    const pictures = await Promise.resolve(taken).catch((error) => {
      told.push(`There are no pictures of the pages: ${error instanceof Error ? error.message : error}`);
      return [];
    });
    told.push(...pictures.map((file) => `Picture of a page: ${path.relative(process.cwd(), file)}`));
    for (const [pipeline, outcome] of runs) {
      const stays = values.stay ? "" : " (npm run demo -- --stay keeps it)";
      told.push(`Results tab of the last run of ${pipeline}: ${tabAddress(outcome)}${stays}`);
    }
    for (const outcome of [...runs.values()].slice(0, 1))
      told.push(`Hub Models of the project: ${hubAddress(outcome)}`);
    if (values.stay) {
      for (const line of told) say(line);
      await new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve(), { once: true }));
    }
  } finally {
    await stage.close();
  }
  say("");
  for (const line of page(summaries, broken)) say(line);
  for (const line of told) say(line);
  const allTold = summaries.length === story.length && summaries.every(({ ok }) => ok);
  say(allTold ? "Every step of the story happened." : "Not every step of the story happened.");
  return allTold ? 0 : 1;
}

/** The runs of a chapter by the name of their pipeline; from the second of one pipeline on with a number. */
function named(outcomes: readonly RunOutcome[]): [string, RunOutcome][] {
  const counts = new Map<string, number>();
  return outcomes.map((outcome) => {
    const count = (counts.get(outcome.pipeline) ?? 0) + 1;
    counts.set(outcome.pipeline, count);
    return [count === 1 ? outcome.pipeline : `${outcome.pipeline}-${count}`, outcome];
  });
}

process.exitCode = await main();
