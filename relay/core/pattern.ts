// Names with `*` (any text) and `?` (one character): all that a route's filters know.

export interface GlobOptions {
  readonly ignoreCase?: boolean;
}

/** Whether the whole text matches. Runs in time proportional to the two lengths multiplied, whatever the pattern. */
export function matchesGlob(pattern: string, text: string, options: GlobOptions = {}): boolean {
  const glob = options.ignoreCase === true ? pattern.toLowerCase() : pattern;
  const value = options.ignoreCase === true ? text.toLowerCase() : text;
  let at = 0;
  let position = 0;
  let star = -1;
  let resume = 0;
  while (position < value.length) {
    if (at < glob.length && glob[at] === "*") {
      star = at++;
      resume = position;
    } else if (at < glob.length && (glob[at] === "?" || glob[at] === value[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else {
      return false;
    }
  }
  while (glob[at] === "*") at++;
  return at === glob.length;
}

/** Whether any of the patterns matches. */
export function matchesAny(patterns: readonly string[], text: string, options: GlobOptions = {}): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, text, options));
}
