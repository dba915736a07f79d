// Points of a search space: at random with a seed of one's own, or every combination of the choices.

/** `["uniform", [0.1, 1]]`, `["choice", [["a", "b"]]]`, … by parameter (docs/facts/azureml-documents.md#2.5). */
export type SearchSpace = Readonly<Record<string, readonly [string, readonly unknown[]]>>;

/** One value for each parameter. */
export type Point = Readonly<Record<string, unknown>>;

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A point drawn at random. @throws Error for a distribution that is none */
export function draw(space: SearchSpace, next: () => number): Point {
  return Object.fromEntries(Object.entries(space).map(([name, [type, values]]) => [name, sample(type, values, next)]));
}

/** Every combination of the choices, in order. @throws Error where a parameter is no choice */
export function* grid(space: SearchSpace): Generator<Point> {
  const names = Object.keys(space);
  const choices = names.map((name) => {
    const [type, values] = space[name] ?? ["", []];
    if (type !== "choice") throw new Error(`Grid sampling takes choices only; '${name}' is ${type}.`);
    return choiceOf(values);
  });
  const total = choices.reduce((product, values) => product * values.length, 1);
  for (let index = 0; index < total; index += 1) {
    let rest = index;
    const point: Record<string, unknown> = {};
    for (const [at, name] of [...names.entries()].reverse()) {
      const values = choices[at] ?? [];
      point[name] = values[rest % values.length];
      rest = Math.floor(rest / values.length);
    }
    yield Object.fromEntries(names.map((name) => [name, point[name]]));
  }
}

function choiceOf(values: readonly unknown[]): readonly unknown[] {
  return Array.isArray(values[0]) ? (values[0] as readonly unknown[]) : values;
}

function sample(type: string, values: readonly unknown[], next: () => number): unknown {
  const [one = 0, other = 0, step = 1] = values.map(Number);
  const between = () => one + next() * (other - one);
  const bell = () => one + other * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const rounded = (value: number) => Math.round(value / step) * step;
  switch (type) {
    case "choice": {
      const all = choiceOf(values);
      return all[Math.floor(next() * all.length)];
    }
    case "randint":
      return Math.floor(next() * one);
    case "uniform":
      return between();
    case "quniform":
      return rounded(between());
    case "loguniform":
      return Math.exp(between());
    case "qloguniform":
      return rounded(Math.exp(between()));
    case "normal":
      return bell();
    case "qnormal":
      return rounded(bell());
    case "lognormal":
      return Math.exp(bell());
    case "qlognormal":
      return rounded(Math.exp(bell()));
    default:
      throw new Error(`'${type}' is no distribution of a search space.`);
  }
}
