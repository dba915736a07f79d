// Node binaries that load a script before the task: to speed its clock up, or to hear what it says before the agent masks it.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { machineNodes, type NodeBinaries } from "../../local/agent/index.ts";
import type { AzureWorld } from "../../local/azure/world/world.ts";

/**
 * This machine's binaries, each of which first runs `script` (CommonJS). Writes into `folder`, which is made. Programs of
 * their own and no shell scripts: shells drop variables whose names hold a dash, as ENDPOINT_URL_<guid> does.
 */
export function preloaded(folder: string, script: string): NodeBinaries {
  mkdirSync(folder, { recursive: true });
  const start = 'process.argv.splice(1, 1);\nif (process.argv[1] === "-v") console.log(process.version);\n';
  const binaries = Object.entries(machineNodes()).map(([name, binary]) => {
    const wrapper = path.join(folder, name);
    writeFileSync(wrapper, `#!${binary}\n${start}else {\n${script}\nrequire(process.argv[1]);\n}\n`, { mode: 0o755 });
    return [name, wrapper];
  });
  return Object.fromEntries(binaries);
}

/** Makes `Date.now` run `times` as fast, which deadlines are measured by. */
export const fastClock = (times: number) =>
  `const now = Date.now; const start = now(); Date.now = () => start + (now() - start) * ${times};\n`;

/** Limits of requests in milliseconds, which sockets and other processes need as long as ever. */
const REQUEST_LIMITS = [100_000, 120_000];

/** Lets `Date` and timers of the task go with the clock of a cloud that has a speed. */
export const clockOf = ({ clock }: Pick<AzureWorld, "clock">) => `
const Real = Date;
const machineNow = Real.now;
const now = () => Math.floor(${clock.now()} + (machineNow() - ${clock.machineNow()}) * ${clock.speed});
globalThis.Date = new Proxy(Real, {
  construct: (target, given, made) => Reflect.construct(target, given.length > 0 ? given : [now()], made === globalThis.Date ? target : made),
  get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
});
for (const name of ["setTimeout", "setInterval"]) {
  const begin = globalThis[name];
  const fast = (work, milliseconds = 0, ...rest) =>
    begin(work, ${JSON.stringify(REQUEST_LIMITS)}.includes(milliseconds) ? milliseconds : milliseconds / ${clock.speed}, ...rest);
  globalThis[name] = Object.defineProperties(fast, Object.getOwnPropertyDescriptors(begin));
}
`;

/**
 * Appends to `file` each pause that the task made after the agent's SIGINT or SIGTERM, and each in its post-job stage: one a line, as
 * `main 200` or `postJob 200`: milliseconds of timers that ran to their end. What a task waits for by itself shows here, however slow the machine is.
 */
export const pausesWhenStopped = (file: string) => `
const { appendFileSync } = require("node:fs");
const postJob = /postjob\\.js$/.test(process.argv[1]);
let stopped = postJob;
const heard = new Set();
process.on("newListener", (event) => {
  if (!["SIGINT", "SIGTERM"].includes(event) || heard.has(event)) return;
  heard.add(event);
  process.on(event, () => { stopped = true; });
});
const { setTimeout: begin } = globalThis;
globalThis.setTimeout = Object.assign((work, milliseconds = 0, ...rest) => begin((...given) => {
  if (stopped && milliseconds > 0) appendFileSync(${JSON.stringify(file)}, (postJob ? "postJob " : "main ") + milliseconds + "\\n");
  return work(...given);
}, milliseconds, ...rest), begin);
`;

/** Appends all that the process writes to `file`, as it writes it. */
export const tap = (file: string) => `
const { appendFileSync } = require("node:fs");
for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write.bind(stream);
  stream.write = (chunk, ...rest) => { appendFileSync(${JSON.stringify(file)}, chunk); return write(chunk, ...rest); };
}
`;

/** Appends to `file` each module that is neither Node's own nor in the task's folder. */
export const strangers = (file: string) => `
const Module = require("node:module");
const { appendFileSync } = require("node:fs");
const { dirname, resolve, sep } = require("node:path");
const home = dirname(dirname(resolve(process.argv[1]))) + sep;
const find = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  if (Module.isBuiltin(request)) return find.call(this, request, parent, ...rest);
  let found;
  try {
    found = find.call(this, request, parent, ...rest);
  } catch (error) {
    if (parent?.filename?.startsWith(home)) appendFileSync(${JSON.stringify(file)}, "missing: " + request + "\\n");
    throw error;
  }
  if (!found.startsWith(home)) appendFileSync(${JSON.stringify(file)}, found + "\\n");
  return found;
};
`;

/**
 * The text of a function that says the peak resident set of its process in kilobytes. On Linux the system's own number, `maxRSS`, is never
 * below what the parent had when it made the process, and a worker of mocha may be large.
 */
export const PEAK_KILOBYTES = `() => {
  try {
    return Number(/^VmHWM:\\s+(\\d+)/m.exec(require("node:fs").readFileSync("/proc/self/status", "utf8"))[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}`;

/**
 * Appends to `file`, as JSON when the process ends, the most memory that it had in bytes and what became of the lines of
 * `numberedLog`: these are counted and held to their order in place of being printed, since whoever reads a gigabyte of
 * them has to keep it.
 */
export const measured = (file: string) => `
const { appendFileSync } = require("node:fs");
const peakKilobytes = ${PEAK_KILOBYTES};
const seen = { lines: 0, outOfOrder: 0 };
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (chunk, ...rest) => {
  const text = String(chunk);
  if (!text.startsWith("filler ")) return write(chunk, ...rest);
  for (const line of text.split("\\n")) {
    if (line === "") continue;
    if (Number(line.slice(7, 19)) !== seen.lines) seen.outOfOrder++;
    seen.lines++;
  }
  const done = rest.find((one) => typeof one === "function");
  if (done) setImmediate(done);
  return true;
};
process.on("exit", () => appendFileSync(${JSON.stringify(file)}, JSON.stringify({ ...seen, peak: peakKilobytes() * 1024 }) + "\\n"));
`;
