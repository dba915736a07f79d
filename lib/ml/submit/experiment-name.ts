// The experiment that a job belongs to: what Azure ML takes as its name. Pure.
// Tests: test/tasks/missing-names.test.ts

/**
 * 1 to 256 letters, numbers, underscores and dashes, a letter or a number first: from public reports of jobs that failed by it, one of
 * them with a name in Chinese, so letters are those of ASCII. Not verified against live Azure; recordings of 2023 show a pipeline with
 * a space in it accepted, and not what became of it.
 */
const RULE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,255}$/;

/** The pipeline's name as an experiment's: what an experiment's name may not hold becomes a dash. "Default" where nothing is left. */
export function experimentOf(definition: string): string {
  const name = definition
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[_-]+/, "")
    .slice(0, 256)
    .replace(/-+$/, "");
  return name === "" ? "Default" : name;
}

/** Why a name that somebody wrote may be refused, as a sentence; undefined where it may not. */
export function experimentFault(name: string | undefined): string | undefined {
  if (!name || RULE.test(name)) return undefined;
  return `The experiment "${name}" has a name that Azure ML is reported to refuse after it has taken the job. Use letters, numbers, underscores and dashes, a letter or a number first, 256 at most, such as "${experimentOf(name)}".`;
}
