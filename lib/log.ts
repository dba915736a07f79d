// The log of the library. The agent prints it; tests collect it.
// Tests: test/bundle/hostile-log.test.ts

export interface Log {
  /** One line for everybody. */
  info(line: string): void;
  /** Shown when the pipeline runs with system.debug. */
  debug(line: string): void;
  /** A warning issue on the run. */
  warn(line: string): void;
  /** Text that someone else wrote (a job's log, a service's message): neutralised before it is printed. May hold many lines. */
  remote(text: string): void;
  /** Resolves when what was printed so far has left: who prints more than memory holds waits for it. */
  drained?(): Promise<void>;
  /** Runs `work` inside a collapsible group of the log. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>;
}

/** A log that keeps nothing and prints nothing. */
export const silentLog: Log = {
  info() {},
  debug() {},
  warn() {},
  remote() {},
  group: (_title, work) => work(),
};
