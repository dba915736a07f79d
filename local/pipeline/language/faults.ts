// Faults of a pipeline file: each with its place, all of them at once, before anything runs.
import { type Fault, sayFault } from "../../text/places.ts";

/** A pipeline that is refused: one line for each fault, `file:line:column: sentence`. */
export class PipelineError extends Error {
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[]) {
    super(faults.map(sayFault).join("\n"));
    this.name = "PipelineError";
    this.faults = faults;
  }
}
