// The faults of a document: each says what is wrong, where, what may stand there instead and which right name is nearest.
import { type ErrorCode, formatLocation, type SourceLocation, TaskError, throwFaults } from "../../errors.ts";

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
    const offered = allowed.length === 0 ? "" : ` Allowed here: ${listed(allowed)}.`;
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

/** At most twenty names, so that a sentence stays one. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 20).join(", ");
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown;
}

/** The candidate that `word` most probably meant, or undefined where none is near. */
export function nearestName(word: string, candidates: readonly string[]): string | undefined {
  const folded = fold(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = damerau(folded, fold(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  const limit = Math.max(1, Math.floor(folded.length / 3));
  if (best !== undefined && bestDistance <= limit) return best;
  return candidates.find((candidate) => {
    const other = fold(candidate);
    return folded.length >= 4 && other.length >= 4 && (other.startsWith(folded) || folded.startsWith(other));
  });
}

/** camelCase, kebab-case and spaces are the same name as snake_case. */
function fold(word: string): string {
  return word
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[-\s]+/g, "_");
}

/** Optimal string alignment distance: insert, delete, replace, swap of neighbours; each costs one. */
export function damerau(left: string, right: string): number {
  const width = right.length + 1;
  let before: number[] = [];
  let above = Array.from({ length: width }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column < width; column++) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1;
      let cost = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + same);
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, before[column - 2]! + 1);
      current.push(cost);
    }
    [before, above] = [above, current];
  }
  return above[right.length]!;
}
