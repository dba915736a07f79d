// Limits of runs and experiments, in the management plane, in run history and in MLflow alike. The service names the field, the limit and
// the size.
//
// From public reports of refusals: 200 parameters, 250 rows of a metric in a batch, and the sentence. From the documentation of
// service limits: everything else (docs/facts/azureml-services.md#5.8); the names of its fields are inferred, and whether the service holds to
// each limit is not verified.

/** Texts of up to `limit` characters, by field. */
const lengths = {
  "RunDto.DisplayName/Length": 256,
  "RunDto.Description/Length": 5_000,
  "RunDto.Tags.Key/Length": 100,
  "RunDto.Tags.Value/Length": 1_000,
  "RunDto.Properties.Key/Length": 100,
  "RunDto.Properties.Value/Length": 1_000,
  "ExperimentDto.Name/Length": 256,
  "ExperimentDto.Tags.Key/Length": 250,
  "ExperimentDto.Tags.Value/Length": 1_000,
  "MetricV2Dto.Name/Length": 255,
} as const;

/** Up to `limit` entries, by field. */
const counts = {
  Parameters: 200,
  "RunDto.Tags/Count": 50,
  "RunDto.Properties/Count": 50,
  "ExperimentDto.Tags/Count": 50,
  "RunDto.MetricNames/Count": 50,
  "MetricV2Dto.Value/Count": 250,
} as const;

export type LengthField = keyof typeof lengths;
export type CountField = keyof typeof counts;
type Texts = Readonly<Record<string, unknown>>;

/** Tags that the service itself writes, whatever their number and length. */
const ownTags = new Set(["mlflow.rootRunId", "mlflow.runName", "mlflow.log-model.history"]);

/** The service's sentence where a text is too long; undefined where it is not. */
export function lengthFault(field: LengthField, value: string): string | undefined {
  return value.length > lengths[field] ? overLimit(field, lengths[field], value.length) : undefined;
}

/** The service's sentence where there are too many; undefined where there are not. */
export function countFault(field: CountField, size: number): string | undefined {
  return size > counts[field] ? overLimit(field, counts[field], size) : undefined;
}

/** The same of the tags of a run or an experiment, or the properties of a run, as they would be after a write of `added`. */
export function entriesFault(
  of: "RunDto.Tags" | "RunDto.Properties" | "ExperimentDto.Tags",
  before: Texts,
  added: Texts,
): string | undefined {
  for (const [key, value] of Object.entries(added)) {
    const fault = lengthFault(`${of}.Key/Length`, key) ?? lengthFault(`${of}.Value/Length`, String(value ?? ""));
    if (fault !== undefined) return fault;
  }
  const names = new Set([...Object.keys(before), ...Object.keys(added)].filter((name) => !ownTags.has(name)));
  return countFault(`${of}/Count`, names.size);
}

function overLimit(field: string, limit: number, size: number): string {
  return `A field of the entity is over the size limit. FieldName=${field}, Limit=${limit}, Size=${size}. See https://aka.ms/azure-machine-learning-limits for service limits documentation.`;
}
