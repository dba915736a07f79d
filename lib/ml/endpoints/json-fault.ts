// Locates the syntax error in a JSON text: Node 20 reports the character and not the line and column.

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: just these may not stand in a JSON text.
  /[\t\n\r ]+|[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** The tokens that may come next: a value, the first or a later member of an object, a colon, or a separator. */
type Wanted = "value" | "firstItem" | "firstKey" | "key" | "colon" | "separator";

/** Offset of the first character that cannot stand there (the text's length where something is missing at its end); undefined for JSON. */
export function jsonFault(text: string): number | undefined {
  const open: ("{" | "[")[] = [];
  let wanted: Wanted = "value";
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined || token === "") return at;
    if (!/^[\t\n\r ]/.test(token)) {
      const next = step(wanted, token, open);
      if (next === undefined) return at;
      wanted = next;
    }
    at += token.length;
  }
  return wanted === "separator" && open.length === 0 ? undefined : text.length;
}

function step(wanted: Wanted, token: string, open: ("{" | "[")[]): Wanted | undefined {
  if (token === "}" || token === "]") {
    const fits = open.at(-1) === (token === "}" ? "{" : "[");
    const may = wanted === "separator" || wanted === (token === "}" ? "firstKey" : "firstItem");
    if (!fits || !may) return undefined;
    open.pop();
    return "separator";
  }
  switch (wanted) {
    case "value":
    case "firstItem":
      if (token === "," || token === ":") return undefined;
      if (token !== "{" && token !== "[") return "separator";
      open.push(token);
      return token === "{" ? "firstKey" : "firstItem";
    case "firstKey":
    case "key":
      return token.startsWith('"') ? "colon" : undefined;
    case "colon":
      return token === ":" ? "value" : undefined;
    case "separator":
      if (token !== "," || open.length === 0) return undefined;
      return open.at(-1) === "{" ? "key" : "value";
  }
}
