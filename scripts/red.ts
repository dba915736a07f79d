// `npm run test:red`: each fault was shown by tests in a commit of their own before it was mended. This goes back to each of these
// commits, demands that the tests fail there, and that they pass at the head.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { type RedTest, redTests } from "./red/history.ts";
import { writeTable } from "./red/table.ts";
import { isGreen, isRed, type Verdict } from "./red/verdict.ts";
import { type Report, Worktree } from "./red/worktree.ts";

const usage = `npm run test:red -- [--only TEXT] [--since REVISION] [--jobs N] [--write]

  Reads the lines "Red: <file> :: <part of the test's title>" of the history's messages, runs those tests at each such commit and at
  HEAD, and demands that at least one of each title fails there by itself and that all pass here. HEAD is what is committed.

  --only TEXT       only tests whose file, title, commit or subject has TEXT in it
  --since REVISION  only commits after that one
  --jobs N          so many commits at a time; 2 where absent
  --write           writes the table into docs/reliability.md, where every test holds`;

/** Tests of one file at one commit, run by one mocha. */
interface Visit {
  readonly commit: string;
  readonly file: string;
  readonly titles: Set<string>;
}

/** One visit for all titles of a file at a commit: where they fail, in the order of the history, then where they pass. */
function visitsOf(tests: readonly RedTest[], head: string): Map<string, Visit> {
  const visits = new Map<string, Visit>();
  const add = (commit: string, { file, title }: RedTest) => {
    const key = `${commit} ${file}`;
    const visit = visits.get(key) ?? { commit, file, titles: new Set<string>() };
    visit.titles.add(title);
    visits.set(key, visit);
  };
  for (const test of tests) add(test.commit, test);
  for (const test of tests) add(head, test);
  return visits;
}

async function visitAll(root: string, visits: Map<string, Visit>, jobs: number): Promise<Map<string, Report | string>> {
  const reports = new Map<string, Report | string>();
  const queue = [...visits];
  const work = async () => {
    const worktree = new Worktree(root);
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [key, { commit, file, titles }] = next;
        console.error(`${reports.size + 1} of ${visits.size}: ${commit.slice(0, 9)} ${file}`);
        reports.set(key, await worktree.run(commit, file, [...titles]));
      }
    } finally {
      worktree.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, queue.length) }, work));
  return reports;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      since: { type: "string" },
      jobs: { type: "string", default: "2" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const jobs = Number(values.jobs);
  if (values.help || !Number.isInteger(jobs) || jobs < 1) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  if (values.write && (values.only !== undefined || values.since !== undefined)) {
    console.error("--write writes the whole table: leave out --only and --since.");
    return 2;
  }
  const root = execFileSync("git", ["rev-parse", "--show-toplevel"], { encoding: "utf8" }).trim();
  const head = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();
  const { only } = values;
  const tests = redTests(root, values.since).filter(
    (test) => only === undefined || Object.values(test).some((text: string) => text.includes(only)),
  );
  const reports = await visitAll(root, visitsOf(tests, head), jobs);
  const at = (commit: string, file: string) => reports.get(`${commit} ${file}`) ?? "was not run";
  let failed = 0;
  for (const { commit, short, file, title } of tests) {
    const [there, here] = [isRed(at(commit, file), title), isGreen(at(head, file), title)];
    const holds = there.holds && here.holds;
    if (!holds) failed += 1;
    const say = ({ holds, said }: Verdict) => (holds ? said : `NOT SHOWN (${said})`);
    console.log(
      `${holds ? "ok  " : "FAIL"} ${short} ${file} :: ${title}\n     there: ${say(there)}; here: ${say(here)}`,
    );
  }
  if (values.write && failed === 0 && tests.length > 0) {
    mkdirSync(path.join(root, "docs"), { recursive: true });
    writeTable(path.join(root, "docs", "reliability.md"), tests);
  } else if (values.write) {
    console.error("docs/reliability.md is as it was: the table holds only what was shown.");
  }
  if (tests.length === 0) console.error("The history names no such test.");
  console.log(`${tests.length - failed} passed, ${failed} failed`);
  return failed > 0 || tests.length === 0 ? 1 : 0;
}

process.exitCode = await main();
