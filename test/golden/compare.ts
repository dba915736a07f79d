// Holds what we write against what Azure's own client sent for the same document. Numbers are compared as numbers and text as text; only
// what a client makes up (names of jobs, anonymous versions, upload folders) and what says nothing is taken out first, on both sides.
import { createHash } from "node:crypto";

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

const MADE_UP_NAME = /sad_boniato_ktrz3db4r2|bright_garlic_f2spjt6qx2/g;
/** A marker of the client's own, and the schema's address. */
const SILENT = new Set(["_source", "$schema"]);
/** Flags that say nothing where they are false. */
const FLAGS = new Set(["isArchived", "isAnonymous"]);

type Tree = Readonly<Record<string, unknown>>;
const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);
const shortHash = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);

function saysNothing(name: string, value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (typeof value === "object" && Object.keys(value).length === 0) return true;
  return FLAGS.has(name) && value === false;
}

/** Writes in a form that two clients' writes can be compared in: what each writes, by its kind and name. */
function canonical(writes: readonly Sent[]): [place: string, body: unknown][] {
  const names = new Map<string, string>();
  const norm = (value: unknown): unknown => {
    if (typeof value === "string") return normText(value, names);
    if (Array.isArray(value)) return value.map(norm);
    if (!isTree(value)) return value;
    const entries = Object.entries(value)
      .filter(([name]) => !SILENT.has(name))
      .map(([name, item]) => [name, norm(item)] as const)
      .filter(([name, item]) => !saysNothing(name, item));
    return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
  };
  const result: [string, unknown][] = [];
  for (const { method, path, body } of writes) {
    const below = /\/workspaces\/[^/]+\/(.+)$/i.exec(path)?.[1];
    if (below === undefined || method !== "PUT" || !isTree(body)) continue;
    const parts = below.split("/");
    const kind = parts.filter((_, index) => index % 2 === 0).join("/");
    const properties = isTree(body["properties"]) ? body["properties"] : {};
    if (kind === "codes/versions") {
      names.set(path, `<code ${(properties["properties"] as Tree | undefined)?.["hash_sha256"]}>`);
      continue;
    }
    const sent = norm(body);
    if (properties["isAnonymous"] === true || /anonymous/i.test(path)) {
      const nameless = withoutName(sent);
      names.set(path, `<${kind} ${shortHash(nameless)}>`);
      result.push([`${kind} <anonymous>`, nameless]);
    } else if (kind === "jobs") result.push(["jobs <name>", sent]);
    else result.push([`${kind} ${parts.filter((_, index) => index % 2).join(":")}`, sent]);
  }
  return result;
}

function normText(value: string, names: ReadonlyMap<string, string>): string {
  let text = value.replace(/^azureml:(?=\/subscriptions\/)/, "").replace(MADE_UP_NAME, "<name>");
  for (const [from, to] of names) text = text.replaceAll(from, to);
  return text.replace(/LocalUpload\/[0-9a-f-]{32,64}\//g, "LocalUpload/<hash>/");
}

function withoutName(body: unknown): unknown {
  if (!isTree(body) || !isTree(body["properties"]) || !isTree(body["properties"]["componentSpec"])) return body;
  const { name: _name, version: _version, ...spec } = body["properties"]["componentSpec"];
  return { ...body, properties: { ...body["properties"], componentSpec: spec } };
}

/** In how far our writes are others than theirs; nothing where they are the same. */
export function differences(theirs: readonly Sent[], ours: readonly Sent[]): string[] {
  const wanted = canonical(theirs);
  const left = canonical(ours);
  const found: string[] = [];
  for (const [place, body] of wanted) {
    const same = left.findIndex(([name, own]) => name === place && JSON.stringify(own) === JSON.stringify(body));
    const near = same >= 0 ? same : left.findIndex(([name]) => name === place);
    if (near < 0) found.push(`${place} is not written`);
    else {
      if (same < 0) found.push(...differ(body, left[near]?.[1], place));
      left.splice(near, 1);
    }
  }
  // What is written twice with the same content is one write.
  for (const [place, body] of left)
    if (!wanted.some(([name, own]) => name === place && JSON.stringify(own) === JSON.stringify(body)))
      found.push(`${place} is written by us alone`);
  return found;
}

function differ(theirs: unknown, ours: unknown, place: string): string[] {
  if (JSON.stringify(theirs) === JSON.stringify(ours)) return [];
  const areLists = Array.isArray(theirs) && Array.isArray(ours);
  if (areLists || (isTree(theirs) && isTree(ours))) {
    const names = new Set([...Object.keys(theirs as Tree), ...Object.keys(ours as Tree)]);
    return [...names].flatMap((name) => differ((theirs as Tree)[name], (ours as Tree)[name], `${place}.${name}`));
  }
  return [`${place}: Azure's client sends ${shown(theirs)}, we ${shown(ours)}`];
}

const shown = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value).slice(0, 160));
