// The command line of a job with its placeholders filled in: ${{inputs.x}}, ${{outputs.x}} and optional $[[ … ]] parts.

/** Values of placeholders: literal text, or a path on this machine. */
export interface Placeholders {
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
}

const placeholder = /\$\{\{\s*(inputs|outputs)\.([A-Za-z_][\w-]*)\s*\}\}/g;
const optionalPart = /\$\[\[([\s\S]*?)\]\]/g;

/**
 * Fills a command in. An optional part stays (without its brackets) if every placeholder in it has a value, and goes otherwise.
 * Values are put in as they are, without quoting: the command's author writes the quotes. Not verified against live Azure for
 * values that hold blanks.
 */
export function fillCommand(command: string, values: Placeholders): string {
  const kept = command.replace(optionalPart, (_whole, part: string) =>
    namesIn(part).every(({ group, name }) => values[group].has(name)) ? part.trim() : "",
  );
  return fillText(kept, values);
}

/** Fills placeholders in; one that has no value stays as it is. */
export function fillText(text: string, values: Placeholders): string {
  return text.replace(
    placeholder,
    (whole, group: "inputs" | "outputs", name: string) => values[group].get(name) ?? whole,
  );
}

/** Placeholders outside optional parts that name nothing declared: `inputs.x`, `outputs.y`. */
export function undeclaredPlaceholders(
  command: string,
  declared: { inputs: Iterable<string>; outputs: Iterable<string> },
): string[] {
  const known = new Set([
    ...[...declared.inputs].map((name) => `inputs.${name}`),
    ...[...declared.outputs].map((name) => `outputs.${name}`),
  ]);
  const names = namesIn(command.replace(optionalPart, "")).map(({ group, name }) => `${group}.${name}`);
  return [...new Set(names)].filter((name) => !known.has(name));
}

function namesIn(text: string): { group: "inputs" | "outputs"; name: string }[] {
  return [...text.matchAll(placeholder)].map((match) => ({ group: match[1] as "inputs" | "outputs", name: match[2]! }));
}
