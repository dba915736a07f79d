// Time and log as the relay's parts see them, so that a test can hold the one and read the other.

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

export interface RelayLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

export const silentLog: RelayLog = { info() {}, warn() {}, error() {} };
