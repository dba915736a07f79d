// The task's process in a schedule: its clock runs fast and may be wrong, and it says its id and how much memory it took.
import path from "node:path";
import type { NodeBinaries } from "../../local/agent/index.ts";
import { PEAK_KILOBYTES, preloaded } from "../harness/preload.ts";

/** How many of the task's seconds pass in one of this machine. */
export const SPEED = 20;

/** Variables of the agent's process that the script below reads. */
export const PROCESS_FILE = "FAULTS_PROCESS_FILE";
export const CLOCK_SKEW = "FAULTS_CLOCK_SKEW";

/**
 * Dates, timers and time limits run SPEED times as fast; sockets and other processes do not. The process id goes into
 * PROCESS_FILE at the start, the peak resident set in kilobytes after it at the end. CLOCK_SKEW is in milliseconds.
 */
const script = `
const fs = require("node:fs");
const processFile = process.env.${PROCESS_FILE};
fs.writeFileSync(processFile, String(process.pid));
process.on("exit", () => fs.appendFileSync(processFile, " " + (${PEAK_KILOBYTES})()));
const RealDate = Date;
const begin = RealDate.now();
const now = () => Math.round(begin + Number(process.env.${CLOCK_SKEW} || 0) + (RealDate.now() - begin) * ${SPEED});
globalThis.Date = class Date extends RealDate {
  constructor(...parts) { if (parts.length === 0) super(now()); else super(...parts); }
  static now() { return now(); }
};
const timers = require("node:timers");
const promises = require("node:timers/promises");
for (const name of ["setTimeout", "setInterval"]) {
  const real = globalThis[name];
  const fast = (work, wait = 1, ...rest) => real(work, wait / ${SPEED}, ...rest);
  Object.defineProperties(fast, Object.getOwnPropertyDescriptors(real));
  globalThis[name] = timers[name] = fast;
}
const wait = promises.setTimeout;
promises.setTimeout = (milliseconds = 1, ...rest) => wait(milliseconds / ${SPEED}, ...rest);
AbortSignal.timeout = (milliseconds) => {
  const controller = new AbortController();
  const late = () => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
  setTimeout(late, milliseconds).unref();
  return controller.signal;
};
`;

/** This machine's Node binaries with that script, in a folder that is made. */
export const fastNodes = (folder: string): NodeBinaries => preloaded(path.join(folder, "nodes"), script);
