// P-values of the drift tests of monitors: Pearson's chi-squared test, and Kolmogorov and Smirnov's test of two samples, exact.

/** Coefficients of Lanczos' approximation (g = 7, n = 9), good to 15 digits. */
const lanczos = [
  ...[0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059],
  ...[12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7],
];

/** The logarithm of the gamma function, of a number above 0. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const t = x + 6.5;
  const sum = lanczos.slice(1).reduce((total, one, index) => total + one / (x + index), lanczos[0]!);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** How likely a chi-squared value of `value` or more is. @param degrees of freedom, 1 or more */
function chiSquaredTail(value: number, degrees: number): number {
  if (!(value > 0)) return 1;
  if (value === Infinity) return 0;
  const [a, x] = [degrees / 2, value / 2];
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - front * lowerSeries(a, x) : front * upperFraction(a, x);
}

/** The series of the lower incomplete gamma function without the factor in front of it. */
function lowerSeries(a: number, x: number): number {
  let [term, sum] = [1 / a, 1 / a];
  for (let n = a + 1; Math.abs(term) > Math.abs(sum) * 1e-17; n += 1) {
    term *= x / n;
    sum += term;
  }
  return sum;
}

/** The continued fraction of the upper one (Lentz' method). */
function upperFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let product = d;
  for (let i = 1; i < 10_000; i += 1) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b || tiny);
    c = b + an / c || tiny;
    product *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return product;
}

/** Pearson's test of counts against expected ones. A value that was not expected at all makes the p-value 0. */
export function pearson(observed: readonly number[], expected: readonly number[]): number {
  const value = observed.reduce((sum, count, index) => sum + (count - expected[index]!) ** 2 / expected[index]!, 0);
  return observed.length < 2 ? 1 : chiSquaredTail(value, observed.length - 1);
}

/**
 * The p-value of Kolmogorov and Smirnov's two-sided test of two samples, exact: the share of all lattice paths from the
 * origin to (n, m) that leave the band whose width is the distance seen.
 */
export function kolmogorovSmirnov(one: readonly number[], other: readonly number[]): number {
  const [long, short] = one.length >= other.length ? [sorted(one), sorted(other)] : [sorted(other), sorted(one)];
  const [m, n] = [long.length, short.length];
  const divisor = greatestCommonDivisor(m, n);
  const [mg, ng] = [m / divisor, n / divisor];
  const height = greatestDistance(long, short, mg, ng);
  if (height === 0) return 1;
  // Column by column: outside[j] is the chance that a random path to (i, j) has left the band.
  let outside = Array.from({ length: n + 1 }, (_, j): number => (j * mg >= height ? 1 : 0));
  for (let i = 1; i <= m; i += 1) {
    const next = new Array<number>(n + 1).fill(1);
    const first = Math.max(0, Math.floor((ng * i - height) / mg) + 1);
    const last = Math.min(n, Math.ceil((ng * i + height) / mg) - 1);
    for (let j = first; j <= last; j += 1) next[j] = (outside[j]! * i + (j === 0 ? 0 : next[j - 1]! * j)) / (i + j);
    outside = next;
  }
  return Math.min(1, outside[n]!);
}

/** The greatest distance of the two cumulative distributions, in units of 1 over their sizes' least common multiple. */
function greatestDistance(long: readonly number[], short: readonly number[], mg: number, ng: number): number {
  let [i, j, most] = [0, 0, 0];
  while (i < long.length && j < short.length) {
    const value = Math.min(long[i]!, short[j]!);
    while (long[i] === value) i += 1;
    while (short[j] === value) j += 1;
    most = Math.max(most, Math.abs(i * ng - j * mg));
  }
  return most;
}

const sorted = (values: readonly number[]): number[] => [...values].sort((one, other) => one - other);

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
