// The signals of a monitor: what is compared with what, and by which metrics (docs/facts/azureml-documents.md#2.12).
// Tests: test/lib/documents/schedules/monitor.test.ts

import { present } from "../../plain-objects.ts";
import { writeInput } from "../assets/io.ts";
import { pascal } from "../jobs/automl-task.ts";
import { byType } from "../language/by-type.ts";

import { list, map, object, optional, required } from "../language/object.ts";
import { assetReference } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { boolean, enumeration, integer, looseText, number, secretText, text } from "../language/scalar.ts";
import { described, type Infer, type Shape, snakeCase } from "../language/shape.ts";
import {
  dataInputs,
  languageData,
  type MonitorData,
  productionData,
  rawReference,
  referenceBody,
  referenceData,
  trailingBody,
  type Windows,
} from "./monitor-data.ts";
import {
  attributionThreshold,
  attributionThresholds,
  columnThresholds,
  customThreshold,
  driftThresholds,
  featureTypes,
  performanceLimits,
  performanceThresholds,
  qualityThresholds,
  safetyLimits,
  safetyThresholds,
  tokenLimits,
  tokenThresholds,
} from "./monitor-threshold.ts";

const typed = <const N extends string>(name: N) => required(enumeration([name], { fold: "snake" }));

type Features = { kind: "all" } | { kind: "top"; top: number } | { kind: "some"; names: readonly string[] };

const topFeatures = object("features", { top_n_feature_importance: required(integer({ minimum: 1 })) });

const features: Shape<Features> = {
  expects: "all_features, a list of columns, or a mapping with top_n_feature_importance",
  below: topFeatures.below,
  read(node, at) {
    if (node.kind === "scalar" && snakeCase(node.text) === "all_features") return { kind: "all" };
    if (node.kind === "scalar")
      return at.fault(node, `${at.name} is ${described(node)}; ${this.expects} is needed.`, {
        allowed: ["all_features"],
      });
    if (node.kind === "list") {
      const names = list(text()).read(node, at);
      return names && { kind: "some", names };
    }
    const value = topFeatures.read(node, at);
    return value && { kind: "top", top: value.top_n_feature_importance };
  },
  write(value) {
    if (value.kind === "all") return { filterType: "AllFeatures" };
    return value.kind === "top"
      ? { filterType: "TopNByAttribution", top: value.top }
      : { filterType: "FeatureSubset", features: value.names };
  },
};

const segment = object("a data segment", { feature_name: optional(text()), feature_values: optional(list(looseText)) });

const header = { alert_enabled: optional(boolean), properties: optional(map(looseText)) };
const pair = { production_data: optional(productionData), reference_data: optional(referenceData) };
const columns = { features: optional(features), feature_type_override: optional(featureTypes) };

const connection = object("a connection", {
  environment_variables: optional(map(looseText)),
  secret_config: optional(map(secretText)),
});

const shapes = {
  data_drift: object("a data drift signal", {
    type: typed("data_drift"),
    ...header,
    ...pair,
    ...columns,
    metric_thresholds: optional(driftThresholds),
    data_segment: optional(segment),
  }),
  data_quality: object("a data quality signal", {
    type: typed("data_quality"),
    ...header,
    ...pair,
    ...columns,
    metric_thresholds: optional(qualityThresholds),
  }),
  prediction_drift: object("a prediction drift signal", {
    type: typed("prediction_drift"),
    ...header,
    ...pair,
    metric_thresholds: required(driftThresholds),
  }),
  feature_attribution_drift: object("a feature attribution drift signal", {
    type: typed("feature_attribution_drift"),
    ...header,
    production_data: optional(list(productionData)),
    reference_data: required(referenceData),
    metric_thresholds: required(attributionThresholds),
  }),
  model_performance: object("a model performance signal", {
    type: typed("model_performance"),
    ...header,
    production_data: required(productionData),
    reference_data: required(referenceData),
    data_segment: optional(segment),
    metric_thresholds: required(performanceThresholds),
  }),
  generation_safety_quality: object("a generation safety and quality signal", {
    type: typed("generation_safety_quality"),
    ...header,
    production_data: required(list(languageData)),
    connection_id: optional(text()),
    sampling_rate: optional(number),
    metric_thresholds: required(safetyThresholds),
  }),
  generation_token_statistics: object("a token statistics signal", {
    type: typed("generation_token_statistics"),
    ...header,
    production_data: optional(languageData),
    sampling_rate: optional(number),
    metric_thresholds: optional(tokenThresholds),
  }),
  custom: object("a custom signal", {
    type: typed("custom"),
    ...header,
    component_id: required(assetReference("components")),
    connection: optional(connection),
    inputs: optional(dataInputs),
    input_data: optional(map(referenceData)),
    metric_thresholds: required(list(customThreshold)),
  }),
};

type Of = { [K in keyof typeof shapes]: Infer<(typeof shapes)[K]> };
export type Signal = Of[keyof Of];

export const signal: Shape<Signal> = byType<Signal>("a signal", shapes, {
  fold: snakeCase,
});

/** Data that a deployment collects replaces data that the YAML lacks. */
export interface StandIns {
  production(context: "model_inputs" | "model_outputs"): object;
  reference(context: "model_inputs" | "model_outputs"): object;
  traces(): object;
}

export interface SignalWriting {
  readonly resolver: Resolver;
  readonly windows: Windows;
  /** Fails, naming the signal, where nothing is collected. */
  readonly collected: StandIns;
}

/** The REST body of a signal. */
export async function signalBody(value: Signal, to: SignalWriting): Promise<Record<string, unknown>> {
  const mode = value.alert_enabled ? "Enabled" : "Disabled";
  return present({ mode, properties: value.properties, ...(await ownBody(value, to)) });
}

async function ownBody(value: Signal, to: SignalWriting): Promise<Record<string, unknown>> {
  const { resolver, windows, collected } = to;
  const trailing = (data: MonitorData) => trailingBody(data, windows, resolver);
  const reference = (data: MonitorData, isRaw = false) => referenceBody(data, windows, resolver, isRaw);
  switch (value.type) {
    case "data_drift":
    case "data_quality":
      return {
        signalType: value.type === "data_drift" ? "DataDrift" : "DataQuality",
        ...(await pairBody(value, "model_inputs", to)),
        features: value.features && features.write(value.features, { resolver, style: "camel" }),
        featureDataTypeOverride: value.feature_type_override,
        metricThresholds: value.metric_thresholds && columnThresholds(value.metric_thresholds),
        dataSegment: value.type === "data_drift" ? segmentBody(value.data_segment) : undefined,
      };
    case "prediction_drift":
      return {
        signalType: "PredictionDrift",
        modelType: "classification",
        ...(await pairBody(value, "model_outputs", to)),
        metricThresholds: columnThresholds(value.metric_thresholds),
      };
    case "feature_attribution_drift":
      return {
        signalType: "FeatureAttributionDrift",
        productionData:
          value.production_data === undefined
            ? [collected.production("model_inputs"), collected.production("model_outputs")]
            : await inTurn(value.production_data, trailing),
        referenceData: await reference(value.reference_data),
        metricThreshold: attributionThreshold(value.metric_thresholds),
      };
    case "model_performance": {
      const limits = performanceLimits(value.metric_thresholds);
      const all = { "azureml.modelmonitor.model_performance_thresholds": JSON.stringify(limits) };
      return {
        signalType: "ModelPerformance",
        productionData: [await trailing(value.production_data)],
        referenceData: await reference(value.reference_data),
        metricThreshold: limits[0] && { ...limits[0], modelType: pascal(limits[0].modelType) },
        dataSegment: segmentBody(value.data_segment),
        properties: { ...value.properties, ...all },
      };
    }
    case "generation_safety_quality":
      return {
        signalType: "GenerationSafetyQuality",
        productionData: await inTurn(value.production_data, trailing),
        workspaceConnectionId: value.connection_id,
        metricThresholds: safetyLimits(value.metric_thresholds),
        samplingRate: value.sampling_rate,
      };
    case "generation_token_statistics":
      return {
        signalType: "GenerationTokenStatistics",
        productionData:
          value.production_data === undefined ? collected.traces() : await trailing(value.production_data),
        metricThresholds: tokenLimits(value.metric_thresholds),
        samplingRate: value.sampling_rate ?? 0.1,
      };
    case "custom":
      return {
        signalType: "Custom",
        componentId: rawReference(value.component_id),
        inputs: await inTurnByName(value.inputs ?? {}, (input) => writeInput(input, resolver, "camel")),
        // The service resolves the names of these itself; Azure's client sends them as they are written.
        inputAssets: await inTurnByName(value.input_data ?? {}, (data) => reference(data, true)),
        metricThresholds: value.metric_thresholds.map(({ metric_name, threshold }) =>
          present({ metric: metric_name, threshold: threshold === undefined ? undefined : { value: threshold } }),
        ),
        workspaceConnection: present({
          environmentVariables: value.connection?.environment_variables,
          secrets: value.connection?.secret_config,
        }),
      };
  }
}

async function pairBody(
  value: { production_data?: MonitorData; reference_data?: MonitorData },
  context: "model_inputs" | "model_outputs",
  { resolver, windows, collected }: SignalWriting,
): Promise<Record<string, unknown>> {
  const { production_data: production, reference_data: reference } = value;
  return {
    productionData:
      production === undefined ? collected.production(context) : await trailingBody(production, windows, resolver),
    referenceData:
      reference === undefined ? collected.reference(context) : await referenceBody(reference, windows, resolver),
  };
}

function segmentBody(value: Infer<typeof segment> | undefined): object | undefined {
  return value && present({ feature: value.feature_name, values: value.feature_values });
}

async function inTurn<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const done: U[] = [];
  for (const item of items) done.push(await work(item));
  return done;
}

async function inTurnByName<T, U>(
  items: Readonly<Record<string, T>>,
  work: (item: T) => Promise<U>,
): Promise<Record<string, U>> {
  const names = Object.keys(items);
  const done = await inTurn(Object.values(items), work);
  return Object.fromEntries(done.map((item, index) => [names[index], item]));
}
