// Limits of runs and experiments, refused as MLflow's interface refuses: 400 with the service's sentence.
import { type CountField, countFault, entriesFault, type LengthField, lengthFault } from "../tracking/limits.ts";
import { invalid } from "./mlflow-protocol.ts";

export const holdLength = (field: LengthField, value: string): void => hold(lengthFault(field, value));

export const holdCount = (field: CountField, size: number): void => hold(countFault(field, size));

/** Refuses tags of a run or an experiment that are too many or too long, as they would be after a write of `added`. */
export const holdTags = (
  of: "RunDto" | "ExperimentDto",
  before: Readonly<Record<string, string>>,
  added: Readonly<Record<string, string>>,
): void => hold(entriesFault(`${of}.Tags`, before, added));

function hold(fault: string | undefined): void {
  if (fault !== undefined) throw invalid(fault, "ValidationError");
}
