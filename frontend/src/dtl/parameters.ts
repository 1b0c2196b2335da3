/** `{{expression}}` in a cell: what is not known before the cell runs is no problem of the text. */

import type { PlacedProblem } from "./known";

const PARAMETER = /"(?:[^"\\\n]|\\.)*?\{\{(?:[^"\\\n]|\\.)*?\}\}(?:[^"\\\n]|\\.)*?"/g;
/** The codes of problems that the value of one part brings to the whole. */
const OF_VALUES = new Set(
  "wrong-shape wrong-constant wrong-kind wrong-type wrong-path wrong-alias unknown-alias wrong-return wrong-subset unknown-property unknown-variable unknown-dataset constant-dict disconnected-join second-join".split(" "),
);

/** The problems without those that are about what the kernel puts in. */
export function withoutParameters(text: string, problems: readonly PlacedProblem[]): PlacedProblem[] {
  const places = [...text.matchAll(PARAMETER)].map(({ 0: written, index }) => [index, index + written.length] as const);
  if (places.length === 0) return [...problems];
  return problems.filter(({ from, to, code }) => !places.some(([begin, end]) => (from >= begin && to <= end) || (OF_VALUES.has(code) && isAround(text, from, to, begin, end))));
}

/** Is a place a call of which the parameter is an argument, not one further in? */
function isAround(text: string, from: number, to: number, begin: number, end: number): boolean {
  if (from > begin || to < end) return false;
  let depth = 0;
  for (const { 0: token } of text.slice(from, begin).matchAll(/"(?:[^"\\\n]|\\.)*"?|\/\/[^\n]*|[[\]{}]/g)) {
    if (token === "[" || token === "{") depth += 1;
    if (token === "]" || token === "}") depth -= 1;
  }
  return depth <= 1;
}

/** The Python expression that is being typed at a place: what stands behind `{{` in a text; null outside. */
export function expressionAt(text: string, at: number): { from: number; code: string } | null {
  const open = /\{\{([^{}"\n]*)$/.exec(text.slice(0, at));
  return open === null ? null : { from: at - open[1]!.length, code: open[1]! };
}
