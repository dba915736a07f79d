// The schema of a record: the writer and the reader both validate against it, so that neither lets anything else through.
// Tests: test/lib/record/record.test.ts

/** Longest text and most entries, unless a shape says otherwise. */
const LONGEST = 2_000;
const MOST = 200;
const LONGEST_KEY = 200;

export type Shape =
  | { readonly kind: "text"; readonly longest: number }
  | { readonly kind: "number" }
  | { readonly kind: "flag" }
  | { readonly kind: "oneOf"; readonly words: readonly string[] }
  | { readonly kind: "map"; readonly of: Shape }
  | { readonly kind: "list"; readonly of: Shape }
  | {
      readonly kind: "section";
      readonly fields: Readonly<Record<string, Shape>>;
      readonly required: readonly string[];
    };

const text = (longest = LONGEST): Shape => ({ kind: "text", longest });
const number: Shape = { kind: "number" };
const flag: Shape = { kind: "flag" };
const oneOf = (...words: string[]): Shape => ({ kind: "oneOf", words });
const map = (of: Shape): Shape => ({ kind: "map", of });
const list = (of: Shape): Shape => ({ kind: "list", of });
const section = (fields: Record<string, Shape>, ...required: string[]): Shape => ({
  kind: "section",
  fields,
  required,
});

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
  },
  "name",
  "version",
);
const rule = section(
  { rule: text(), passed: flag, outcome: oneOf("passed", "failed", "skipped"), detail: text() },
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
        rules: list(rule),
        metrics: map(number),
        championMetrics: map(number),
      },
      "passed",
      "rules",
    ),
    model: asset,
    promotion: section(
      {
        from: text(),
        target: text(),
        created: flag,
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
          todo: text(),
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
              todo: text(),
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
            { id: text(), outcome: oneOf("passed", "failed", "warned", "notAsked"), answered: text(), todo: text() },
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
    error: section({ message: text(8_000), hint: text(), requestId: text(), code: text() }, "message"),
  },
  "version",
  "task",
  "result",
  "started",
);

/** The part of `value` that fits the shape; undefined if none does, or if a required field of a section is missing. */
export function keepKnown(shape: Shape, value: unknown, text: (text: string) => string): unknown {
  switch (shape.kind) {
    case "text": {
      if (typeof value !== "string" && typeof value !== "number") return undefined;
      // A margin beyond what is kept, so that a secret at the cut is still whole when it is looked for.
      const clean = text(String(value).slice(0, shape.longest + LONGEST));
      return clean.length > shape.longest ? `${clean.slice(0, shape.longest - 1)}…` : clean;
    }
    case "number":
      return typeof value === "number" && Number.isFinite(value) ? value : undefined;
    case "flag":
      return typeof value === "boolean" ? value : undefined;
    case "oneOf":
      return typeof value === "string" && shape.words.includes(value) ? value : undefined;
    case "list":
      if (!Array.isArray(value)) return undefined;
      return value.slice(0, MOST).flatMap((one) => keepKnown(shape.of, one, text) ?? []);
    case "map":
      if (!isObject(value)) return undefined;
      return Object.fromEntries(
        Object.entries(value)
          .slice(0, MOST)
          .flatMap(([key, one]) => {
            const fitting = keepKnown(shape.of, one, text);
            if (fitting === undefined || key === "__proto__") return [];
            return [[text(key.slice(0, LONGEST)).slice(0, LONGEST_KEY), fitting] as const];
          }),
      );
    case "section": {
      if (!isObject(value)) return undefined;
      const fitting: Record<string, unknown> = {};
      for (const [key, field] of Object.entries(shape.fields)) {
        const one = Object.hasOwn(value, key) ? keepKnown(field, value[key], text) : undefined;
        if (one !== undefined) fitting[key] = one;
      }
      return shape.required.every((key) => key in fitting) ? fitting : undefined;
    }
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
