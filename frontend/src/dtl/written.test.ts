import { expect, test } from "vitest";

import type { FullTrace } from "./trace";
import { moved } from "./live";
import { runnable } from "./written";

test("a value of the kernel that is not known is null, and is told", () => {
  const written = '[["add", "a", "{{limit}}"], ["add", "b", "to {{ name }}"], ["add", "c", 1]]';
  const { text, back, expressions, unknown } = runnable(written);
  expect([expressions, unknown]).toEqual([["limit", "name"], ["limit", "name"]]);
  expect(JSON.parse(text)).toEqual([["add", "a", null], ["add", "b", "to {{ name }}"], ["add", "c", 1]]);
  expect(back(text.indexOf('"c"'))).toBe(written.indexOf('"c"'));
});

test("a value of the kernel that is known is put in, and places lead back to what is written", () => {
  const written = '[["add", "a", "{{list}}"], ["add", "b", "to {{name}} in {{n}}"], ["add", "c", 1]]';
  const known = new Map([
    ["list", '["long", "and longer"]'],
    ["name", '"a \\"b\\""'],
    ["n", "7"],
  ]);
  const { text, back, unknown } = runnable(written, new Map(), known);
  expect(unknown).toEqual([]);
  expect(JSON.parse(text)).toEqual([["add", "a", ["long", "and longer"]], ["add", "b", 'to a "b" in 7'], ["add", "c", 1]]);
  for (const part of ['"a"', '"b"', '"c"', "1]]"]) expect(back(text.indexOf(part))).toBe(written.indexOf(part));
  const value = text.indexOf('["long"');
  const place = written.indexOf('"{{list}}"');
  expect([back(value), back(value + 3), back(value + 22)]).toEqual([place, place, place + 10]);
});

test("rules of other cells stand beside those that apply them, also through others", () => {
  const rules = new Map([
    ["name", '[["apply", "place", "_S."], "x"]'],
    ["place", '[["copy", "zip"]] // last'],
    ["unused", "[]"],
  ]);
  const { text, back } = runnable('[["add", "n", ["apply", "name", "_S.n"]]] // by name', rules);
  expect(back(text.indexOf('["apply"'))).toBe(14);
  expect(back(text.length)).toBe('[["add", "n", ["apply", "name", "_S.n"]]] // by name'.length);
  expect(JSON.parse(text.replaceAll(/\/\/.*/g, ""))).toEqual({
    default: [["add", "n", ["apply", "name", "_S.n"]]],
    name: [["apply", "place", "_S."], "x"],
    place: [["copy", "zip"]],
  });
});

test("a set of rules gets them as further ones", () => {
  const written = '{"default": [["merge", ["apply-hops", "name", {}]]]}';
  const { text, back } = runnable(written, new Map([["name", "[]"]]));
  expect(Object.keys(JSON.parse(text))).toEqual(["default", "name"]);
  expect(back(text.indexOf('["apply-hops"'))).toBe(written.indexOf('["apply-hops"'));
});

test("an unfinished text stays as it is", () => {
  expect(runnable('[["add", "n', new Map([["n", "[]"]])).text).toBe('[["add", "n');
});

test("places move along with the text that the rules stand in", () => {
  const shown = { trace: {} as FullTrace, spans: { "$.a": [1, 3] as const }, chosen: 0, result: null, deployed: null, sample: [] };
  const problem = { path: "$", code: "x", message: "line 1, column 2: broken text", from: 2, to: 4, line: 1 };
  const found = moved({ problems: [problem], shown: { ...shown, spans: { "$.a": [1, 3] } }, note: "" }, (offset) => offset + 10, () => 3);
  expect(found.shown?.spans).toEqual({ "$.a": [11, 13] });
  expect(found.problems).toEqual([{ ...problem, message: "broken text", from: 12, to: 14, line: 3 }]);
});
