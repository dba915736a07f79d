// `npm run test:red`: checks that the tests which showed a fault fail at their commit (red) and pass at the head (green).
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
  "Red-At: <commit> <file> :: <title>" names an earlier commit that has not the file yet, and gets it as it is at HEAD.

  --only TEXT       only tests whose file, title, commit or subject has TEXT in it
  --since REVISION  only commits after that one
  --jobs N          so many commits at a time; 2 where absent
  --write           writes the table into docs/reliability.md, where every test holds`;

/** Tests of one file at one commit, run by one mocha. */
interface Visit {
  readonly commit: string;
  readonly file: string;
  /** The path of the file at HEAD. */
  readonly source: string;
  readonly titles: Set<string>;
  readonly fromHead: boolean;
}

const keyOf = (commit: string, file: string) => `${commit} ${file}`;

/** One visit for all titles of a file at a commit. */
function visitsOf(
  tests: readonly RedTest[],
  commitOf: (test: RedTest) => string,
  isLater: (test: RedTest) => boolean,
  fileOf: (test: RedTest) => string,
): Visit[] {
  const visits = new Map<string, Visit>();
  for (const test of tests) {
    const commit = commitOf(test);
    const file = fileOf(test);
    const key = keyOf(commit, file);
    const visit = visits.get(key) ?? {
      ...{ commit, file, source: test.here, titles: new Set<string>(), fromHead: isLater(test) },
    };
    visit.titles.add(test.title);
    visits.set(key, visit);
  }
  return [...visits.values()];
}

/** @param seen told of each visit when it has ended */
async function visitAll(
  root: string,
  visits: { readonly there: Visit[]; readonly here: Visit[] },
  jobs: number,
  seen: (visit: Visit, report: Report | string) => void,
): Promise<void> {
  const { there, here } = visits;
  const all = there.length + here.length;
  let begun = 0;
  const work = async (first: Visit[], then: Visit[]) => {
    const worktree = new Worktree(root);
    try {
      for (let next = first.shift() ?? then.shift(); next !== undefined; next = first.shift() ?? then.shift()) {
        console.error(`${++begun} of ${all}: ${next.commit.slice(0, 7)} ${next.file}`);
        seen(next, await worktree.run(next.commit, next.file, [...next.titles], next));
      }
    } finally {
      worktree.close();
    }
  };
  // One of several stays at the head, where nothing is built anew.
  await Promise.all(
    Array.from({ length: Math.min(jobs, all) }, (_, n) => (n === 1 ? work(here, there) : work(there, here))),
  );
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
    (test) =>
      only === undefined ||
      [test.commit, test.subject, test.file, test.here, test.title].some((text) => text.includes(only)),
  );
  const reports = new Map<string, Report | string>();
  let failed = 0;
  let told = 0;
  /** Tells in the history's order what is known by now. */
  const tell = () => {
    for (let test = tests[told]; test !== undefined; test = tests[told]) {
      const { commit, short, file, title } = test;
      const [there, here] = [reports.get(keyOf(commit, file)), reports.get(keyOf(head, test.here))];
      if (there === undefined || here === undefined) return;
      const [red, green] = [isRed(there, title), isGreen(here, title)];
      const holds = red.holds && green.holds;
      if (!holds) failed += 1;
      told += 1;
      const say = ({ holds, said }: Verdict) => (holds ? said : `NOT SHOWN (${said})`);
      console.log(`${holds ? "ok  " : "FAIL"} ${short} ${file} :: ${title}`);
      console.log(`     there: ${say(red)}; here: ${say(green)}`);
    }
  };
  const visits = {
    there: visitsOf(
      tests,
      ({ commit }) => commit,
      ({ fromHead }) => fromHead === true,
      ({ file }) => file,
    ),
    here: visitsOf(
      tests,
      () => head,
      () => false,
      ({ here }) => here,
    ),
  };
  await visitAll(root, visits, jobs, ({ commit, file }, report) => {
    reports.set(keyOf(commit, file), report);
    tell();
  });
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
