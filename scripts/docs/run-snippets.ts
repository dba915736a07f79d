// Runs the snippets of the documentation by the packaged tasks on local clouds, several side by side: what runs in a test may be pasted.
// Tests: test/docs/run-snippets.test.ts
import { NOT_RUN } from "./not-run.ts";
import { Project } from "./project.ts";
import { keyedSnippets, type Snippet } from "./snippets.ts";

export interface Ran {
  readonly snippet: Snippet;
  /** Undefined where it ran as it stands; else what failed. */
  readonly fault: string | undefined;
  readonly seconds: number;
}

/** Whether it is one of those that are asked for. */
export const isAsked = (key: string, only: readonly string[]): boolean =>
  only.length === 0 || only.some((part) => key.includes(part));

export interface RunOptions {
  /** Parts of the keys of those that are run; none: all. */
  readonly only?: readonly string[];
  /** Those of all pages where absent. */
  readonly snippets?: readonly Snippet[];
  /** How many projects there are, each with a cloud of its own. */
  readonly projects?: number;
  /** Called after each run. */
  readonly said?: (ran: Ran) => void;
  /** Takes each line of each run. */
  readonly log?: (line: string) => void;
}

/**
 * Runs them, those below one heading after one another in one project.
 * @returns all that ran, in the order of the pages
 * @throws Error where a project could not be made ready
 */
export async function runSnippets(
  root: string,
  { only = [], snippets = keyedSnippets(root), projects = 1, said = () => {}, log = () => {} }: RunOptions = {},
): Promise<Ran[]> {
  const asked = snippets.filter(({ key }) => isAsked(key, only) && !(key in NOT_RUN));
  const shares = dealt(asked, projects).filter((share) => share.length > 0);
  const ran = await Promise.all(
    shares.map(async (share, at) => {
      const project = await Project.open(root, (line) => log(shares.length === 1 ? line : `${at + 1}: ${line}`));
      try {
        const done: Ran[] = [];
        for (const snippet of share) {
          const begun = performance.now();
          const fault = await project.run(snippet);
          const one = { snippet, fault, seconds: (performance.now() - begun) / 1000 };
          done.push(one);
          said(one);
        }
        return done;
      } finally {
        await project.close();
      }
    }),
  );
  const order = new Map(asked.map((snippet, at) => [snippet, at]));
  return ran.flat().sort((one, other) => (order.get(one.snippet) ?? 0) - (order.get(other.snippet) ?? 0));
}

/** Deals them out, a heading at a time, in turn. */
function dealt(snippets: readonly Snippet[], hands: number): Snippet[][] {
  const shares = Array.from({ length: hands }, (): Snippet[] => []);
  let hand = -1;
  let last = "";
  for (const snippet of snippets) {
    const heading = snippet.key.replace(/ \(\d+\)$/, "");
    if (heading !== last) hand += 1;
    last = heading;
    shares[hand % hands]?.push(snippet);
  }
  return shares;
}
