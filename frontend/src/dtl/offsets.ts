/** Places in a text: the node counts characters (code points), editors count UTF-16 units. */

const PAIR = /[\ud800-\udbff][\udc00-\udfff]/g;

/** The characters before a place that is given in UTF-16 units. */
export function toCharacters(text: string, units: number): number {
  return units - (text.slice(0, units).match(PAIR)?.length ?? 0);
}
