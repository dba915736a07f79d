// Plans one document: create, change, replace or leave, from what is wanted and what is there. Pure. Most of the tests are about this.

import { canonical } from "../../documents/language/canonical.ts";
import { isObject } from "../../plain-objects.ts";
import { sha256 } from "../../sha256.ts";
import { type Difference, differences, isEmpty, otherSecrets } from "../workspace/compare.ts";
import { SPECIFICATION_HASH } from "../workspace/lineage.ts";
import type { Resource } from "../workspace/merge.ts";
import type { ApplicableKind } from "./applicable.ts";
import { failedState } from "./state.ts";

export interface Decision {
  readonly action: "create" | "update" | "unchanged";
  readonly changes: readonly Difference[];
  /** Changes of what never changes. */
  readonly refused: readonly Difference[];
}

/** The content of a document as a hash; for an asset without the fields that may change under its version. */
export function hashOf(how: ApplicableKind, wanted: Resource): string {
  const { tags: _tags, properties: own = {}, ...envelope } = wanted;
  const { properties: _own, tags: _ownTags, ...properties } = own ?? {};
  if (!how.asset) return sha256(canonical({ ...envelope, ...properties }));
  return sha256(canonical(without(properties, how.asset.mayChange)));
}

/** A mapping without the fields at paths of one or two steps. */
function without(of: Readonly<Record<string, unknown>>, paths: readonly string[], above = ""): object {
  const entries = Object.entries(of).filter(([name]) => !paths.includes(`${above}${name}`));
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const isDeeper = above === "" && isObject(value) && paths.some((path) => path.startsWith(`${name}.`));
      return [name, isDeeper ? without(value, paths, `${name}.`) : value];
    }),
  );
}

/**
 * @param known.hash of the wanted, for kinds that keep one
 * @param known.held the credentials that the service holds, where it tells them
 */
export function decide(
  how: ApplicableKind,
  wanted: Resource,
  there: Resource | undefined,
  known: { readonly hash?: string | undefined; readonly held?: unknown } = {},
): Decision {
  if (!there) return { action: "create", changes: [], refused: [] };
  const { hash, held } = known;
  const found = hash === undefined ? visible(wanted, there) : byHash(how, wanted, there, hash);
  if (otherSecrets(how.secrets?.wantedIn(wanted), held))
    found.push({ path: "properties.credentials", from: "***", to: "***" });
  const refused = how.asset ? found.filter(({ path }) => !mayChange(how, path)) : [];
  const changes = [...failedState(there), ...found.filter((one) => !refused.includes(one))];
  return { action: changes.length + refused.length === 0 ? "unchanged" : "update", changes, refused };
}

/** The wants of a document towards a resource that is there: defaults are for a new one, and what a file does not name stays. */
export function askedOf(how: ApplicableKind, document: object, wanted: Resource): Resource {
  const unnamed = Object.entries(how.whenNew ?? {}).flatMap(([field, at]) =>
    (document as Readonly<Record<string, unknown>>)[field] === undefined ? [at] : [],
  );
  if (unnamed.length === 0) return wanted;
  const without = (of: object) =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !unnamed.some((one) => one === name)));
  return { ...without(wanted), properties: without(wanted.properties ?? {}) };
}

function visible(wanted: Resource, there: Resource): Difference[] {
  const { name: _name, id: _id, ...rest } = wanted;
  return differences(rest, there);
}

function byHash(how: ApplicableKind, wanted: Resource, there: Resource, hash: string): Difference[] {
  const held = (there.properties?.["properties"] as Record<string, string> | null | undefined)?.[SPECIFICATION_HASH];
  // The service answers fewer fields than it was sent: a missing field is not a difference.
  const shown = visible(wanted, there).filter(
    ({ path, from }) => !isEmpty(from) && !path.startsWith("properties.properties."),
  );
  const words = shown.filter(({ path }) => isWord(path));
  if (held === hash) {
    // Numbers and switches can be turned by others; words come back in forms of the service's own.
    const turned = shown.filter(({ to }) => typeof to === "number" || typeof to === "boolean");
    return how.asset ? words : [...words, ...turned.filter((one) => !words.includes(one))];
  }
  const content = shown.filter((one) => !words.includes(one));
  const unseen = { path: "specification", from: held ?? "made elsewhere", to: hash };
  // Whether a version made by another tool is the same is left to the service.
  if (how.asset && held === undefined) return [...words, { ...unseen, path: "properties.properties" }, ...content];
  return content.length > 0 ? [...words, ...content] : [...words, unseen];
}

/** Tags and what people are told; of a component these stand in its specification. */
const isWord = (path: string) =>
  /^(properties\.)?tags\.|^properties\.(componentSpec\.)?(description|display_?name|tags\..*)$/i.test(path);

function mayChange(how: ApplicableKind, path: string): boolean {
  if (path.startsWith("tags") || isWord(path)) return true;
  return how.asset?.mayChange.includes(path.split(/[.[]/)[1] ?? "") === true;
}
