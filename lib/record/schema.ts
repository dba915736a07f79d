// The schema of a record, as the writer and the reader hold it; docs/record.schema.json publishes it.
// Tests: test/lib/record/record.test.ts
import { comparisonShape } from "./comparison.ts";
import { dataCheckShape } from "./data-check.ts";
import { flag, list, map, number, oneOf, type Shape, section, text } from "./shape.ts";

const attachment = section({ type: text(200), name: text(500) }, "type", "name");
const image = section(
  {
    type: text(200),
    name: text(500),
    path: text(1_000),
    mediaType: oneOf("image/png", "image/jpeg"),
    bytes: number,
  },
  "type",
  "name",
  "path",
  "mediaType",
  "bytes",
);
const step = section(
  {
    id: text(500),
    name: text(500),
    status: text(100),
    parent: text(500),
    started: text(100),
    finished: text(100),
    reused: flag,
    studioUrl: text(),
  },
  "id",
  "name",
  "status",
);
const change = section({
  since: text(),
  added: number,
  changed: number,
  removed: number,
  unchanged: number,
  files: list(
    section({ path: text(1_000), change: oneOf("added", "changed", "removed"), bytes: number }, "path", "change"),
  ),
  unknown: text(),
});

const health = oneOf("healthy", "breached", "noEvidence");
const monitored = section(
  { metric: text(500), of: text(500), value: number, threshold: number, broken: flag },
  "metric",
);

/** Sections that version 2 brought. */
const evidence = {
  monitor: section(
    {
      outcome: health,
      reasons: list(text()),
      name: text(500),
      job: text(500),
      studioUrl: text(),
      at: text(100),
      liveModel: text(500),
      signals: list(
        section(
          {
            ...{ name: text(500), type: text(100), outcome: health, sentence: text(4_000) },
            ...{ reference: number, production: number, metrics: list(monitored) },
          },
          "name",
          "outcome",
        ),
      ),
      endpoint: text(500),
      from: text(100),
      to: text(100),
      deployments: list(
        section({ name: text(500), outcome: health, reasons: list(text()), numbers: map(number) }, "name", "outcome"),
      ),
      earlier: list(
        section(
          {
            ...{ at: text(100), outcome: health, job: text(500), reason: text(4_000) },
            signals: list(section({ name: text(500), outcome: health, metrics: list(monitored) }, "name", "outcome")),
            deployments: list(section({ name: text(500), outcome: health, numbers: map(number) }, "name", "outcome")),
          },
          "at",
          "outcome",
        ),
      ),
    },
    "outcome",
  ),
  lineage: section(
    {
      nodes: list(
        section(
          {
            kind: oneOf(
              ...["commit", "pullRequest", "workItem", "run", "data", "environment", "job", "model", "deployment"],
            ),
            id: text(),
            name: text(500),
            url: text(),
          },
          "kind",
          "id",
        ),
      ),
      edges: list(section({ from: text(), to: text() }, "to", "from"), 400),
    },
    "nodes",
  ),
  pullRequest: section(
    {
      id: text(100),
      provider: oneOf("azureRepos", "gitHub"),
      url: text(),
      title: text(500),
      comment: oneOf("created", "updated", "unchanged", "refused"),
      status: section({ name: text(500), state: text(100) }, "name", "state"),
    },
    "id",
  ),
  workItems: list(
    section(
      {
        id: text(100),
        type: text(200),
        title: text(500),
        state: text(200),
        url: text(),
        change: oneOf("created", "linked", "commented", "refused"),
      },
      "id",
    ),
  ),
  evidence: section({
    summary: text(4_000),
    attachment,
    decision: section({ outcome: text(100), by: text(500), at: text(100), comment: text() }, "outcome"),
  }),
  proof: section(
    {
      documents: list(
        section(
          {
            kind: oneOf("bom", "provenance", "signature", "certificate"),
            name: text(500),
            sha256: text(100),
            uri: text(),
            attachment,
          },
          "kind",
          "name",
        ),
      ),
      signer: text(500),
      outcome: oneOf("passed", "failed", "notAsked"),
      detail: text(),
      model: text(),
      asset: text(),
      digest: text(64),
      files: number,
      bytes: number,
      created: flag,
      builder: text(),
      invocation: text(),
    },
    "documents",
  ),
};

const asset = section(
  {
    name: text(),
    version: text(),
    id: text(),
    type: text(),
    path: text(),
    created: flag,
    jobName: text(),
    studioUrl: text(),
    change,
  },
  "name",
  "version",
);
const rule = section(
  { rule: text(), passed: flag, outcome: oneOf("passed", "failed", "skipped"), undecided: flag, detail: text() },
  "rule",
  "passed",
  "detail",
);

export const recordShape: Shape = section(
  {
    version: number,
    task: section({ name: text(), friendlyName: text(), version: text() }, "name", "friendlyName", "version"),
    result: oneOf("succeeded", "succeededWithIssues", "failed", "canceled"),
    started: text(),
    finished: text(),
    run: section({
      kind: text(),
      project: text(),
      definition: text(),
      id: text(),
      number: text(),
      uri: text(),
      stage: text(),
      job: text(),
      step: text(),
      attempt: number,
      repository: text(),
      branch: text(),
      commit: text(),
    }),
    workspace: section({ name: text(), resourceGroup: text(), subscriptionId: text(), location: text() }, "name"),
    data: asset,
    job: section(
      {
        name: text(),
        status: text(),
        id: text(),
        displayName: text(),
        experiment: text(),
        studioUrl: text(),
        endpoint: text(),
        deployment: text(),
        joined: flag,
        started: text(),
        finished: text(),
        metrics: map(number),
        outputs: map(text()),
        inputs: map(text()),
        steps: list(step, 1_000),
        curves: attachment,
        images: list(image, 24),
        cost: section(
          {
            label: text(),
            currency: text(10),
            estimatedPerHour: number,
            estimatedMost: number,
            nodeHours: number,
            amount: number,
            unpriced: list(text(200)),
            run: section({ jobs: number, nodeHours: number, amount: number, currency: text(10) }, "jobs", "nodeHours"),
          },
          "label",
        ),
        error: text(4_000),
      },
      "name",
      "status",
    ),
    gate: section(
      {
        passed: flag,
        jobName: text(),
        jobCreated: text(),
        isPlan: flag,
        champion: text(),
        rules: list(rule, 1_000),
        metrics: map(number),
        championMetrics: map(number),
        metricRuns: map(text(300)),
        championWhy: text(),
        championJob: text(),
        sameData: section(
          {
            verdict: oneOf("same", "different", "unknown"),
            why: text(4_000),
            inputs: list(
              section(
                {
                  input: text(),
                  verdict: oneOf("same", "different", "unknown"),
                  job: text(),
                  champion: text(),
                  why: text(),
                },
                "input",
                "verdict",
              ),
              100,
            ),
          },
          "verdict",
          "why",
          "inputs",
        ),
        curves: attachment,
        images: list(image, 24),
      },
      "passed",
      "rules",
    ),
    comparison: comparisonShape,
    model: asset,
    promotion: section(
      {
        from: text(),
        target: text(),
        created: flag,
        restored: flag,
        contentHash: text(),
        files: number,
        bytes: number,
        evidence: map(text()),
        metrics: map(number),
        approvedBy: text(),
        environments: list(text()),
        components: list(text()),
      },
      "from",
      "target",
      "contentHash",
    ),
    deployment: section(
      {
        endpoint: text(),
        name: text(),
        model: text(),
        scoringUri: text(),
        state: text(),
        trafficBefore: map(number),
        traffic: map(number),
        studioUrl: text(),
        changed: flag,
        strategy: oneOf("blueGreen", "canary", "shadow", "inPlace"),
        steps: list(
          section(
            {
              share: number,
              since: text(),
              until: text(),
              outcome: oneOf("pass", "fail", "inconclusive"),
              reasons: list(text()),
              rules: list(
                section(
                  { rule: text(), outcome: oneOf("pass", "fail", "inconclusive"), sentence: text() },
                  "rule",
                  "outcome",
                  "sentence",
                ),
              ),
            },
            "share",
            "since",
          ),
        ),
        autoscale: text(),
        failure: section({
          kind: text(),
          code: text(),
          means: text(),
          remedy: text(),
          guide: text(),
          lastLine: text(),
          log: text(),
        }),
      },
      "endpoint",
      "name",
    ),
    rollback: section(
      {
        endpoint: text(),
        to: text(),
        reason: text(),
        from: list(text()),
        ended: text(),
        changed: flag,
        workItems: list(text(20)),
        trafficBefore: map(number),
        traffic: map(number),
      },
      "endpoint",
      "to",
    ),
    invocation: section(
      {
        endpoint: text(),
        deployment: text(),
        statusCode: number,
        latencyInMilliseconds: number,
        reply: text(4_000),
        expectations: list(rule),
      },
      "endpoint",
      "statusCode",
      "latencyInMilliseconds",
    ),
    setup: section(
      {
        checks: list(
          section(
            {
              id: text(),
              outcome: oneOf("passed", "failed", "warned", "notAsked", "notNeeded"),
              asked: text(),
              answered: text(),
              remedy: text(),
            },
            "id",
            "outcome",
            "asked",
            "answered",
          ),
        ),
      },
      "checks",
    ),
    preflight: section(
      {
        checks: list(
          section(
            { id: text(), outcome: oneOf("passed", "failed", "warned", "notAsked"), answered: text(), remedy: text() },
            "id",
            "outcome",
            "answered",
          ),
        ),
      },
      "checks",
    ),
    cleanUp: section(
      {
        isPlan: flag,
        counts: map(number),
        changes: list(
          section(
            {
              kind: oneOf("endpoint", "deployment", "model", "data"),
              name: text(),
              outcome: oneOf("deleted", "archived", "kept", "failed", "left"),
              why: text(),
            },
            "kind",
            "name",
            "outcome",
            "why",
          ),
        ),
      },
      "counts",
      "changes",
    ),
    applied: section(
      {
        isPlan: flag,
        counts: map(number),
        resources: list(
          section(
            {
              kind: text(100),
              name: text(500),
              file: text(500),
              outcome: oneOf("created", "updated", "unchanged", "failed", "left"),
            },
            "kind",
            "name",
            "file",
            "outcome",
          ),
        ),
      },
      "counts",
      "resources",
    ),
    watch: section(
      {
        started: list(
          section(
            { version: text(500), reference: text(500), url: text(), before: flag },
            "version",
            "reference",
            "url",
          ),
        ),
        monitors: list(
          section(
            { name: text(500), run: text(500), at: text(), breached: list(text(500)), outcome: health },
            "name",
            "breached",
          ),
        ),
        decision: text(),
        breach: section(
          { monitor: text(500), run: text(500), at: text(100), signals: list(text(500)), liveModel: text(500) },
          "monitor",
          "run",
          "signals",
        ),
      },
      "started",
    ),
    dataCheck: dataCheckShape,
    ...evidence,
    omitted: map(number),
    error: section({ message: text(8_000), hint: text(), requestId: text(), code: text() }, "message"),
  },
  "version",
  "task",
  "result",
  "started",
);
