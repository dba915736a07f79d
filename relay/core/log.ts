// The relay's log as its parts see it, so that a test can read it.

export interface RelayLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

export const silentLog: RelayLog = { info() {}, warn() {}, error() {} };
