import { expect, test } from "vitest";

import type { FullTrace } from "./trace";
import { moved } from "./live";
import { runnable } from "./written";

test("a value of the kernel is null in its place, and is told", () => {
  const written = '[["add", "a", "{{limit}}"], ["add", "b", "to {{ name }}"], ["add", "c", 1]]';
  const { text, at, unknown } = runnable(written);
  expect(unknown).toEqual(["limit", "name"]);
  expect(JSON.parse(text)).toEqual([["add", "a", null], ["add", "b", "to {{ name }}"], ["add", "c", 1]]);
  expect([at, text.length, text.indexOf('"c"')]).toEqual([0, written.length, written.indexOf('"c"')]);
});

test("rules of other cells stand beside those that apply them, also through others", () => {
  const rules = new Map([
    ["name", '[["apply", "place", "_S."], "x"]'],
    ["place", '[["copy", "zip"]] // last'],
    ["unused", "[]"],
  ]);
  const { text, at } = runnable('[["add", "n", ["apply", "name", "_S.n"]]] // by name', rules);
  expect(text.slice(at)).toMatch(/^\[\["add", "n"/);
  expect(JSON.parse(text.replaceAll(/\/\/.*/g, ""))).toEqual({
    default: [["add", "n", ["apply", "name", "_S.n"]]],
    name: [["apply", "place", "_S."], "x"],
    place: [["copy", "zip"]],
  });
});

test("a set of rules gets them as further ones", () => {
  const written = '{"default": [["merge", ["apply-hops", "name", {}]]]}';
  const { text, at } = runnable(written, new Map([["name", "[]"]]));
  expect(Object.keys(JSON.parse(text))).toEqual(["default", "name"]);
  expect(at).toBe(0);
});

test("an unfinished text stays as it is", () => {
  expect(runnable('[["add", "n', new Map([["n", "[]"]]))).toEqual({ text: '[["add", "n', at: 0, unknown: [] });
});

test("places move along with the text that the rules stand in", () => {
  const shown = { trace: {} as FullTrace, spans: { "$.a": [1, 3] as const }, chosen: 0, result: null, deployed: null, sample: [] };
  const problem = { path: "$", code: "x", message: "line 1, column 2: broken text", from: 2, to: 4, line: 1 };
  const found = moved({ problems: [problem], shown: { ...shown, spans: { "$.a": [1, 3] } }, note: "" }, 10, () => 3);
  expect(found.shown?.spans).toEqual({ "$.a": [11, 13] });
  expect(found.problems).toEqual([{ ...problem, message: "broken text", from: 12, to: 14, line: 3 }]);
});
