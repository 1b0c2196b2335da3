/** Two texts line by line, as `diff -u` shows them: few lines around what differs. */

const AROUND = 3;
/** With more lines in the middle than this they are shown as replaced: to compare each with each would take long. */
const MOST = 2_000;

type Line = readonly [" " | "-" | "+", string];

/** Nothing where the texts are the same. */
export function unifiedDiff(before: string, after: string, titles: readonly [string, string]): string[] {
  const lines = compared(before === "" ? [] : before.split("\n"), after.split("\n"));
  const changed = lines.flatMap(([mark], at) => (mark === " " ? [] : [at]));
  if (changed.length === 0) return [];
  const shown: string[] = [`--- ${titles[0]}`, `+++ ${titles[1]}`];
  let end = -1;
  lines.forEach(([mark, text], at) => {
    if (!changed.some((one) => Math.abs(one - at) <= AROUND)) return;
    if (at !== end + 1 && end >= 0) shown.push("…");
    shown.push(`${mark}${text}`);
    end = at;
  });
  return shown;
}

function compared(before: string[], after: string[]): Line[] {
  let head = 0;
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const same = (lines: string[]): Line[] => lines.map((text) => [" ", text]);
  const [old, made] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  return [...same(before.slice(0, head)), ...middle(old, made), ...same(before.slice(before.length - tail))];
}

/** By the longest lines that both have in the same order. */
function middle(old: string[], made: string[]): Line[] {
  const removed = (lines: string[]): Line[] => lines.map((text) => ["-", text]);
  const added = (lines: string[]): Line[] => lines.map((text) => ["+", text]);
  if (old.length > MOST || made.length > MOST) return [...removed(old), ...added(made)];
  const width = made.length + 1;
  const longest = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = made.length - 1; j >= 0; j--) {
      const [down, right] = [longest[(i + 1) * width + j]!, longest[i * width + j + 1]!];
      longest[i * width + j] = old[i] === made[j] ? longest[(i + 1) * width + j + 1]! + 1 : Math.max(down, right);
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < made.length) {
    if (old[i] === made[j]) lines.push([" ", old[i++]!]), j++;
    else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) lines.push(["-", old[i++]!]);
    else lines.push(["+", made[j++]!]);
  }
  return [...lines, ...removed(old.slice(i)), ...added(made.slice(j))];
}
