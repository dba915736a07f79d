// Two transcripts of the acceptance pipeline held side by side: what was asked, in which order, and what was answered, by status and shape.
import { merged, type Shape, type TranscribedExchange } from "../../lib/azure/transcript.ts";

export interface TranscriptLine extends TranscribedExchange {
  readonly task: string;
  readonly step: string;
  readonly order: number;
  readonly time: number;
}

/** Names of the two sides in the sentences. */
export interface Sides {
  readonly given: string;
  readonly reference: string;
}

/** Reads lines of JSON. @throws Error that names the line which is none */
export function readTranscript(text: string, file: string): TranscriptLine[] {
  const lines = text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      const read = JSON.parse(line) as Partial<TranscriptLine>;
      if (typeof read.task === "string" && typeof read.method === "string" && typeof read.path === "string")
        return [read as TranscriptLine];
    } catch {
      // Said below.
    }
    throw new Error(`${file}:${index + 1} is no line of a transcript.`);
  });
  if (lines.length === 0) throw new Error(`${file} holds no exchange: the variable AzureML.Transcript was not set.`);
  return lines;
}

/** All exchanges of one place in one step, as one. */
interface Place {
  readonly statuses: Set<number>;
  readonly queries: Set<string>;
  readonly words: Map<string, Set<string>>;
  sent: Shape | undefined;
  answered: Map<number, Shape>;
}

type Step = Map<string, Place>;

function placesOf(lines: readonly TranscriptLine[]): Map<string, Step> {
  const steps = new Map<string, Step>();
  for (const line of [...lines].sort((one, other) => one.time - other.time || one.order - other.order)) {
    const name = `${line.task} (${line.step})`;
    const step: Step = steps.get(name) ?? new Map();
    steps.set(name, step);
    const key = `${line.method} ${line.service} ${line.path}`;
    const place: Place = step.get(key) ?? {
      statuses: new Set(),
      queries: new Set(),
      words: new Map(),
      sent: undefined,
      answered: new Map(),
    };
    step.set(key, place);
    place.statuses.add(line.status);
    place.queries.add(line.query.join("&"));
    if (line.sent !== undefined) place.sent = place.sent === undefined ? line.sent : merged(place.sent, line.sent);
    if (line.answered !== undefined) {
      const before = place.answered.get(line.status);
      place.answered.set(line.status, before === undefined ? line.answered : merged(before, line.answered));
    }
    for (const [where, word] of Object.entries(line.words ?? {})) {
      place.words.set(where, (place.words.get(where) ?? new Set()).add(word));
    }
  }
  return steps;
}

/** A sentence for each difference, step by step; none where they are alike. How often something was asked makes none. */
export function compare(
  given: readonly TranscriptLine[],
  reference: readonly TranscriptLine[],
  sides: Sides = { given: "the transcript", reference: "local Azure" },
): string[] {
  const [left, right] = [placesOf(given), placesOf(reference)];
  const differences: string[] = [];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const [one, other] = [left.get(name), right.get(name)];
    if (one === undefined || other === undefined) {
      differences.push(`${name}: only ${one === undefined ? sides.reference : sides.given} has this step.`);
      continue;
    }
    differences.push(...stepDifferences(one, other, sides).map((said) => `${name}: ${said}`));
  }
  return differences;
}

function stepDifferences(one: Step, other: Step, { given, reference }: Sides): string[] {
  const found: string[] = [];
  for (const [key, place] of one) {
    const twin = other.get(key);
    if (twin === undefined) {
      found.push(`${key} was asked of ${given} alone, which answered ${said(place.statuses)}.`);
      continue;
    }
    if (said(place.statuses) !== said(twin.statuses))
      found.push(
        `${key} was answered ${said(place.statuses)} by ${given}, and ${said(twin.statuses)} by ${reference}.`,
      );
    for (const [status, shape] of place.answered) {
      const twinShape = twin.answered.get(status);
      if (twinShape === undefined) continue;
      found.push(
        ...shapeDifferences(shape, twinShape, "", { given, reference }).map((text) => `${key} ${status}: ${text}`),
      );
    }
    if (place.sent !== undefined && twin.sent !== undefined)
      found.push(
        ...shapeDifferences(place.sent, twin.sent, "", { given, reference }).map(
          (text) => `${key}, as it was sent: ${text}`,
        ),
      );
    for (const [where, words] of place.words) {
      const known = twin.words.get(where);
      const news = [...words].filter((word) => known !== undefined && !known.has(word));
      if (news.length > 0) found.push(`${key}: ${where} was ${news.join(", ")} with ${given} alone.`);
    }
  }
  for (const [key, place] of other)
    if (!one.has(key)) found.push(`${key} was asked of ${reference} alone, which answered ${said(place.statuses)}.`);
  const writes = (step: Step, of: Step) => [...step.keys()].filter((key) => of.has(key) && !/^(GET|HEAD) /.test(key));
  const [first, second] = [writes(one, other), writes(other, one)];
  if (first.join("\n") !== second.join("\n"))
    found.push(
      `What changes something was asked in another order: of ${given} ${first.join(", ")}; of ${reference} ${second.join(", ")}.`,
    );
  return found;
}

const said = (statuses: ReadonlySet<number>) =>
  [...statuses]
    .sort((one, other) => one - other)
    .map((status) => (status === 0 ? "nothing" : String(status)))
    .join(" and ");

function shapeDifferences(one: Shape, other: Shape, at: string, sides: Sides): string[] {
  const where = at === "" ? "the body" : at;
  if (isFields(one) && isFields(other)) {
    return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((key) => {
      const place = at === "" ? key : `${at}.${key}`;
      const [a, b] = [one[key], other[key]];
      if (a === undefined) return [`${sides.reference} alone has ${place}.`];
      if (b === undefined) return [`${sides.given} alone has ${place}.`];
      return shapeDifferences(a, b, place, sides);
    });
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    const [a, b] = [one[0] as Shape | undefined, other[0] as Shape | undefined];
    return a === undefined || b === undefined ? [] : shapeDifferences(a, b, `${at}[]`, sides);
  }
  const [a, b] = [kindOf(one), kindOf(other)];
  if (a === b || a === "null" || b === "null") return [];
  return [`${where} is ${a} with ${sides.given}, and ${b} with ${sides.reference}.`];
}

const isFields = (shape: Shape): shape is { readonly [key: string]: Shape } =>
  typeof shape === "object" && !Array.isArray(shape);
const kindOf = (shape: Shape): string =>
  typeof shape === "string" ? shape : Array.isArray(shape) ? "a list" : "an object";
