// Tails and quantiles of the normal, t, F, chi-square, binomial and beta distributions, by incomplete beta and gamma functions
// (Lanczos log-gamma and Lentz's continued fractions): docs/facts/evidence.md#H.2, #H.3. Pure.
// Tests: test/lib/statistics/reference-cases.test.ts

/** Both tails of a distribution at one place: each keeps its own digits, where 1 minus the other would lose them. */
export interface Tails {
  readonly lower: number;
  readonly upper: number;
}

const LANCZOS = [
  0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** The logarithm of the gamma function of a positive number. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const series = LANCZOS.slice(1).reduce((sum, term, at) => sum + term / (shifted + at + 1), LANCZOS[0] as number);
  const base = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(series);
}

/** The logarithm of the number of ways to choose k of n. */
export const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

/** From here on, factors are taken by Stirling's form: differences of large log-gammas would lose digits. */
const LARGE = 10;

/** Log-gamma less Stirling's main term, from 10 on. */
function stirlingRest(x: number): number {
  const square = 1 / (x * x);
  return (
    (1 / 12 -
      square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188 - square * (691 / 360360)))))) /
    x
  );
}

const TINY = 1e-300;
const PRECISION = 1e-16;
const STEPS = 100_000;

/** Lentz's evaluation of a continued fraction: `term(n)` is the n-th numerator and denominator. */
function continuedFraction(first: number, term: (n: number) => readonly [number, number]): number {
  let fraction = first === 0 ? TINY : first;
  let c = fraction;
  let d = 0;
  for (let n = 1; n <= STEPS; n++) {
    const [numerator, denominator] = term(n);
    d = 1 / (denominator + numerator * d || TINY);
    c = denominator + numerator / c || TINY;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < PRECISION) break;
  }
  return fraction;
}

/**
 * The regularised incomplete beta function.
 * @param y 1 - x, where it is known with more digits
 */
function betaTails(x: number, a: number, b: number, y = 1 - x): Tails {
  if (!(x > 0)) return { lower: 0, upper: 1 };
  if (!(y > 0)) return { lower: 1, upper: 0 };
  if (x > (a + 1) / (a + b + 2)) {
    const { lower, upper } = betaTails(y, b, a, x);
    return { lower: upper, upper: lower };
  }
  const fraction = continuedFraction(1, (n) => {
    const m = Math.floor(n / 2);
    const isEven = n % 2 === 0;
    const numerator = isEven
      ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
      : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    return [numerator, 1];
  });
  const lower = betaFactor(x, y, a, b) / (a * fraction);
  return { lower, upper: 1 - lower };
}

/** x^a y^b / B(a, b) */
function betaFactor(x: number, y: number, a: number, b: number): number {
  if (a < LARGE || b < LARGE)
    return Math.exp(a * Math.log(x) + b * Math.log(y) + logGamma(a + b) - logGamma(a) - logGamma(b));
  const n = a + b;
  const rest = stirlingRest(n) - stirlingRest(a) - stirlingRest(b);
  return (
    Math.sqrt((a / n) * (b / (2 * Math.PI))) * Math.exp(a * Math.log((x * n) / a) + b * Math.log((y * n) / b) + rest)
  );
}

/** The regularised incomplete gamma function. */
function gammaTails(a: number, x: number): Tails {
  if (!(x > 0)) return { lower: 0, upper: 1 };
  if (x === Number.POSITIVE_INFINITY) return { lower: 1, upper: 0 };
  const factor =
    a < LARGE
      ? Math.exp(a * Math.log(x) - x - logGamma(a))
      : Math.sqrt(a / (2 * Math.PI)) * Math.exp(a * Math.log(x / a) + a - x - stirlingRest(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n <= STEPS && term > sum * PRECISION; n++) {
      term *= x / (a + n);
      sum += term;
    }
    const lower = factor * sum;
    return { lower, upper: 1 - lower };
  }
  const upper = factor / continuedFraction(x + 1 - a, (n) => [n * (a - n), x + 2 * n + 1 - a]);
  return { lower: 1 - upper, upper };
}

export function normalTails(z: number): Tails {
  const { lower, upper } = gammaTails(0.5, (z * z) / 2);
  const far = upper / 2;
  const near = 0.5 + lower / 2;
  return z >= 0 ? { lower: near, upper: far } : { lower: far, upper: near };
}

/** Student's t with `df` degrees of freedom. */
export function tTails(t: number, df: number): Tails {
  if (!Number.isFinite(t)) return t > 0 ? { lower: 1, upper: 0 } : { lower: 0, upper: 1 };
  const square = t * t;
  const far = betaTails(df / (df + square), df / 2, 0.5, square / (df + square)).lower / 2;
  return t >= 0 ? { lower: 1 - far, upper: far } : { lower: far, upper: 1 - far };
}

export const chiSquareTails = (x: number, df: number): Tails => gammaTails(df / 2, x / 2);

export function fTails(f: number, df1: number, df2: number): Tails {
  if (f === Number.POSITIVE_INFINITY) return { lower: 1, upper: 0 };
  const sum = df1 * f + df2;
  return betaTails((df1 * f) / sum, df1 / 2, df2 / 2, df2 / sum);
}

/** The binomial distribution: `lower` is P(X <= k), `upper` is P(X >= k), so both hold k itself. */
export function binomialTails(k: number, n: number, p: number): Tails {
  return {
    lower: k >= n ? 1 : k < 0 ? 0 : betaTails(1 - p, n - k, k + 1, p).lower,
    upper: k <= 0 ? 1 : k > n ? 0 : betaTails(p, k, n - k + 1).lower,
  };
}

/** The place where a growing function reaches zero, to the last digit. */
export function rootOf(grows: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let n = 0; n < 1100; n++) {
    const middle = low + (high - low) / 2;
    if (middle === low || middle === high) break;
    if (grows(middle) < 0) low = middle;
    else high = middle;
  }
  return low + (high - low) / 2;
}

/** The place of a symmetric distribution around 0 below which it has the share p. */
function symmetricQuantile(p: number, upperTail: (x: number) => number): number {
  if (p === 0.5) return 0;
  if (!(p > 0 && p < 1)) return p <= 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const tail = Math.min(p, 1 - p);
  let high = 1;
  while (upperTail(high) > tail && high < 1e300) high *= 2;
  const place = rootOf((x) => tail - upperTail(x), 0, high);
  return p < 0.5 ? -place : place;
}

export const normalQuantile = (p: number): number => symmetricQuantile(p, (z) => normalTails(z).upper);
export const tQuantile = (p: number, df: number): number => symmetricQuantile(p, (t) => tTails(t, df).upper);

export function betaQuantile(p: number, a: number, b: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  return rootOf((x) => betaTails(x, a, b).lower - p, 0, 1);
}
