// The form of docs/performance.json: a part for each command of the benchmark, each with the conditions of its own run. A part that was not
// measured yet is absent. Times are in milliseconds. docs/performance.md and the README's comparison are made of it.

export interface Conditions {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: string;
  /** How many programs wanted a processor, over five minutes: more than there are processors, and the clock tells little. */
  readonly load: number;
  readonly node: string;
  /** Counted runs of each thing. */
  readonly runs: number;
}

/** Milliseconds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Figures of one run of a step. */
export interface Start {
  /** Processor time of all its processes. */
  readonly cpu: number;
  /** How long its processes ran. */
  readonly clock: number;
  /** Resident memory of the largest, in kilobytes. */
  readonly peak: number;
  /** Exchanges with Azure. */
  readonly requests: number;
}

export interface StartRow extends Pick<Start, "cpu" | "clock" | "requests"> {
  readonly what: string;
  /** Milliseconds by which each answer of Azure was late. */
  readonly delay: number;
  readonly megabytes: number;
}

/** `--starts`: what a step costs that waits for nothing. */
export interface Starts extends Conditions {
  readonly rows: readonly StartRow[];
}

/** A whole step, from the agent's start to its end, or a whole Python process. */
export interface Side extends Spread {
  /** Exchanges with Azure: the median. */
  readonly exchanges: number;
}

/** `--pairs`: tasks beside Azure's own Python client that does the same, in turn. */
export interface Pairs extends Conditions {
  /** The client's version: "1.35.2". */
  readonly azureAiMl: string;
  readonly rows: readonly {
    readonly what: string;
    /** The task's folder: "SubmitJob". */
    readonly task: string;
    readonly ours: Side;
    readonly theirs: Side;
  }[];
}

/** A bound that the product is held to: the figure may be at most, or must be at least, so much. */
export type Aim = { readonly most: number } | { readonly least: number };

export interface Reading {
  readonly what: string;
  readonly value: number;
  /** "s", "requests", ... */
  readonly unit: string;
  readonly aim?: Aim;
}

/** `--following`: how late a line of a job's log is, and how much is asked for it. */
export interface Following extends Conditions {
  readonly rows: readonly Reading[];
}

/** `--transfers`: uploads and downloads in turn with what they are held against. */
export interface Transfers extends Conditions {
  readonly azureAiMl: string;
  readonly rows: readonly {
    readonly what: string;
    /** "the same blocks by bare PUTs", "azure-ai-ml" */
    readonly against: string;
    readonly ours: Spread;
    readonly theirs: Spread;
    /** The median of the ratios of each turn: of their time to ours where the aim is at least so much, else of ours to theirs. */
    readonly ratio: number;
    readonly aim: Aim;
  }[];
}

/** `--growth`: what more of something costs. */
export interface Growth extends Conditions {
  readonly curves: readonly {
    readonly what: string;
    /** The thing that grows: "files", "steps", "metrics", "seconds of silence". */
    readonly of: string;
    readonly points: readonly {
      readonly size: number;
      readonly seconds: number;
      readonly exchanges: number;
    }[];
  }[];
}

export interface Performance {
  readonly starts?: Starts;
  readonly pairs?: Pairs;
  readonly following?: Following;
  readonly transfers?: Transfers;
  readonly growth?: Growth;
}

export const isMet = (value: number, aim: Aim): boolean => ("most" in aim ? value <= aim.most : value >= aim.least);
