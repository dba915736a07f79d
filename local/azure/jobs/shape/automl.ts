// AutoML's task as a job shows it: what was sent, with the service's defaults and nulls (recorded August 2022 and February 2023, docs/facts/azureml-wire.md#9.6).
import type { JobInput } from "../../records/job.ts";
import { input } from "./parts.ts";
import type { ResponseKeys } from "./versions.ts";

type Json = Record<string, unknown>;

/** Keys that a task shows whether or not they were sent, by what it learns from. */
const tables = [
  ...["nCrossValidations", "cvSplitColumnNames", "weightColumnName", "validationData", "testData"],
  ...["validationDataSize", "testDataSize", "featurizationSettings"],
];
const tableSweeps = ["sweepSettings", "fixedParameters", "searchSpace"];
const images = ["sweepSettings", "validationData", "validationDataSize", "modelSettings", "searchSpace"];

/** The recorded parameters of a search over image models, for detection and segmentation. */
const detection = [
  ...["amsGradient", "augmentations", "beta1", "beta2", "distributed", "earlyStopping", "earlyStoppingDelay"],
  ...["earlyStoppingPatience", "evaluationFrequency", "enableOnnxNormalization", "gradientAccumulationStep"],
  ...["layersToFreeze", "learningRate", "learningRateScheduler", "modelName", "momentum", "nesterov"],
  ...["numberOfEpochs", "numberOfWorkers", "optimizer", "randomSeed", "stepLRGamma", "stepLRStepSize"],
  ...["trainingBatchSize", "validationBatchSize", "warmupCosineLRCycles", "warmupCosineLRWarmupEpochs"],
  ...["weightDecay", "boxDetectionsPerImage", "boxScoreThreshold", "imageSize", "maxSize", "minSize", "modelSize"],
  ...["multiScale", "nmsIouThreshold", "tileGridSize", "tileOverlapRatio", "tilePredictionsNmsThreshold"],
  ...["validationIouThreshold", "validationMetricType"],
];

const forecasting = {
  ...{ countryOrRegionForHolidays: null, timeColumnName: null, targetLags: null, targetRollingWindowSize: null },
  ...{ forecastHorizon: null, timeSeriesIdColumnNames: null, frequency: null, featureLags: "None", seasonality: null },
  ...{ shortSeriesHandlingConfig: "Auto", useStl: "None", targetAggregateFunction: "None", cvStepSize: null },
};

/** Kinds of task whose data are a table. */
const tabular = new Set(["classification", "regression", "forecasting"]);

/** `taskDetails` as an api-version shows them. A text's are as sent, but for its data: their answers are in no recording. */
export function taskShown(sent: Json, keys: ResponseKeys): Json {
  const kind = String(sent["taskType"]).toLowerCase();
  const isImage = kind.startsWith("image");
  const isTable = tabular.has(kind);
  const unsent = isTable ? [...(keys.automlSweeps ? tableSweeps : []), ...tables] : isImage ? images : [];
  const shown: Json = { ...Object.fromEntries(unsent.map((key) => [key, null])), ...sent };
  for (const key of ["trainingData", "validationData", "testData"])
    if (shown[key]) shown[key] = input(shown[key] as JobInput);
  const limits = (sent["limitSettings"] ?? {}) as Json;
  if (isImage) {
    shown["limitSettings"] = { maxTrials: 1, timeout: "P7D", maxConcurrentTrials: 1, ...limits };
    shown["searchSpace"] = searchShown(kind, sent["searchSpace"]);
  }
  if (isTable) {
    shown["limitSettings"] = { maxCoresPerTrial: -1, exitScore: null, ...limits };
    shown["trainingSettings"] = trainingShown((sent["trainingSettings"] ?? {}) as Json, keys);
    if (kind === "forecasting")
      shown["forecastingSettings"] = { ...forecasting, ...(sent["forecastingSettings"] as Json) };
    if (kind === "classification") shown["positiveLabel"] = sent["positiveLabel"] ?? null;
  }
  return shown;
}

function trainingShown(sent: Json, keys: ResponseKeys): Json {
  return {
    ...{ enableOnnxCompatibleModels: false, stackEnsembleSettings: null, enableStackEnsemble: true },
    ...{ enableVoteEnsemble: true, ensembleModelDownloadTimeout: "PT5M", enableModelExplainability: true },
    enableDnnTraining: false,
    ...(keys.automlSweeps ? { trainingMode: "Auto" } : {}),
    ...{ allowedTrainingAlgorithms: null, blockedTrainingAlgorithms: null },
    ...sent,
  };
}

function searchShown(kind: string, sent: unknown): unknown {
  if (!Array.isArray(sent)) return null;
  if (!/objectdetection|instancesegmentation/.test(kind)) return sent;
  return sent.map((space: Json) => ({ ...Object.fromEntries(detection.map((key) => [key, null])), ...space }));
}
