// The parts of running jobs that need no cloud: references, commands, durations, environments, filters, tracking, processes.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { appendFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { fillCommand, undeclaredPlaceholders } from "../../../../local/azure/jobs/running/command-line.ts";
import {
  findPython,
  type JobSurroundings,
  jobEnvironment,
} from "../../../../local/azure/jobs/running/environment-variables.ts";
import { LogCarrier } from "../../../../local/azure/jobs/running/logs.ts";
import { startCommand } from "../../../../local/azure/jobs/running/start-command.ts";
import { durationMilliseconds } from "../../../../local/azure/records/durations.ts";
import {
  longDatastoreUri,
  outputAssetId,
  parseReference,
  shortDatastoreUri,
} from "../../../../local/azure/records/references.ts";
import { Store } from "../../../../local/azure/records/state.ts";
import {
  FilterError,
  order,
  parseFilter,
  parseOrdering,
  type Searched,
  satisfies,
} from "../../../../local/azure/tracking/filters.ts";
import { TrackingStore } from "../../../../local/azure/tracking/store.ts";
import { until } from "../../../harness/until.ts";

const workspace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";
const scope = { subscriptionId: "s", resourceGroup: "g", workspaceName: "w" };

describe("local Azure: references", () => {
  const forms: [string, ReturnType<typeof parseReference>][] = [
    [`${workspace}/data/d/versions/1`, { kind: "asset", type: "data", name: "d", version: "1" }],
    [`azureml:${workspace}/models/m/versions/2`, { kind: "asset", type: "models", name: "m", version: "2" }],
    ["azureml:d:3", { kind: "asset", type: "data", name: "d", version: "3" }],
    ["azureml:d@latest", { kind: "latest", type: "data", name: "d", label: "latest" }],
    ["azureml://datastores/ds/paths/a/b.csv", { kind: "datastore", datastore: "ds", path: "a/b.csv" }],
    ["azureml://datastores/ds/paths/", { kind: "datastore", datastore: "ds", path: "" }],
    [
      "azureml://datastores/ds/ExperimentRun/dcid.j",
      { kind: "datastore", datastore: "ds", path: "ExperimentRun/dcid.j" },
    ],
    [
      "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/ds/paths/a/",
      { kind: "datastore", datastore: "ds", path: "a/" },
    ],
    [
      "azureml://subscriptions/s/resourceGroups/g/workspaces/w/datastores/ds/paths/a",
      { kind: "datastore", datastore: "ds", path: "a" },
    ],
    ["azureml://jobs/j/outputs/o/paths/p/q", { kind: "jobOutput", job: "j", output: "o", path: "p/q" }],
    [
      "azureml://jobs/j/outputs/artifacts/paths/model/",
      { kind: "jobOutput", job: "j", output: "artifacts", path: "model/" },
    ],
    ["azureml://jobs/j/outputs/o", { kind: "jobOutput", job: "j", output: "o", path: "" }],
    [
      "azureml://locations/l/workspaces/g/data/azureml_j_1_output_data_o/versions/1",
      { kind: "jobOutput", job: "j_1", output: "o", path: "" },
    ],
    [
      "azureml://registries/azureml/environments/e/versions/1",
      { kind: "registry", registry: "azureml", type: "environments", name: "e", version: "1" },
    ],
    ["azureml://experiments/e/runs/r/artifacts/model", { kind: "runArtifact", run: "r", path: "model" }],
    ["runs:/r/model/x", { kind: "runArtifact", run: "r", path: "model/x" }],
    ["wasbs://c@a.blob.core.windows.net/x/y.csv", { kind: "https", url: "https://a.blob.core.windows.net/c/x/y.csv" }],
    ["https://a.blob.core.windows.net/c/x", { kind: "https", url: "https://a.blob.core.windows.net/c/x" }],
    ["./local", { kind: "unknown", text: "./local" }],
  ];
  for (const [text, expected] of forms) it(text, () => assert.deepEqual(parseReference(text), expected));

  it("read back what was written", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    const path = fc
      .array(fc.stringMatching(/^[A-Za-z0-9. ()_-]{1,8}$/), { maxLength: 4 })
      .map((parts) => parts.join("/"));
    fc.assert(
      fc.property(name, path, (datastore, below) => {
        const expected = { kind: "datastore", datastore, path: below };
        assert.deepEqual(parseReference(shortDatastoreUri(datastore, below)), expected);
        assert.deepEqual(parseReference(longDatastoreUri(scope, datastore, below)), expected);
        assert.deepEqual(parseReference(outputAssetId("eastus2", "guid", datastore, "out")), {
          kind: "jobOutput",
          job: datastore,
          output: "out",
          path: "",
        });
      }),
    );
  });
});

describe("local Azure: commands", () => {
  const values = {
    inputs: new Map([
      ["a", "1"],
      ["b-c", "two words"],
    ]),
    outputs: new Map([["o", "/out"]]),
  };
  it("get their values, blanks in the braces or not", () => {
    assert.equal(fillCommand("x ${{inputs.a}} ${{ inputs.b-c }} ${{outputs.o}}", values), "x 1 two words /out");
  });
  it("keep an optional part only when all of it has values", () => {
    assert.equal(
      fillCommand("x $[[--a ${{inputs.a}}]] $[[--z ${{inputs.z}} --a ${{inputs.a}}]]!", values),
      "x --a 1 !",
    );
  });
  it("leave the shell's own braces and dollars alone", () => {
    const shell = "echo ${HOME} $((1+1)) ${x[0]} {{y}} $$ '$&'";
    assert.equal(fillCommand(shell, values), shell);
  });
  it("take values as they are, patterns of replacement too", () => {
    assert.equal(
      fillCommand("${{inputs.a}}", { inputs: new Map([["a", "$& $1 $$"]]), outputs: new Map() }),
      "$& $1 $$",
    );
  });
  it("name what is not declared, but not inside optional parts", () => {
    const command = "${{inputs.a}} ${{inputs.z}} ${{inputs.z}} ${{outputs.o}} ${{outputs.p}} $[[ ${{inputs.y}} ]]";
    assert.deepEqual(undeclaredPlaceholders(command, { inputs: ["a"], outputs: ["o"] }), ["inputs.z", "outputs.p"]);
  });
});

describe("local Azure: durations", () => {
  const known: [string, number | undefined][] = [
    ["PT1H30M", 5_400_000],
    ["PT10S", 10_000],
    ["PT0.5S", 500],
    ["P1DT2H", 93_600_000],
    ["P1W", 604_800_000],
    ["P", undefined],
    ["PT", undefined],
    ["P1DT", undefined],
    ["60", undefined],
    ["", undefined],
    ["P1M", undefined],
  ];
  for (const [text, milliseconds] of known) {
    it(`${JSON.stringify(text)} is ${milliseconds}`, () => assert.equal(durationMilliseconds(text), milliseconds));
  }
});

describe("local Azure: a job's environment", () => {
  const surroundings: JobSurroundings = {
    job: "j",
    experimentName: "e",
    experimentId: "1",
    subscriptionId: "s",
    resourceGroup: "g",
    workspaceName: "w",
    trackingUri: "azureml://h",
    trackingToken: "t",
    proxyUrl: "http://127.0.0.1:1",
    caFile: "/ca.pem",
    metadataUrl: "https://arm/metadata/endpoints",
    cloudName: "c",
    homeDirectory: "/home",
    programs: ["/shims"],
    own: { LANG: "own", MINE: "1" },
  };
  it("takes PATH and a few harmless variables of the host, nothing else", () => {
    const host = {
      PATH: "/bin",
      TZ: "UTC",
      LANG: "C",
      PYTHONNOUSERSITE: "1",
      AZURE_CLIENT_SECRET: "no",
      SYSTEM_ACCESSTOKEN: "no",
      HOME: "/root",
      PYTHONPATH: "/x",
      HTTP_PROXY: "http://corp",
    };
    const made = jobEnvironment(surroundings, host);
    const ofHost = Object.keys(host).filter((name) => made[name] === host[name as keyof typeof host]);
    assert.deepEqual(ofHost, ["TZ", "PYTHONNOUSERSITE"]);
    assert.equal(made["PATH"], "/shims:/bin");
    assert.equal(made["HOME"], "/home");
    assert.equal("PYTHONPATH" in made || "HTTP_PROXY" in made || "AZURE_CLIENT_SECRET" in made, false);
  });
  it("lets the job's own variables win", () => {
    const made = jobEnvironment(surroundings, { LANG: "C" });
    assert.deepEqual([made["LANG"], made["MINE"], made["MLFLOW_RUN_ID"]], ["own", "1", "j"]);
  });
  it("finds this machine's python", async () => assert.match((await findPython())?.version ?? "none", /^3\.\d+\.\d+$/));
});

describe("local Azure: MLflow filters", () => {
  const searched: Searched = {
    attributes: { name: "text", run_id: "id", start_time: "number", status: "choice" },
    aliases: { Created: "start_time" },
    choices: ["RUNNING", "FINISHED"],
    groups: { metric: ["=", ">", ">="], parameter: ["=", "!=", "LIKE"], tag: ["="] },
    orders: ["name", "start_time"],
  };
  const parse = (text: string) => parseFilter(text, searched);

  it("read groups, quotes, operators and lists", () => {
    assert.deepEqual(
      parse(`metrics.auc>=0.9 and tags."mlflow.runName" = 'a b' AND params.\`x y\` != "1" and run_id IN ('r1', 'r2')`),
      [
        { group: "metric", key: "auc", operator: ">=", value: 0.9 },
        { group: "tag", key: "mlflow.runName", operator: "=", value: "a b" },
        { group: "parameter", key: "x y", operator: "!=", value: "1" },
        { group: "attribute", key: "run_id", operator: "IN", value: ["r1", "r2"] },
      ],
    );
    assert.deepEqual(parse(""), []);
    assert.deepEqual(parse("attributes.status = 'Finished' and Created > '5'"), [
      { group: "attribute", key: "status", operator: "=", value: "FINISHED" },
      { group: "attribute", key: "start_time", operator: ">", value: 5 },
    ]);
    assert.deepEqual(parseOrdering("attributes.start_time DESC", searched), {
      group: "attribute",
      key: "start_time",
      descending: true,
    });
  });
  for (const text of [
    "metrics.auc >",
    "metrics.auc",
    "name = '1' or name = '2'",
    "nothing.x = 1",
    "name ~ 'x'",
    "name = 'open",
    "name = bare",
    "name > 'a'",
    "nam = 'x'",
    "status = 'Completed'",
    "status LIKE 'F%'",
    "start_time > 'soon'",
    "start_time > ''",
    "metrics.auc > '1'",
    "metrics.auc > NaN",
    "metrics.`f 1` > 1",
    "params.x = 1",
    "params.x > '1'",
    "tags.x != '1'",
    "tags.x LIKE '1'",
    "name IN ('x')",
    "run_id IN ()",
    "run_id IN 'r1'",
    "tags. = 'x'",
  ]) {
    it(`refuse ${text}`, () => assert.throws(() => parse(text), FilterError));
  }
  for (const text of [
    "metrics.auc DESC",
    "params.x",
    "tags.x",
    "status",
    "nothing",
    "name DOWN",
    "name ASC DESC",
    "",
  ]) {
    it(`refuse the order "${text}"`, () => assert.throws(() => parseOrdering(text, searched), FilterError));
  }
  it("compare by kind, and nothing with what is absent", () => {
    const [number, like, list] = parse("metrics.a > 9 and name LIKE 'a_c%' and run_id NOT IN ('r1')") as [
      never,
      never,
      never,
    ];
    assert.deepEqual([satisfies(number, 10), satisfies(number, 9), satisfies(number, undefined)], [true, false, false]);
    assert.deepEqual([satisfies(like, "abcd"), satisfies(like, "ABCD"), satisfies(like, "ac")], [true, false, false]);
    assert.deepEqual([satisfies(list, "r2"), satisfies(list, "r1")], [true, false]);
  });
  it("order by the first ordering, then the next, with what is absent last", () => {
    const found = [{ a: 1, b: 1 }, { b: 2 }, { a: 2, b: 1 }, { a: 1, b: 2 }] as { a?: number; b: number }[];
    const field = (one: { a?: number; b: number }, { key }: { key: string }) => (key === "a" ? one.a : one.b);
    order(
      found,
      [
        { group: "attribute", key: "a", descending: true },
        { group: "attribute", key: "b", descending: false },
      ],
      field,
    );
    assert.deepEqual(found, [{ a: 2, b: 1 }, { a: 1, b: 1 }, { a: 1, b: 2 }, { b: 2 }]);
  });
});

describe("local Azure: tracked metrics", () => {
  it("are latest by step, then time, then value, and only when they can be seen", () => {
    let now = 0;
    const tracking = new TrackingStore(
      { experiments: new Store(), runs: new Store() },
      { now: () => now, metricDelay: () => 100 },
    );
    const run = tracking.addRun({ experimentId: tracking.defaultExperiment.id, name: "r" });
    const log = (value: number, step: number, timestamp: number) =>
      tracking.logMetric(run, { key: "m", value, step, timestamp });
    log(5, 2, 1);
    log(9, 1, 9);
    log(6, 2, 2);
    log(4, 2, 2);
    assert.deepEqual(tracking.latestMetrics(run), []);
    now = 100;
    assert.deepEqual(
      tracking.latestMetrics(run).map(({ value }) => value),
      [6],
    );
    assert.deepEqual(
      tracking.visibleMetrics(run, "m").map(({ value }) => value),
      [5, 9, 6, 4],
    );
    assert.deepEqual(tracking.visibleMetrics(run, "other"), []);
  });
  it("stay what they were after the state was written and read", () => {
    const stores = { experiments: new Store<never>(), runs: new Store<never>() };
    const time = { now: () => 1, metricDelay: () => 0 };
    const before = new TrackingStore(stores, time);
    before.logMetric(before.addRun({ id: "r", experimentId: "0", name: "r", tags: { a: "1" } }), {
      key: "m",
      value: 1,
      step: 0,
      timestamp: 0,
    });
    const kept = Object.fromEntries(
      Object.entries(stores).map(([name, store]) => {
        const read = new Store<never>();
        for (const [key, value] of JSON.parse(JSON.stringify([...store]))) read.set(key, value as never);
        return [name, read];
      }),
    ) as typeof stores;
    const after = new TrackingStore(kept, time);
    assert.equal(after.defaultExperiment.id, before.defaultExperiment.id);
    assert.deepEqual(after.runs.get("r"), before.runs.get("r"));
  });
});

describe("local Azure: processes and logs", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "jobs-parts-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const start = (command: string) =>
    startCommand({
      command,
      workingDirectory: folder,
      environment: { PATH: process.env["PATH"] ?? "" },
      outputFile: join(folder, "out"),
    });

  it("write both streams in order, and end with bash's code", async () => {
    assert.deepEqual(await start("echo one; echo two >&2; echo three; exit 4").ended, { code: 4, signal: null });
    assert.equal(readFileSync(join(folder, "out"), "utf8"), "one\ntwo\nthree\n");
  });
  it("are stopped gently first", async () => {
    const command = start("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done");
    await until("the command is up", () => existsText(join(folder, "out"), "up"));
    await command.stop(100_000);
    assert.match(readFileSync(join(folder, "out"), "utf8"), /^up\n(Terminated\n)?bye\n$/);
  });
  it("are killed when they do not listen", async () => {
    const command = start("trap '' TERM; echo up; while :; do sleep 0.05; done");
    await until("the command is up", () => existsText(join(folder, "out"), "up"));
    await command.stop(100);
    assert.deepEqual(await command.ended, { code: null, signal: "SIGKILL" });
  });
  it("carry a log over in pieces that join to the whole, and once only", async () => {
    const file = join(folder, "log");
    await writeFile(file, "begin\n");
    const pieces: Buffer[] = [];
    const carried = () => Buffer.concat(pieces).toString();
    const carrier = new LogCarrier(
      file,
      async (bytes) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        pieces.push(Buffer.from(bytes));
      },
      5,
    );
    const big = "x".repeat(2_500_000);
    for (const text of ["a\n", "", "ü", big, "end"]) {
      await appendFile(file, text);
      if (text !== "end") await until("what was appended is carried over", () => carried().endsWith(text));
    }
    await carrier.close();
    assert.equal(carried(), `begin\na\nü${big}end`);
  });
  it("tell when carrying a log over failed", async () => {
    const file = join(folder, "log");
    await writeFile(file, "x");
    const carrier = new LogCarrier(file, () => Promise.reject(new Error("storage is gone")), 5);
    await assert.rejects(carrier.close(), /storage is gone/);
  });
});

function existsText(file: string, text: string): boolean {
  try {
    return readFileSync(file, "utf8").includes(text);
  } catch {
    return false;
  }
}
