// visibleRule of task.json as the editor evaluates it: `a = v && b != w || c contains d`, without parentheses (docs/facts/extension.md#2.3).

const OPERATORS = {
  "=": (left, right) => left === right,
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  contains: (left, right) => left.includes(right),
  notcontains: (left, right) => !left.includes(right),
  startswith: (left, right) => left.startsWith(right),
  notstartswith: (left, right) => !left.startsWith(right),
  endswith: (left, right) => left.endsWith(right),
  notendswith: (left, right) => !left.endsWith(right),
};
const TERM = /^(\S+?)\s*(==|=|!=|\b(?:Not)?(?:Contains|StartsWith|EndsWith)\b)\s*(.*)$/i;

/** @param textOf the value of an input by its name; case does not count */
export function isVisible(rule, textOf) {
  if (rule === undefined || rule.trim() === "") return true;
  const holds = (term) => {
    const [, name, operator, wanted] = TERM.exec(term.trim()) ?? [];
    if (operator === undefined) throw new Error(`The visibleRule '${term.trim()}' cannot be read.`);
    return OPERATORS[operator.toLowerCase()](textOf(name).toLowerCase(), wanted.trim().toLowerCase());
  };
  return rule.split("||").some((alternative) => alternative.split("&&").every(holds));
}
