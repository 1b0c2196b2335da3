/** Places in a text: the node counts characters (code points), editors count UTF-16 units. */

const PAIR = /[\ud800-\udbff][\udc00-\udfff]/g;

/** The characters before a place that is given in UTF-16 units. */
export function toCharacters(text: string, units: number): number {
  return units - (text.slice(0, units).match(PAIR)?.length ?? 0);
}

/** UTF-16 units of many places in one text that are given in characters. */
export function unitsOf(text: string): (characters: number) => number {
  const pairs = [...text.matchAll(PAIR)].map(({ index }, before) => index - before);
  if (pairs.length === 0) return (characters) => Math.min(characters, text.length);
  // Each pair that begins before the place makes it one unit further.
  return (characters) => Math.min(text.length, characters + pairs.filter((at) => at < characters).length);
}
