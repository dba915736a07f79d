// $(name) macros: the agent's scan, in which what is inserted is not looked at again (docs/facts/agent.md#1.5).

/** Replaces every `$(name)` that `lookup` knows. What it does not know stays literal; the scan resumes after inserted text. */
export function expandMacros(text: string, lookup: (name: string) => string | undefined): string {
  let result = text;
  let start = 0;
  for (;;) {
    const open = result.indexOf("$(", start);
    const close = open < 0 ? -1 : result.indexOf(")", open + 2);
    if (close < 0) return result;
    const name = result.slice(open + 2, close);
    const value = name === "" ? undefined : lookup(name);
    if (value === undefined) {
      start = open + 1;
    } else {
      result = result.slice(0, open) + value + result.slice(close + 1);
      start = open + value.length;
    }
  }
}

/** The environment form of a name: `.` and space become `_`, then upper case; every other character stays (docs/facts/agent.md#1.7). */
export function environmentName(name: string): string {
  return name.replace(/[. ]/g, "_").toUpperCase();
}
