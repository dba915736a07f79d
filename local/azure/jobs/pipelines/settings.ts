// Settings of a pipeline, which differ by the api-version of its PUT.

/** Later than every api-version. */
export const newest = "9999-12-31";

/** From this api-version on every recorded pipeline has `DatasetAccessMode` and `enforceRerun`; of earlier ones none has. */
export const sinceAssets = "2023-02-01";

/** Whether a pipeline goes on when a step has failed: since api-version 2023-02-01-preview unless it says otherwise. */
export function continuesOnFailure(settings: Record<string, unknown>, apiVersion = newest): boolean {
  const said = settings["continue_on_step_failure"] ?? settings["continueOnStepFailure"];
  return said === undefined || said === null ? apiVersion >= sinceAssets : isTrue(said);
}

/** As a setting or property says it: `true`, "true", "True". */
export function isTrue(value: unknown): boolean {
  return /^true$/i.test(String(value ?? false));
}
