// Keeps a record below its size: lists and maps are halved, the heaviest first, and the record says how many entries it lost.
// Tests: test/lib/record/record.test.ts
import { recordShape } from "./schema.ts";
import type { Shape } from "./shape.ts";

/** Most characters of the JSON of one section, so that none takes the room of the others; those not named have OTHERS. */
const SECTION_LIMITS: Readonly<Record<string, number>> = {
  gate: 200_000,
  job: 120_000,
  cleanUp: 100_000,
  dataCheck: 120_000,
  deployment: 80_000,
  setup: 80_000,
  lineage: 60_000,
};
const OTHERS = 40_000;
/** Sections that other steps decide by: they lose entries, but they are never dropped. */
const KEPT: readonly string[] = ["version", "task", "result", "started", "gate", "promotion", "error", "omitted"];

/** A list or map within a section. */
interface Collection {
  /** `steps.rules`, without the numbers of entries. */
  readonly path: string;
  /** Characters of its JSON, without those of lists and maps within. */
  readonly weight: number;
  /** Leaves out the later half. @returns how many entries that were */
  halve(): number;
}

/**
 * The JSON of a record, whose parts may be changed for it.
 * @param omitted entries that were left out before, by path
 */
export function fitted(record: object, omitted: Record<string, number>, limit: number): string {
  const sections = record as Record<string, unknown>;
  const left = (path: string, entries: number) => {
    omitted[path] = (omitted[path] ?? 0) + entries;
  };
  for (const name of Object.keys(sections)) shorten(sections, name, SECTION_LIMITS[name] ?? OTHERS, left);
  // Room for what is said of what was left out.
  while (sizeOf(sections) > limit - 10_000) {
    const heaviest = Object.keys(sections).sort((a, b) => sizeOf(sections[b]) - sizeOf(sections[a]));
    const target = heaviest.find((name) => shorten(sections, name, sizeOf(sections[name]) / 2, left) > 0);
    if (target !== undefined) continue;
    const dropped = heaviest.find((name) => !KEPT.includes(name));
    if (dropped === undefined) break;
    delete sections[dropped];
    left(dropped, 1);
  }
  const entries = Object.entries(omitted).slice(0, 100);
  return JSON.stringify(entries.length === 0 ? record : { ...record, omitted: Object.fromEntries(entries) });
}

/** Halves lists and maps until the section has the size, or nothing is left to halve. @returns how many entries were left out */
function shorten(
  sections: Record<string, unknown>,
  name: string,
  limit: number,
  left: (path: string, entries: number) => void,
): number {
  const shape = recordShape.kind === "section" ? recordShape.fields[name] : undefined;
  let all = 0;
  while (shape !== undefined && sizeOf(sections[name]) > limit) {
    // Those of one path together: the rules of all steps of a rollout, and not those of one step after the other.
    const byPath = new Map<string, { weight: number; collections: Collection[] }>();
    for (const collection of collectionsIn(shape, sections, name, name)) {
      const { weight = 0, collections = [] } = byPath.get(collection.path) ?? {};
      byPath.set(collection.path, { weight: weight + collection.weight, collections: [...collections, collection] });
    }
    const [heaviest] = [...byPath].sort(([, a], [, b]) => b.weight - a.weight);
    if (heaviest === undefined) break;
    const [path, { collections }] = heaviest;
    const entries = collections.reduce((sum, one) => sum + one.halve(), 0);
    left(path, entries);
    all += entries;
  }
  return all;
}

/** The lists and maps with entries in one field of a holder. */
function collectionsIn(shape: Shape, holder: Record<string, unknown>, key: string, path: string): Collection[] {
  const value = holder[key];
  if (!isHolder(value)) return [];
  if (shape.kind === "section")
    return Object.entries(shape.fields).flatMap(([name, field]) =>
      collectionsIn(field, value, name, `${path}.${name}`),
    );
  if (shape.kind !== "list" && shape.kind !== "map") return [];
  const entries = Object.entries(value);
  if (entries.length === 0) return [];
  const within = entries.flatMap(([name]) => collectionsIn(shape.of, value, name, path));
  const weight = sizeOf(value) - within.reduce((sum, one) => sum + one.weight, 0);
  const halve = () => {
    const kept = entries.slice(0, Math.floor(entries.length / 2));
    holder[key] = Array.isArray(value) ? kept.map(([, one]) => one) : Object.fromEntries(kept);
    return entries.length - kept.length;
  };
  return [{ path, weight, halve }, ...within];
}

const sizeOf = (value: unknown): number => JSON.stringify(value)?.length ?? 0;
const isHolder = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
