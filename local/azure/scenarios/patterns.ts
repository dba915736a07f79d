// Patterns of names and paths: `*` is any text without a slash, `**` any text at all. Case makes no difference.

const compiled = new Map<string, RegExp>();

/** Whether `text` is what `pattern` describes, from its beginning to its end. No pattern meets everything. */
export function meets(pattern: string | undefined, text: string | undefined): boolean {
  if (pattern === undefined) return true;
  if (text === undefined) return false;
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    const source = pattern
      .split(/(\*\*|\*)/)
      .map((part) => (part === "**" ? ".*" : part === "*" ? "[^/]*" : part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")))
      .join("");
    expression = new RegExp(`^${source}$`, "is");
    compiled.set(pattern, expression);
  }
  return expression.test(text);
}

/**
 * The operation of a request, as role definitions of the resource manager name it: `Microsoft.MachineLearningServices/workspaces/jobs/write`.
 * Undefined for what is below no resource provider.
 */
export function operationOf(method: string, path: string): string | undefined {
  const provider = /\/providers\/([^/]+)\/(.*)$/i.exec(path);
  if (provider === null) return undefined;
  const parts = (provider[2] ?? "").split("/").filter((part) => part !== "");
  const types = parts.filter((_part, index) => index % 2 === 0);
  const verbs: Readonly<Record<string, string>> = { GET: "read", HEAD: "read", DELETE: "delete", POST: "action" };
  return [provider[1], ...types, verbs[method] ?? "write"].join("/");
}
