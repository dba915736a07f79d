// Nearest name: what a mistyped name probably meant, for errors that list what there is ("did you mean").
// Tests: test/lib/nearest-name.test.ts

/** Names that a sentence shows at most. */
const MOST_NAMES = 20;

/** The candidate that `word` most probably meant, or undefined where none is near. */
export function nearestName(word: string, candidates: readonly string[]): string | undefined {
  const folded = fold(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = damerau(folded, fold(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  const limit = Math.max(1, Math.floor(folded.length / 3));
  // "acc" is as likely the beginning of accuracy as a slip for auc: then neither is named.
  const isBeginning = candidates.some((one) => one !== best && fold(one).startsWith(folded));
  if (folded.length < 4 && bestDistance > 0 && isBeginning) return undefined;
  if (best !== undefined && bestDistance <= limit) return best;
  return candidates.find((candidate) => {
    const other = fold(candidate);
    return folded.length >= 4 && other.length >= 4 && (other.startsWith(folded) || folded.startsWith(other));
  });
}

/** camelCase, kebab-case and spaces are the same name as snake_case. */
function fold(word: string): string {
  return word
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[-\s]+/g, "_");
}

/** Optimal string alignment distance: insert, delete, replace, swap of neighbours; each costs one. */
export function damerau(left: string, right: string): number {
  const width = right.length + 1;
  let before: number[] = [];
  let above = Array.from({ length: width }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column < width; column++) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1;
      let cost = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + same);
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, before[column - 2]! + 1);
      current.push(cost);
    }
    [before, above] = [above, current];
  }
  return above[right.length]!;
}

/** " Did you mean bikes?", or nothing where no name is near. */
export function didYouMean(word: string, names: readonly string[]): string {
  const nearest = nearestName(word, names);
  return nearest === undefined ? "" : ` Did you mean ${nearest}?`;
}

/** At most twenty names, so that a sentence stays one. */
export function someNames(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

/** "it has bikes, cars. Did you mean bikes?" or "it has none."; ends the sentence. */
export const whatItHas = (word: string, names: readonly string[]): string =>
  names.length === 0 ? "it has none." : `it has ${someNames(names)}.${didYouMean(word, names)}`;
