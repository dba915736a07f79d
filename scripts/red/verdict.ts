// The verdict on a run of named tests: red at the commit that shows the fault, green at the head.
import type { Report, ReportedTest } from "./worktree.ts";

export interface Verdict {
  readonly holds: boolean;
  /** `2 fail`, `3 pass`, or what is wrong. */
  readonly said: string;
}

/** A test that cannot find what it imports shows nothing: neither does one whose file cannot be read. */
const BROKEN =
  /^(SyntaxError|ReferenceError)\b|MODULE_NOT_FOUND|Cannot find (module|package)|does not provide an export|\(0 ?, ?[\w$.]+\) is not a (function|constructor)/;

const isHook = ({ fullTitle }: ReportedTest) => /"(before|after) (all|each)" hook\b/.test(fullTitle);
const firstLine = (text: string) => text.split("\n").find((line) => line.trim() !== "") ?? "";
const why = ({ err }: ReportedTest) => firstLine(err.message ?? err.stack ?? "no message").slice(0, 200);

function isBroken({ err }: ReportedTest): boolean {
  return BROKEN.test(firstLine(err.stack ?? "")) || BROKEN.test(err.message ?? "") || BROKEN.test(err.code ?? "");
}

/** The tests of this title, and what kept them from running. */
function of(report: Report, title: string) {
  const named = (tests: readonly ReportedTest[]) => tests.filter(({ fullTitle }) => fullTitle.includes(title));
  const hook = report.failures.find(isHook);
  const skipped = named(report.pending).length;
  const none =
    hook === undefined
      ? skipped > 0
        ? `all ${skipped} of that title are skipped`
        : "no test of that title ran"
      : `no test ran: ${hook.fullTitle.slice(hook.fullTitle.indexOf('"'))}: ${why(hook)}`;
  return { passes: named(report.passes), failures: named(report.failures).filter((one) => !isHook(one)), none };
}

/** At least one test of the title runs and fails by itself, not for something that it does not find. */
export function isRed(report: Report | string, title: string): Verdict {
  if (typeof report === "string") return { holds: false, said: report };
  const { passes, failures, none } = of(report, title);
  if (passes.length + failures.length === 0) return { holds: false, said: none };
  if (failures.length === 0) return { holds: false, said: `${passes.length} pass, none fails` };
  const broken = failures.find(isBroken);
  if (broken !== undefined && failures.every(isBroken)) return { holds: false, said: `is broken: ${why(broken)}` };
  return { holds: true, said: `${failures.length} fail` };
}

/** At least one test of the title runs, and all of them pass. */
export function isGreen(report: Report | string, title: string): Verdict {
  if (typeof report === "string") return { holds: false, said: report };
  const { passes, failures, none } = of(report, title);
  const [failure] = failures;
  if (failure !== undefined) return { holds: false, said: `${failures.length} fail: ${why(failure)}` };
  if (passes.length === 0) return { holds: false, said: none };
  return { holds: true, said: `${passes.length} pass` };
}
