import { expect, test } from "vitest";

import { smallest } from "./smallest";

test.each([
  ['[["copy","*"]]', '[["copy", "*"]]', { from: 9, to: 9, insert: " " }],
  ["aaa", "aa", { from: 2, to: 3, insert: "" }],
  ["aa", "aaa", { from: 2, to: 2, insert: "a" }],
  ["same", "same", { from: 4, to: 4, insert: "" }],
  ["", "new", { from: 0, to: 0, insert: "new" }],
])("from %j to %j", (before, after, change) => {
  expect(smallest(before, after)).toEqual(change);
  expect(before.slice(0, change.from) + change.insert + before.slice(change.to)).toBe(after);
  expect(smallest(before, after, 7).from).toBe(change.from + 7);
});
