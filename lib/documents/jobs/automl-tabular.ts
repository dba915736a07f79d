// AutoML over tables: classification, regression, forecasting.
// Tests: test/lib/documents/jobs/jobs.test.ts

import { present } from "../../plain-objects.ts";
import { list, map, object, optional, required } from "../language/object.ts";
import { anything, boolean, duration, enumeration, integer, number, text } from "../language/scalar.ts";
import { NOTHING_BELOW, type Shape } from "../language/shape.ts";
import { type AutomlTask, CLASSIFICATION_METRICS, INFO, pascal, tableInput, words } from "./automl-task.ts";

const limits = object(
  "limits",
  {
    enable_early_termination: optional(boolean),
    exit_score: optional(number),
    max_concurrent_trials: optional(integer()),
    max_cores_per_trial: optional(integer()),
    max_nodes: optional(integer()),
    max_trials: optional(integer()),
    timeout_minutes: optional(duration(60), { as: "timeout" }),
    trial_timeout_minutes: optional(duration(60), { as: "trial_timeout" }),
  },
  {
    finish: (body, _value, to) => (to.style === "camel" ? { ...body, sweepConcurrentTrials: 0, sweepTrials: 0 } : body),
  },
);

const TRANSFORMERS = [
  "text_target_encoder",
  "one_hot_encoder",
  "cat_target_encoder",
  "tf_idf",
  "wo_e_target_encoder",
  "label_encoder",
  "word_embedding",
  "naive_bayes",
  "count_vectorizer",
  "hash_one_hot_encoder",
];

const transformer = object("a transformer", {
  fields: optional(list(text())),
  parameters: optional(map(anything, { nullable: true })),
});

const featurization = object(
  "featurization",
  {
    mode: optional(enumeration(["auto", "off", "custom"])),
    dataset_language: optional(text()),
    blocked_transformers: optional(list(words(TRANSFORMERS, { wo_e_target_encoder: "WoETargetEncoder" }))),
    column_name_and_types: optional(map(text())),
    transformer_params: optional(map(list(transformer))),
    enable_dnn_featurization: optional(boolean),
  },
  {
    finish(body, _value, to) {
      if (to.style !== "camel") return body;
      const params = body["transformerParams"] as Record<string, unknown> | undefined;
      const named = params && Object.fromEntries(Object.entries(params).map(([name, value]) => [pascal(name), value]));
      return { mode: "auto", ...body, ...(named === undefined ? {} : { transformerParams: named }) };
    },
  },
);

const MODELS: Readonly<Record<string, string>> = {
  sgd: "SGD",
  svm: "SVM",
  linear_svm: "LinearSVM",
  knn: "KNN",
  light_gbm: "LightGBM",
  xg_boost_classifier: "XGBoostClassifier",
  xg_boost_regressor: "XGBoostRegressor",
  tcn_forecaster: "TCNForecaster",
};
const REGRESSORS = [
  "elastic_net",
  "gradient_boosting",
  "decision_tree",
  "knn",
  "lasso_lars",
  "sgd",
  "random_forest",
  "extreme_random_trees",
  "light_gbm",
  "xg_boost_regressor",
];
const CLASSIFIERS = [
  "logistic_regression",
  "sgd",
  "multinomial_naive_bayes",
  "bernoulli_naive_bayes",
  "svm",
  "linear_svm",
  "knn",
  "decision_tree",
  "random_forest",
  "extreme_random_trees",
  "light_gbm",
  "gradient_boosting",
  "xg_boost_classifier",
];
const FORECASTERS = [
  "auto_arima",
  "prophet",
  "naive",
  "seasonal_naive",
  "average",
  "seasonal_average",
  "exponential_smoothing",
  "arimax",
  "tcn_forecaster",
  ...REGRESSORS,
];
const META_LEARNERS = [
  "none",
  "logistic_regression",
  "logistic_regression_cv",
  "light_gbm_classifier",
  "elastic_net",
  "elastic_net_cv",
  "light_gbm_regressor",
  "linear_regression",
];
const META_NAMES = {
  logistic_regression_cv: "LogisticRegressionCV",
  light_gbm_classifier: "LightGBMClassifier",
  elastic_net_cv: "ElasticNetCV",
  light_gbm_regressor: "LightGBMRegressor",
};

const training = (models: readonly string[]) =>
  object("training settings", {
    enable_dnn_training: optional(boolean),
    enable_model_explainability: optional(boolean),
    enable_onnx_compatible_models: optional(boolean),
    enable_stack_ensemble: optional(boolean),
    enable_vote_ensemble: optional(boolean),
    ensemble_model_download_timeout_minutes: optional(duration(60), { as: "ensemble_model_download_timeout" }),
    stack_ensemble_settings: optional(
      object("stack ensemble settings", {
        stack_meta_learner_kwargs: optional(map(anything), { as: "stack_meta_learner_k_wargs" }),
        stack_meta_learner_train_percentage: optional(number),
        stack_meta_learner_type: optional(words(META_LEARNERS, META_NAMES)),
      }),
    ),
    training_mode: optional(words(["auto", "distributed", "non_distributed"])),
    allowed_training_algorithms: optional(list(words(models, MODELS)), { nullable: true }),
    blocked_training_algorithms: optional(list(words(models, MODELS)), { nullable: true }),
  });

/** `auto` or a number; REST says which of the two it is. */
const autoOr = (inner: Shape<unknown>, key = "value"): Shape<unknown> => ({
  expects: `"auto" or ${inner.expects}`,
  below: NOTHING_BELOW,
  read: (node, at) => (node.kind === "scalar" && node.text.toLowerCase() === "auto" ? "auto" : inner.read(node, at)),
  write(value, to) {
    if (to.style !== "camel") return value;
    return value === "auto"
      ? { mode: "Auto" }
      : { mode: "Custom", [key]: key === "values" && !Array.isArray(value) ? [value] : value };
  },
});
const count = integer();
const countOrList: Shape<unknown> = {
  expects: "a whole number or a list of them",
  below: NOTHING_BELOW,
  read: (node, at) => (node.kind === "list" ? list(integer()).read(node, at) : integer().read(node, at)),
  write: (value) => value,
};
const textOrList: Shape<unknown> = {
  expects: "text or a list of texts",
  below: NOTHING_BELOW,
  read: (node, at) => (node.kind === "list" ? list(text()).read(node, at) : text().read(node, at)),
  write: (value, to) => (to.style === "camel" && !Array.isArray(value) ? [value] : value),
};

const forecasting = object("forecasting settings", {
  country_or_region_for_holidays: optional(text()),
  cv_step_size: optional(integer()),
  forecast_horizon: optional(autoOr(count)),
  target_lags: optional(autoOr(countOrList, "values")),
  target_rolling_window_size: optional(autoOr(count)),
  time_column_name: optional(text()),
  time_series_id_column_names: optional(textOrList),
  frequency: optional(text()),
  feature_lags: optional(enumeration(["none", "auto"])),
  seasonality: optional(autoOr(count)),
  short_series_handling_config: optional(enumeration(["none", "auto", "pad", "drop"])),
  use_stl: optional(enumeration(["none", "season", "seasontrend"])),
  target_aggregate_function: optional(enumeration(["none", "sum", "max", "min", "mean"])),
  features_unknown_at_forecast_time: optional(textOrList),
});

const common = {
  target_column_name: required(text()),
  validation_data_size: optional(number),
  cv_split_column_names: optional(list(text())),
  n_cross_validations: optional(autoOr(count)),
  weight_column_name: optional(text()),
  test_data: optional(tableInput),
  test_data_size: optional(number),
  limits: optional(limits),
  featurization: optional(featurization),
};

function details(body: Record<string, unknown>): Record<string, unknown> {
  return present({
    validationDataSize: body["validation_data_size"],
    cvSplitColumnNames: body["cv_split_column_names"],
    nCrossValidations: body["n_cross_validations"],
    weightColumnName: body["weight_column_name"],
    testDataSize: body["test_data_size"],
    featurizationSettings: body["featurization"],
    trainingSettings: body["training"],
    forecastingSettings: body["forecasting"],
    positiveLabel: body["positive_label"],
  });
}

const NUMBER_METRICS = [
  "spearman_correlation",
  "normalized_root_mean_squared_error",
  "r2_score",
  "normalized_mean_absolute_error",
];

export const tabularTasks: Readonly<Record<string, AutomlTask>> = {
  classification: {
    fields: { ...common, training: optional(training(CLASSIFIERS)), positive_label: optional(text()) },
    metrics: CLASSIFICATION_METRICS,
    metric: "auc_weighted",
    defaults: INFO,
    inSteps: { ...INFO, primary_metric: "accuracy" },
    details,
  },
  regression: {
    fields: { ...common, training: optional(training(REGRESSORS)) },
    metrics: NUMBER_METRICS,
    metric: "normalized_root_mean_squared_error",
    defaults: INFO,
    details,
  },
  forecasting: {
    fields: { ...common, training: optional(training(FORECASTERS)), forecasting: optional(forecasting) },
    metrics: NUMBER_METRICS,
    metric: "normalized_root_mean_squared_error",
    defaults: INFO,
    details,
  },
};
