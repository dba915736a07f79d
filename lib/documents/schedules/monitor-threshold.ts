// From which value on a monitor's metric is an alert (docs/facts/azureml-documents.md#2.12).
// Tests: test/lib/documents/schedules/monitor.test.ts
import { map, object, optional, required } from "../language/object.ts";
import { enumeration, number, text } from "../language/scalar.ts";
import { camelCase, type Infer, type Reading } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";

type Values = Readonly<Record<string, number | undefined>>;

/** Drift of one kind of column is measured by one metric. */
function single(value: Values, node: MapNode, at: Reading): void {
  const names = Object.keys(value);
  if (names.length !== 1)
    at.fault(
      node,
      `${at.name} has ${names.length === 0 ? "no metric" : `the metrics ${names.join(", ")}`}; drift is measured by one metric.`,
    );
}

const numericalDrift = object(
  "numerical metrics",
  {
    jensen_shannon_distance: optional(number),
    normalized_wasserstein_distance: optional(number),
    population_stability_index: optional(number),
    two_sample_kolmogorov_smirnov_test: optional(number),
  },
  { check: single },
);
const categoricalDrift = object(
  "categorical metrics",
  {
    jensen_shannon_distance: optional(number),
    population_stability_index: optional(number),
    pearsons_chi_squared_test: optional(number),
  },
  { check: single },
);
const quality = object("metrics", {
  null_value_rate: optional(number),
  data_type_error_rate: optional(number),
  out_of_bounds_rate: optional(number),
});

export const driftThresholds = object("metric thresholds", {
  numerical: optional(numericalDrift),
  categorical: optional(categoricalDrift),
});
export const qualityThresholds = object("metric thresholds", {
  numerical: optional(quality),
  categorical: optional(quality),
});
export const attributionThresholds = object("metric thresholds", {
  normalized_discounted_cumulative_gain: optional(number),
});
export const performanceThresholds = object("metric thresholds", {
  classification: optional(
    object("classification metrics", {
      accuracy: optional(number),
      precision: optional(number),
      recall: optional(number),
    }),
  ),
  regression: optional(
    object("regression metrics", { mae: optional(number), mse: optional(number), rmse: optional(number) }),
  ),
});
export const customThreshold = object("a metric threshold", {
  metric_name: required(text()),
  threshold: optional(number),
});

const SAFETY = ["groundedness", "relevance", "coherence", "fluency", "similarity"] as const;
/** Per measure: which share of answers must pass, and from which score on one passes. */
export const safetyThresholds = object(
  "metric thresholds",
  Object.fromEntries(SAFETY.map((name) => [name, optional(map(number, { declared: true }))])) as Record<
    (typeof SAFETY)[number],
    ReturnType<typeof optional<Values>>
  >,
  {
    check(value, node, at) {
      for (const [name, values] of Object.entries(value)) {
        const place = node.entries.get(name);
        const allowed = [`aggregated_${name}_pass_rate`, `acceptable_${name}_score_per_instance`];
        for (const key of Object.keys(values ?? {}))
          if (place?.kind === "map" && !allowed.includes(key))
            at.step(name)
              .step(key)
              .fault(place.entries.get(key) ?? place, `${name} has no threshold "${key}".`, { allowed });
        if (place && values?.[allowed[0] ?? ""] === undefined)
          at.step(name).fault(place, `${name} needs the threshold "${allowed[0]}".`);
      }
    },
  },
);

const TOKENS = ["total_token_count", "total_token_count_per_group"] as const;
export const tokenThresholds = object("metric thresholds", {
  totaltoken: optional(
    object("token counts", {
      total_token_count: optional(number),
      total_token_count_per_group: optional(number),
    }),
  ),
});

export type DriftThresholds = Infer<typeof driftThresholds>;

/** The body for an out-of-box monitor. */
export const DEFAULT_DRIFT: DriftThresholds = {
  numerical: { normalized_wasserstein_distance: 0.1 },
  categorical: { jensen_shannon_distance: 0.1 },
};
const QUALITY = Object.keys(quality.fields);
const NO_ERRORS = { null_value_rate: 0, data_type_error_rate: 0, out_of_bounds_rate: 0 };
export const DEFAULT_QUALITY: Infer<typeof qualityThresholds> = { numerical: NO_ERRORS, categorical: NO_ERRORS };

/** Thresholds by type of column, for drift and quality. */
export function columnThresholds(value: { numerical?: Values; categorical?: Values }): object[] {
  const of = (dataType: string, values: Values | undefined) =>
    metrics(values ?? {}).map((threshold) => ({ dataType, ...threshold }));
  return [...of("Numerical", value.numerical), ...of("Categorical", value.categorical)];
}

/** In the order of Azure's client, not of the YAML. */
function metrics(values: Values): { metric: string; threshold: { value: number } }[] {
  const names = Object.keys(values).sort((left, right) => QUALITY.indexOf(left) - QUALITY.indexOf(right));
  return names.flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [{ metric: camelCase(name), threshold: { value } }];
  });
}

export function attributionThreshold(value: Infer<typeof attributionThresholds>): object {
  const limit = value.normalized_discounted_cumulative_gain;
  return {
    metric: "normalizedDiscountedCumulativeGain",
    ...(limit === undefined ? {} : { threshold: { value: limit } }),
  };
}

const PERFORMANCE = {
  accuracy: "Accuracy",
  precision: "Precision",
  recall: "Recall",
  mae: "MeanAbsoluteError",
  mse: "MeanSquaredError",
  rmse: "RootMeanSquaredError",
} as const;

/** Every threshold of a model's performance; the service's own resource has room for one, and takes all as a property. */
export function performanceLimits(
  value: Infer<typeof performanceThresholds>,
): readonly { modelType: string; metric: string; threshold: { value: number } }[] {
  return (["classification", "regression"] as const).flatMap((modelType) =>
    Object.entries(value[modelType] ?? {}).map(([name, limit]) => ({
      modelType,
      metric: PERFORMANCE[name as keyof typeof PERFORMANCE],
      threshold: { value: limit as number },
    })),
  );
}

/** The score from which on an answer passes, where the YAML names none. */
const PASSING_SCORE = 3;

export function safetyLimits(value: Infer<typeof safetyThresholds>): object[] {
  return SAFETY.flatMap((name) => {
    const values = value[name];
    if (values === undefined) return [];
    const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const score = values[`acceptable_${name}_score_per_instance`] ?? PASSING_SCORE;
    return [
      { metric: `Acceptable${title}ScorePerInstance`, threshold: { value: score } },
      { metric: `Aggregated${title}PassRate`, threshold: { value: values[`aggregated_${name}_pass_rate`] } },
    ];
  });
}

/** Token counts; without any, both are watched from nought on. */
export function tokenLimits(value: Infer<typeof tokenThresholds> | undefined): object[] {
  const given: Values = value?.totaltoken ?? { total_token_count: 0, total_token_count_per_group: 0 };
  return TOKENS.flatMap((name) => {
    const limit = given[name];
    const metric = name === "total_token_count" ? "TotalTokenCount" : "TotalTokenCountPerGroup";
    return limit === undefined ? [] : [{ metric, threshold: { value: limit } }];
  });
}

export const featureTypes = map(enumeration(["numerical", "categorical"]));
