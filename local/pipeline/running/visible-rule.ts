// visibleRule of task.json inputs: `a = v && b != w`, without parentheses (docs/facts/extension.md#2.3).

/** Whether the rule holds for these values; an input that is not there is empty. Comparison is without case. */
export function isVisible(rule: string | undefined, value: (input: string) => string): boolean {
  if (rule === undefined || rule.trim() === "") return true;
  return rule.split("||").some((alternative) => alternative.split("&&").every((term) => holds(term.trim(), value)));
}

function holds(term: string, value: (input: string) => string): boolean {
  const match =
    /^(\S+?)\s*(==|=|!=|\bNotEndsWith\b|\bEndsWith\b|\bNotContains\b|\bContains\b|\bStartsWith\b|\bNotStartsWith\b)\s*(.*)$/i.exec(
      term,
    );
  if (!match) throw new Error(`The visibleRule '${term}' cannot be read.`);
  const [, name, operator, wanted] = match as unknown as [string, string, string, string];
  const [left, right] = [value(name).toLowerCase(), wanted.trim().toLowerCase()];
  switch (operator.toLowerCase()) {
    case "=":
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "endswith":
      return left.endsWith(right);
    case "notendswith":
      return !left.endsWith(right);
    case "contains":
      return left.includes(right);
    case "notcontains":
      return !left.includes(right);
    case "startswith":
      return left.startsWith(right);
    default:
      return !left.startsWith(right);
  }
}
