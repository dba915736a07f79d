// The faults of a document: each says what is wrong, where, what may stand there instead and which right name is nearest.
import { type ErrorCode, formatLocation, type SourceLocation, TaskError, throwFaults } from "../../errors.ts";
import { someNames } from "../../nearest-name.ts";

/** A step into a document: a field's name or a list's index. */
export type DocumentPath = readonly (string | number)[];

export interface FaultDetails {
  readonly where: SourceLocation;
  readonly path?: DocumentPath;
  /** The allowed field names or values. */
  readonly allowed?: readonly string[] | undefined;
  /** The right name or path that is nearest to what was written. */
  readonly nearest?: string | undefined;
  readonly hint?: string | undefined;
  /** Absent: that of a file that does not fit. */
  readonly errorCode?: ErrorCode;
}

/** One fault of one document. `message` is a whole sentence that begins with the place. */
export class DocumentFault extends TaskError {
  /** Where in the document: `jobs.train.inputs.data[0]`; empty for the document itself. */
  readonly path: string;
  readonly allowed: readonly string[];
  readonly nearest: string | undefined;

  constructor(sentence: string, details: FaultDetails) {
    const allowed = details.allowed ?? [];
    const nearest = details.nearest;
    const offered = allowed.length === 0 ? "" : ` Allowed here: ${someNames(allowed)}.`;
    const guess = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
    const { hint } = details;
    // A sentence about an input begins with its name (Reading.name), and the agent can show no file and line for it.
    const isOfFile = details.where.input === undefined;
    const place = isOfFile ? `${formatLocation(details.where)}: ` : "";
    super("input", `${place}${sentence}${offered}${guess}`, {
      errorCode: details.errorCode ?? "AML1302",
      ...(isOfFile ? { where: details.where } : {}),
      ...(hint === undefined ? {} : { hint }),
    });
    this.name = "DocumentFault";
    this.path = formatPath(details.path ?? []);
    this.allowed = allowed;
    this.nearest = nearest;
  }
}

/** Gathers the faults of a document, so that all of them are reported at once. */
export class Faults {
  readonly list: DocumentFault[] = [];

  add(sentence: string, details: FaultDetails): void {
    this.list.push(new DocumentFault(sentence, details));
  }

  /** Throws what was gathered: one DocumentFault, or TaskErrors with each of them; nothing where there is none. */
  throwIfAny(): void {
    throwFaults(this.list);
  }
}

/** `inputs.data[0].path` */
export function formatPath(path: DocumentPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[^.[\]\s]+$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}
