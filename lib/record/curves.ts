// Curves of metrics over the steps of a training run: an attachment beside the record, which has no room for them.
import { redact } from "./redact.ts";
import { keepKnown, list, number, oneOf, section, text } from "./shape.ts";

/** Attachment types of curves (JSON, as `writeCurves` makes it), of pictures (their bytes) and of evidence for approvers (markdown). */
export const CURVES_TYPE = "azureml-curves";
export const EVIDENCE_TYPE = "azureml-evidence";
export const IMAGE_TYPE = "azureml-image";
const CURVES_VERSION = 1;

export interface Curve {
  /** Of the job that was trained, or of the champion's. */
  readonly of: "job" | "champion";
  /** The run that logged it. */
  readonly run: string;
  readonly metric: string;
  /** As many as there are values, each larger than the one before or equal. */
  readonly steps: readonly number[];
  readonly values: readonly number[];
  /** Points that were logged, where fewer are kept. */
  readonly logged?: number;
}

/** The most that a run keeps: curves, points of each, and characters of the JSON. */
export const CURVES_LIMITS = { curves: 60, points: 300, characters: 400_000 } as const;

const curvesShape = section(
  {
    version: number,
    curves: list(
      section(
        {
          of: oneOf("job", "champion"),
          run: text(500),
          metric: text(500),
          steps: list(number, CURVES_LIMITS.points),
          values: list(number, CURVES_LIMITS.points),
          logged: number,
        },
        ...["of", "run", "metric", "steps", "values"],
      ),
      CURVES_LIMITS.curves,
    ),
  },
  "version",
  "curves",
);

/** Points of a curve that still show its form. */
const FEWEST_POINTS = 40;

/**
 * The curves as JSON: thinned to the points that a chart shows, and below the limit, for which points are left out before curves are.
 * Curves with fewer than two numbers are left out.
 */
export function writeCurves(curves: readonly Curve[]): string {
  const whole = curves
    .map((curve) => thin(curve, CURVES_LIMITS.points))
    .filter(({ values }) => values.length > 1)
    .slice(0, CURVES_LIMITS.curves);
  for (let most: number = CURVES_LIMITS.points; ; most = Math.max(FEWEST_POINTS, Math.floor(most / 2))) {
    const thinned = whole.map((curve) => thin(curve, most));
    const json = JSON.stringify(keepKnown(curvesShape, { version: CURVES_VERSION, curves: thinned }, { text: redact }));
    if (json.length <= CURVES_LIMITS.characters || whole.length === 0) return json;
    if (most === FEWEST_POINTS) whole.length = Math.floor(whole.length / 2);
  }
}

/** The curves in an attachment; none where it is no such attachment. A curve whose steps and values do not match is left out. */
export function readCurves(json: string): Curve[] {
  if (json.length > 2 * CURVES_LIMITS.characters) return [];
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return [];
  }
  const file = keepKnown(curvesShape, value) as { version: number; curves: Curve[] } | undefined;
  if (file?.version !== CURVES_VERSION) return [];
  return file.curves.filter(({ steps, values }) => steps.length === values.length);
}

/** Finite numbers only; where these are too many, the first, the last, and the lowest and highest of each piece between. */
function thin(curve: Curve, most: number): Curve {
  const points = curve.values
    .map((value, index) => ({ value, step: curve.steps[index] ?? Number.NaN }))
    .filter(({ value, step }) => Number.isFinite(value) && Number.isFinite(step));
  const kept = points.length <= most ? points : extremes(points, most);
  return {
    ...curve,
    steps: kept.map(({ step }) => step),
    values: kept.map(({ value }) => value),
    ...(kept.length < curve.values.length ? { logged: curve.logged ?? curve.values.length } : {}),
  };
}

function extremes(points: readonly { value: number; step: number }[], most: number) {
  const pieces = Math.floor(most / 2) - 1;
  const inner = points.slice(1, -1);
  const size = inner.length / pieces;
  const kept = Array.from({ length: pieces }, (_, index) => {
    const piece = inner.slice(Math.floor(index * size), Math.floor((index + 1) * size));
    const low = piece.reduce((best, one) => (one.value < best.value ? one : best));
    const high = piece.reduce((best, one) => (one.value > best.value ? one : best));
    return low === high ? [low] : piece.indexOf(low) < piece.indexOf(high) ? [low, high] : [high, low];
  }).flat();
  return [points[0]!, ...kept, points.at(-1)!];
}
