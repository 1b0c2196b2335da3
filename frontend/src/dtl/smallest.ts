/** The smallest change from one text to another: what is the same at both ends stays. */

export interface Change {
  from: number;
  to: number;
  insert: string;
}

/** The change that makes `before` at an offset into `after`: the cursor and folds outside of it stay. */
export function smallest(before: string, after: string, at = 0): Change {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from: at + start, to: at + before.length - end, insert: after.slice(start, after.length - end) };
}
