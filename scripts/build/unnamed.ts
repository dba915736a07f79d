// Cuts packages down to what somebody names: a method or function that nothing in the code that is left names cannot be called.
import { type Read, readText } from "./named-units.ts";

/** Members that Node itself calls or reads of what it is given: streams, agents, iterators, promises, text. */
const CALLED_BY_NODE = [
  ..."then toString toJSON valueOf next return throw handleEvent lookup inspect".split(" "),
  ..."_read _write _writev _transform _flush _final _destroy _construct".split(" "),
  ..."addRequest createConnection createSocket getName removeSocket keepSocketAlive reuseSocket destroy callback".split(
    " ",
  ),
].map((name) => `.${name}`);

export interface Cut {
  /** The files without what is cut, by path. */
  readonly texts: ReadonlyMap<string, string>;
  /** Each thing that is cut from something that stays. */
  readonly left: readonly Left[];
}

interface Left {
  readonly path: string;
  readonly name: string;
  /** Anybody could name it, as a member of something. */
  readonly isMember: boolean;
  /** Its file could name it by itself. */
  readonly isLocal: boolean;
}

/**
 * The texts without the methods of classes, and in CommonJS the functions and exports, that nothing names: neither `callers` nor what
 * is left of the files. A member counts as named whatever it is a member of, so more is kept than is called; computed members are kept.
 * @param files JavaScript by path
 * @param callers what others name (`namesIn`)
 * @param tables files of which others take what they export by its name in quotes
 */
export function withoutUnnamed(
  files: ReadonlyMap<string, string>,
  callers: Iterable<string>,
  tables: RegExp = /^\b$/,
): Cut {
  const read = new Map([...files].map(([path, text], index) => [path, readText(text, `${index}:`, tables.test(path))]));
  const named = new Set([...CALLED_BY_NODE, ...callers]);
  for (const { names } of read.values()) for (const name of names) named.add(name);
  const units = [...read.values()].flatMap((file) => file.units);
  for (let changed = true; changed; ) {
    changed = false;
    for (const unit of units) {
      if (unit.isKept || unit.around?.isKept === false || !unit.ways.some((way) => named.has(way))) continue;
      unit.isKept = changed = true;
      for (const name of unit.names) named.add(name);
    }
  }
  return {
    texts: new Map([...read].map(([path, file]) => [path, rest(file)])),
    left: [...read].flatMap(([path, file]) =>
      file.units
        .filter(({ isKept, around }) => !isKept && around?.isKept !== false)
        .map(({ name, ways }) => {
          const begins = (sign: string) => ways.some((way) => way.startsWith(sign));
          return { path, name, isMember: begins("."), isLocal: begins(file.mark) };
        }),
    ),
  };
}

function rest({ text, units }: Read): string {
  const places = units.flatMap(({ isKept, place }) => (isKept ? [] : place));
  let kept = "";
  let end = 0;
  for (const place of places.sort((a, b) => a.start - b.start)) {
    // One in another that is left out already.
    if (place.start < end) continue;
    kept += text.slice(end, place.start);
    end = place.end;
  }
  return kept + text.slice(end);
}
