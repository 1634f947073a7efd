/** What somebody meant who mistyped it. */

/** The name that differs in one letter: another, a missing, an additional one, or two swapped. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  return names.find((name) => isNear(word, name));
}

function isNear(word: string, name: string): boolean {
  let same = 0;
  while (same < word.length && word[same] === name[same]) same++;
  const left = word.slice(same);
  const meant = name.slice(same);
  const isSwapped = left.length > 1 && left[0] === meant[1] && left[1] === meant[0];
  return left.slice(1) === meant.slice(1) || left.slice(1) === meant || left === meant.slice(1) ||
    (isSwapped && left.slice(2) === meant.slice(2));
}
