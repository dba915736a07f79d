// Runs that the tab is looked at with: small and complete, hostile, huge, old.
import { readFileSync } from "node:fs";
import path from "node:path";
import { crc32, deflateSync } from "node:zlib";
import {
  CURVES_TYPE,
  type Curve,
  EVIDENCE_TYPE,
  IMAGE_TYPE,
  type RunRecord,
  writeCurves,
} from "../../lib/record/index.ts";
import type { TabStep } from "./browser.ts";

const STUDIO = "https://ml.azure.com";
const task = (name: string) => ({ name, friendlyName: `Azure ML: ${name.slice(7)}`, version: "1.4.0" });
const at = (minutes: number, seconds = 0) => new Date(Date.UTC(2026, 10, 27, 9, minutes, seconds)).toISOString();

/** A record of version 1, as the extension left it before. */
export const old = (name: string): TabStep => {
  const file = path.join(import.meta.dirname, "../lib/record/version-1", `${name}.json`);
  const [, of = "", step = ""] = /^(\w+)-([\w-]+)$/.exec(name) ?? [];
  return { name: step, task: of, record: readFileSync(file, "utf8") };
};

export const oldTraining: readonly TabStep[] = [
  ...["AzureMLRegisterData-data", "AzureMLSubmitJob-train", "AzureMLEvaluateMetrics-judge"].map(old),
  ...["AzureMLEvaluateMetrics-better", "AzureMLRegisterModel-model"].map(old),
  ...["AzureMLDeployEndpoint-deploy", "AzureMLInvokeEndpoint-call"].map(old),
];

function chunk(type: string, content: Buffer): Buffer {
  const made = Buffer.alloc(12 + content.length);
  made.writeUInt32BE(content.length, 0);
  made.write(type, 4, "latin1");
  content.copy(made, 8);
  made.writeUInt32BE(crc32(made.subarray(4, 8 + content.length)), 8 + content.length);
  return made;
}

/** A confusion matrix of two classes as a PNG, eight dots to a unit. */
function matrixPicture(): Buffer {
  const size = 160;
  const pixels = Buffer.alloc(size * (size * 3 + 1));
  const shades = [
    [30, 200],
    [215, 50],
  ];
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const shade = shades[Math.floor((2 * y) / size)]?.[Math.floor((2 * x) / size)] ?? 0;
      pixels.set([shade, shade, 255 - shade / 4], y * (size * 3 + 1) + 1 + x * 3);
    }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(pixels)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const learning = (of: Curve["of"], run: string, best: number): Curve[] => {
  const steps = Array.from({ length: 60 }, (_, index) => index);
  return [
    { of, run, metric: "auc", steps, values: steps.map((step) => best - 0.4 * Math.exp(-step / 12)) },
    { of, run, metric: "loss", steps, values: steps.map((step) => (1 - best) * 2 + 0.9 * Math.exp(-step / 9)) },
  ];
};

/** Everything that version 2 of the record can say. */
export function complete(): TabStep[] {
  const run = {
    kind: "build",
    id: "12",
    number: "20261127.1",
    stage: "Train",
    attempt: 1,
    repository: "https://dev.azure.com/contoso/fraud/_git/fraud",
    branch: "refs/heads/main",
    commit: "5e0c0ffee5e0c0ffee5e0c0ffee5e0c0ffee5e0c",
  };
  const record = (name: string, minute: number, more: Partial<RunRecord>): RunRecord => ({
    ...{ version: 2, task: task(name), result: "succeeded", started: at(minute), finished: at(minute + 5) },
    run,
    ...more,
  });
  const picture = {
    type: IMAGE_TYPE,
    name: "image-0.png",
    path: "plots/confusion_matrix.png",
    mediaType: "image/png",
    bytes: 900,
  } as const;
  return [
    {
      name: "Register transactions",
      task: "AzureMLRegisterData",
      record: record("AzureMLRegisterData", 0, {
        data: {
          name: "transactions",
          version: "12",
          created: true,
          type: "uri_folder",
          studioUrl: `${STUDIO}/data/transactions/12`,
          change: {
            ...{ since: "11", added: 1, changed: 1, removed: 1, unchanged: 40 },
            files: [
              { path: "2026-11.csv", change: "added", bytes: 1_482_204 },
              { path: "2026-10.csv", change: "changed", bytes: 1_390_118 },
              { path: "2025-10.csv", change: "removed" },
            ],
          },
        },
      }),
    },
    {
      name: "Train",
      task: "AzureMLSubmitJob",
      record: record("AzureMLSubmitJob", 5, {
        job: {
          ...{ name: "fraud_12", status: "Completed", displayName: "Train fraud", experiment: "fraud" },
          ...{ studioUrl: `${STUDIO}/runs/fraud_12`, started: at(6), finished: at(31, 20) },
          metrics: { auc: 0.9312, loss: 0.1377, recall: 0.88 },
          inputs: { transactions: "azureml:transactions:12" },
          outputs: { model: "azureml://datastores/workspaceblobstore/paths/azureml/fraud_12/model" },
          curves: { type: CURVES_TYPE, name: "curves.json" },
          images: [picture],
          steps: [
            { id: "prepare", name: "Prepare", status: "Completed", started: at(6), finished: at(9), reused: true },
            { id: "fit", name: "Fit", status: "Completed", started: at(9), finished: at(29) },
            { id: "fold-1", name: "Fold 1", status: "Completed", parent: "fit", started: at(9), finished: at(18) },
            { id: "fold-2", name: "Fold 2", status: "Completed", parent: "fit", started: at(18), finished: at(29) },
            { id: "score", name: "Score", status: "Completed", started: at(29), finished: at(31, 20) },
          ],
          cost: {
            label: "List prices of Azure, without discounts, storage and network.",
            ...{ currency: "USD", estimatedMost: 4.1, nodeHours: 0.42, amount: 0.97 },
            run: { jobs: 1, nodeHours: 0.42, amount: 0.97, currency: "USD" },
          },
        },
      }),
      attachments: [
        {
          type: CURVES_TYPE,
          name: "curves.json",
          content: writeCurves([...learning("job", "fraud_12", 0.9312), ...learning("champion", "fraud_9", 0.921)]),
        },
        { type: IMAGE_TYPE, name: "image-0.png", content: matrixPicture() },
        { type: IMAGE_TYPE, name: "never-named.png", content: matrixPicture() },
      ],
    },
    {
      name: "Judge",
      task: "AzureMLEvaluateMetrics",
      record: record("AzureMLEvaluateMetrics", 36, {
        gate: {
          ...{ passed: true, jobName: "fraud_12", champion: "fraud:9" },
          rules: [
            { rule: "metrics.auc >= champion.auc", passed: true, detail: "metrics.auc = 0.9312 is at least 0.921." },
            { rule: "metrics.recall >= 0.85", passed: true, detail: "metrics.recall = 0.88 is at least 0.85." },
            { rule: "slices.night.auc >= 0.9", passed: true, outcome: "skipped", detail: "There is no such slice." },
          ],
          metrics: { auc: 0.9312, recall: 0.88 },
          championMetrics: { auc: 0.921, recall: 0.874 },
        },
        pullRequest: {
          ...{ id: "118", provider: "azureRepos", title: "Weigh night transactions", comment: "updated" },
          url: "https://dev.azure.com/contoso/fraud/_git/fraud/pullrequest/118",
          status: { name: "azureml/fraud", state: "succeeded" },
        },
        workItems: [{ id: "77", type: "User Story", title: "Fewer false alarms", state: "Active", change: "linked" }],
      }),
    },
    {
      name: "Compare",
      task: "AzureMLCompareModels",
      record: record("AzureMLCompareModels", 39, {
        job: { name: "compare-fraud-12-fraud-9-0123456789ab", status: "Completed", joined: true },
        comparison: {
          ...{ passed: true, outcome: "better", challenger: "fraud:12", champion: "fraud:9", data: "holdout:4" },
          ...{ metric: "auc", require: "better", confidence: 0.95, jobName: "compare-fraud-12-fraud-9-0123456789ab" },
          ...{ rows: 24_000, challengerValue: 0.9308, championValue: 0.9213, difference: 0.0095 },
          ...{ low: 0.0061, high: 0.0129, pValue: 4e-8, method: "DeLong's test" },
          detail: "The challenger is better. AUC 0.9308 against 0.9213 of the champion on the same 24,000 rows.",
        },
      }),
    },
    {
      name: "Register model",
      task: "AzureMLRegisterModel",
      record: record("AzureMLRegisterModel", 41, {
        model: {
          name: "fraud",
          version: "12",
          created: true,
          jobName: "fraud_12",
          studioUrl: `${STUDIO}/model/fraud:12`,
        },
        proof: {
          documents: [
            { kind: "bom", name: "fraud-12.cdx.json", sha256: "0f".repeat(32) },
            { kind: "signature", name: "fraud-12.sig", sha256: "a1".repeat(32) },
          ],
          ...{ signer: "contoso-signing", outcome: "passed", detail: "All 4 files have the digests that were signed." },
        },
        evidence: {
          summary: "AUC rises by 0.010.",
          attachment: { type: EVIDENCE_TYPE, name: "evidence.md" },
          decision: { outcome: "approved", by: "Rosa Reviewer", at: at(43) },
        },
      }),
      attachments: [
        {
          type: EVIDENCE_TYPE,
          name: "evidence.md",
          content: "AUC rises by 0.010.\n\nCost:\n- <b onclick=evil()>0.42 node-hours</b>\n",
        },
        { type: EVIDENCE_TYPE, name: "never-named.md", content: "of nobody" },
      ],
    },
    {
      name: "Deploy as a canary",
      task: "AzureMLDeployEndpoint",
      record: record("AzureMLDeployEndpoint", 46, {
        finished: at(80),
        deployment: {
          ...{ endpoint: "fraud", name: "green", state: "Succeeded", strategy: "canary" },
          model:
            "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w/models/fraud/versions/12",
          trafficBefore: { blue: 100 },
          traffic: { green: 100 },
          steps: [
            {
              share: 10,
              since: at(50),
              until: at(60),
              outcome: "pass",
              rules: [
                { rule: "new.errorRate <= 0.01", outcome: "pass", sentence: "new.errorRate = 0 is at most 0.01." },
              ],
            },
            { share: 50, since: at(60), until: at(70), outcome: "pass", reasons: ["1,204 requests were looked at."] },
            { share: 100, since: at(70) },
          ],
        },
      }),
    },
  ];
}

/** A canary that began so many seconds after midnight and took so many: two shares, and taken back. */
export function rolledOut(began: number, seconds: number): TabStep {
  const after = (share: number) => new Date(Date.UTC(2026, 10, 27) + (began + share * seconds) * 1_000).toISOString();
  return {
    name: `Deploy as a canary in ${seconds} s`,
    task: "AzureMLDeployEndpoint",
    record: {
      ...{ version: 2, result: "failed", task: task("AzureMLDeployEndpoint"), started: after(0), finished: after(1) },
      deployment: {
        ...{ endpoint: "fraud", name: "green", state: "Failed", strategy: "canary" },
        ...{ trafficBefore: { blue: 100 }, traffic: { blue: 100 } },
        steps: [
          { share: 10, since: after(0.1), until: after(0.3), outcome: "pass" },
          { share: 50, since: after(0.3), until: after(0.6), outcome: "fail" },
        ],
      },
    },
  };
}

const EVIL = [
  `<img src=x onerror="parent.pwned=1;window.pwned=1">`,
  `</script><script>window.pwned=1</script>`,
  `"><svg onload=window.pwned=1>`,
  `{{constructor.constructor('window.pwned=1')()}}`,
  `\u202Egnp.exe\u202C \u0000\u0007 ${"W".repeat(1_500)}`,
];
const BAD_LINKS = [
  "javascript:window.pwned=1",
  "data:text/html,<script>window.pwned=1</script>",
  "https://user:pass@evil.example/",
];

/** Text of others with everything that could be markup, in every place that holds text. */
export function hostile(): TabStep[] {
  const evil = EVIL.join(" ");
  const maps = Object.fromEntries(EVIL.map((one) => [one, one]));
  const numbers = Object.fromEntries(
    [...EVIL, "__proto__", "constructor", "toString"].map((one, index) => [one, index / 3]),
  );
  const steps = EVIL.map((name, index) => ({
    id: `${index}`,
    name,
    status: evil,
    parent: `${(index + 1) % EVIL.length}`,
    studioUrl: BAD_LINKS[0]!,
  }));
  const record: RunRecord = {
    ...{ version: 2, result: "failed", started: evil, finished: "not a time" },
    task: { name: "AzureMLSubmitJob", friendlyName: evil, version: evil },
    run: {
      kind: evil,
      id: evil,
      stage: evil,
      step: evil,
      repository: BAD_LINKS[0]!,
      commit: evil,
      attempt: Number.MAX_VALUE,
    },
    workspace: { name: evil },
    data: {
      name: evil,
      version: evil,
      path: evil,
      studioUrl: BAD_LINKS[1]!,
      change: { files: [{ path: evil, change: "added", bytes: -1 }] },
    },
    job: {
      name: evil,
      status: evil,
      displayName: evil,
      studioUrl: BAD_LINKS[0]!,
      metrics: numbers,
      outputs: maps,
      inputs: maps,
      error: evil,
      steps,
      images: [{ type: IMAGE_TYPE, name: "evil.png", path: evil, mediaType: "image/png", bytes: 1 }],
    },
    gate: {
      passed: false,
      jobName: evil,
      champion: evil,
      rules: EVIL.map((rule) => ({ rule, passed: false, detail: evil })),
      metrics: numbers,
      championMetrics: numbers,
    },
    model: { name: evil, version: evil, jobName: evil, studioUrl: BAD_LINKS[2]! },
    deployment: {
      endpoint: evil,
      name: evil,
      model: evil,
      traffic: numbers,
      trafficBefore: numbers,
      steps: [{ share: 1e300, since: evil, outcome: "fail", reasons: EVIL }],
      failure: { guide: BAD_LINKS[0]!, lastLine: evil, kind: evil },
    },
    monitor: {
      ...{ outcome: "breached", reasons: EVIL, name: evil, job: evil, studioUrl: BAD_LINKS[0]!, at: evil, to: evil },
      ...{ endpoint: evil, from: evil, liveModel: evil },
      signals: EVIL.map((name) => ({
        ...{ name, type: evil, outcome: "breached", sentence: evil, production: -1 },
        metrics: [{ metric: evil, of: evil, value: 1e300, threshold: -1e300, broken: true }],
      })),
      deployments: EVIL.map((name) => ({ name, outcome: "noEvidence", reasons: EVIL, numbers })),
      earlier: [at(3), at(2), evil].flatMap((when) => [
        { at: when, outcome: "noEvidence", job: evil, reason: evil },
        {
          ...{ at: when, outcome: "breached", job: evil },
          signals: [{ name: evil, outcome: "breached", metrics: [{ metric: evil, of: evil, value: 1, broken: true }] }],
        },
        { at: when, outcome: "healthy", deployments: [{ name: evil, outcome: "breached", numbers }] },
      ]),
    },
    lineage: {
      nodes: BAD_LINKS.map((url, index) => ({ kind: "commit", id: `${index}`, name: evil, url })),
      edges: [
        { from: "0", to: "1" },
        { from: "1", to: "0" },
      ],
    },
    proof: { documents: [{ kind: "bom", name: evil, uri: BAD_LINKS[0]! }] },
    error: { message: evil, hint: evil, code: evil },
  };
  const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>parent.pwned=1</script></svg>`;
  const curve = { of: "job", run: evil, metric: evil, steps: [0, 1, 2], values: [1, 2, -1e300] } as const;
  return [
    {
      name: evil,
      task: "AzureMLSubmitJob",
      record,
      attachments: [
        { type: IMAGE_TYPE, name: "evil.png", content: svg },
        { type: CURVES_TYPE, name: "curves.json", content: writeCurves([curve]) },
        { type: CURVES_TYPE, name: "../../../../../evil?x=#y", content: "{" },
        { type: CURVES_TYPE, name: "../../../../../evil&x=#y", content: "{" },
      ],
    },
  ];
}

/** A monitor and its endpoint in production, over ten days and six hours: drift that comes, one failed run, an hour without requests. */
export function production(): TabStep[] {
  const day = (index: number) => new Date(Date.UTC(2026, 10, 27 - index, 3, 15)).toISOString();
  const hour = (index: number) => new Date(Date.UTC(2026, 10, 27, 9 - index, 0)).toISOString();
  const metricsOf = (index: number) => {
    const [age, amount] = [Math.max(0.01, 0.31 - 0.04 * index), 0.02 + 0.001 * index];
    const limit = { metric: "JensenShannonDistance", threshold: 0.2 };
    return [
      { ...limit, of: "age", value: age, ...(age > 0.2 ? { broken: true } : {}) },
      { ...limit, of: "amount", value: amount },
    ];
  };
  const outcomeOf = (index: number) => (index < 3 ? ("breached" as const) : ("healthy" as const));
  const window = (index: number) => {
    const isQuiet = index === 3;
    const outcome = isQuiet ? ("noEvidence" as const) : index === 1 ? ("breached" as const) : ("healthy" as const);
    const errorRate = index === 1 ? 0.04 : 0.002;
    const numbers = isQuiet ? { requests: 0 } : { requests: 1_200 - index, errorRate, latencyP95: 180 + index };
    return { outcome, deployments: [{ name: "green", outcome, numbers }] };
  };
  const record: RunRecord = {
    ...{ version: 2, task: task("AzureMLCheckMonitor"), result: "failed", started: at(0), finished: at(1) },
    workspace: { name: "ws1" },
    monitor: {
      ...{ outcome: "breached", reasons: ["inputs: JensenShannonDistance of age is 0.31, above 0.2."] },
      ...{ name: "fraud-drift", job: "fraud-drift-0", at: day(0), studioUrl: `${STUDIO}/runs/fraud-drift-0` },
      signals: [
        {
          ...{ name: "inputs", type: "DataDrift", outcome: "breached", production: 2_410 },
          sentence: "inputs: JensenShannonDistance of age is 0.31, above 0.2.",
          metrics: metricsOf(0),
        },
      ],
      ...{ endpoint: "fraud", from: hour(1), to: hour(0) },
      deployments: [{ ...window(0).deployments[0]!, reasons: ["new.errorRate <= 0.01: 0.002 <= 0.01"] }],
      earlier: [
        ...Array.from({ length: 9 }, (_, index) => {
          const past = { at: day(index + 1), job: `fraud-drift-${index + 1}` };
          if (index === 4)
            return { ...past, outcome: "noEvidence" as const, reason: "The run is Failed.", signals: [] };
          const outcome = outcomeOf(index + 1);
          return { ...past, outcome, signals: [{ name: "inputs", outcome, metrics: metricsOf(index + 1) }] };
        }),
        ...Array.from({ length: 5 }, (_, index) => ({ at: hour(index + 1), ...window(index + 1) })),
      ],
    },
  };
  return [{ name: "Check what is live", task: "AzureMLCheckMonitor", record }];
}

/** A thousand rules, fifty jobs with forty steps each, two hundred deployments' worth of lineage. */
export function huge(): TabStep[] {
  const rules = Array.from({ length: 1_000 }, (_, index) => ({
    rule: `slices.region_${index}.auc >= champion.region_${index}.auc - 0.01`,
    passed: index % 97 !== 5,
    detail: `slices.region_${index}.auc = 0.9312 against 0.9174 of the champion.`,
  }));
  const jobs = Array.from({ length: 50 }, (_, index): TabStep => {
    const steps = Array.from({ length: 40 }, (_, step) => ({
      id: `${index}-${step}`,
      name: `Step ${step}`,
      status: step === 39 ? "Failed" : "Completed",
      ...(step % 4 === 0 ? {} : { parent: `${index}-${step - 1}` }),
      ...{ started: at(step), finished: at(step + 1) },
    }));
    const name = `train_region_${index}`;
    return {
      name: `Train region ${index}`,
      task: "AzureMLSubmitJob",
      record: {
        ...{ version: 2, task: task("AzureMLSubmitJob"), result: "succeeded", started: at(index) },
        run: { kind: "build", step: `train${index}`, commit: "b".repeat(40) },
        job: {
          name,
          status: "Completed",
          started: at(0),
          finished: at(40),
          steps,
          inputs: { data: "azureml:transactions:12" },
        },
      },
      attachments: [
        { type: CURVES_TYPE, name: "curves.json", content: writeCurves(learning("job", name, 0.9 + index / 1_000)) },
      ],
    };
  });
  return [
    ...jobs,
    {
      name: "Judge all regions",
      task: "AzureMLEvaluateMetrics",
      record: {
        ...{ version: 2, task: task("AzureMLEvaluateMetrics"), result: "failed", started: at(59) },
        gate: { passed: false, jobName: "train_region_0", champion: "fraud:9", rules },
      },
    },
  ];
}

/** Checks, a plan of a clean-up, and a rollback. */
export function operations(): TabStep[] {
  const begin = (name: string, minute: number) =>
    ({ version: 2, task: task(name), result: "succeeded", started: at(minute), finished: at(minute + 1) }) as const;
  return [
    {
      name: "Check the setup",
      task: "AzureMLCheckSetup",
      record: {
        ...begin("AzureMLCheckSetup", 0),
        setup: {
          checks: [
            { id: "token", outcome: "passed", asked: "A token for Azure", answered: "there is one" },
            {
              id: "compute cpu",
              outcome: "failed",
              asked: "The compute cpu",
              answered: "there is none",
              remedy: "Make it.",
            },
            { id: "registry", outcome: "notNeeded", asked: "The registry", answered: "none is used" },
          ],
        },
      },
    },
    {
      name: "Clean up",
      task: "AzureMLCleanUp",
      record: {
        ...begin("AzureMLCleanUp", 2),
        cleanUp: {
          isPlan: true,
          counts: { endpoints: 1 },
          changes: [{ kind: "endpoint", name: "fraud-test", outcome: "deleted", why: "no request for 30 days" }],
        },
      },
    },
    {
      name: "Apply",
      task: "AzureMLApply",
      record: {
        ...begin("AzureMLApply", 3),
        applied: {
          counts: { created: 1, unchanged: 1 },
          resources: [
            { kind: "compute", name: "cpu", file: "azureml/compute.yml", outcome: "created" },
            { kind: "datastore", name: "raw", file: "azureml/raw.yml", outcome: "unchanged" },
          ],
        },
        watch: {
          started: [
            {
              version: "fraud:12",
              reference: "#31",
              url: "https://dev.azure.com/contoso/fraud/_build/results?buildId=31",
            },
          ],
        },
      },
    },
    {
      name: "Roll back",
      task: "AzureMLRollback",
      record: {
        ...begin("AzureMLRollback", 4),
        rollback: {
          endpoint: "fraud",
          to: "blue",
          from: ["green"],
          changed: true,
          trafficBefore: { green: 100 },
          traffic: { blue: 100 },
        },
      },
    },
  ];
}
