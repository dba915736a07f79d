// Limits of runs and experiments. The service names the field, the limit and the size.
//
// From public reports of refusals: 200 parameters, 250 rows of a metric in a batch, and the sentence. From the documentation of
// service limits: everything else; the names of its fields are inferred, and that the service holds to it is not verified.
import { invalid, type MlflowError } from "./mlflow-protocol.ts";

/** Texts of up to `limit` characters, by field. */
const lengths = {
  "RunDto.DisplayName/Length": 256,
  "RunDto.Tags.Key/Length": 100,
  "RunDto.Tags.Value/Length": 1_000,
  "ExperimentDto.Name/Length": 256,
  "ExperimentDto.Tags.Key/Length": 250,
  "ExperimentDto.Tags.Value/Length": 1_000,
  "MetricV2Dto.Name/Length": 255,
} as const;

/** Up to `limit` entries, by field. */
const counts = {
  Parameters: 200,
  "RunDto.Tags/Count": 50,
  "ExperimentDto.Tags/Count": 50,
  "RunDto.MetricNames/Count": 50,
  "MetricV2Dto.Value/Count": 250,
} as const;

/** Tags that the service itself writes, whatever their number and length. */
const ownTags = new Set(["mlflow.rootRunId", "mlflow.runName", "mlflow.log-model.history"]);

export function holdLength(field: keyof typeof lengths, value: string): void {
  if (value.length > lengths[field]) throw overLimit(field, lengths[field], value.length);
}

export function holdCount(field: keyof typeof counts, size: number): void {
  if (size > counts[field]) throw overLimit(field, counts[field], size);
}

/** Refuses tags of a run or an experiment that are too many or too long, as they would be after a write of `added`. */
export function holdTags(
  of: "RunDto" | "ExperimentDto",
  before: Readonly<Record<string, string>>,
  added: Readonly<Record<string, string>>,
): void {
  for (const [key, value] of Object.entries(added)) {
    holdLength(`${of}.Tags.Key/Length`, key);
    holdLength(`${of}.Tags.Value/Length`, value);
  }
  const names = new Set([...Object.keys(before), ...Object.keys(added)].filter((name) => !ownTags.has(name)));
  holdCount(`${of}.Tags/Count`, names.size);
}

function overLimit(field: string, limit: number, size: number): MlflowError {
  return invalid(
    `A field of the entity is over the size limit. FieldName=${field}, Limit=${limit}, Size=${size}. See https://aka.ms/azure-machine-learning-limits for service limits documentation.`,
    "ValidationError",
  );
}
