import { expect, test } from "vitest";

import { Latest } from "./latest";
import { around, below, layOut } from "./layout";
import { difference, pretty, same, short, typeName } from "./values";

test("values are short on one line, and say when they are cut", () => {
  expect(short({ a: [1, "x"], b: null })).toBe('{"a": [1, "x"], "b": null}');
  expect(short("x".repeat(1e6), 12)).toBe('"xxxxxxxxxx…');
  expect(short(Array.from({ length: 1e6 }, (_, n) => n), 12)).toHaveLength(12);
  expect(short(undefined)).toBe("nothing");
});

test("types have the names of the manual", () => {
  expect([null, 1, 1.5, "~t2020-01-01T00:00:00Z", "~f1.0", "~~x", "x", [], {}, true].map(typeName)).toEqual([
    "null", "integer", "float", "datetime", "decimal", "string", "string", "list", "dict", "boolean",
  ]);
});

test("what differs is told property by property", () => {
  expect(difference({ a: 1, b: [1], c: 2 }, { b: [1], a: 2, d: null })).toEqual([
    { name: "b", change: "same", old: [1], new: [1] },
    { name: "a", change: "changed", old: 1, new: 2 },
    { name: "d", change: "added", new: null },
    { name: "c", change: "removed", old: 2 },
  ]);
  expect(same({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
  expect(same({ a: undefined }, { b: undefined })).toBe(false);
});

test("what fits stays on a line", () => {
  expect(pretty({ a: 1, b: [1, 2] })).toBe('{"a": 1, "b": [1, 2]}');
  expect(pretty({ name: "x".repeat(30), list: ["y".repeat(30)] })).toBe(
    `{\n  "name": "${"x".repeat(30)}",\n  "list": ["${"y".repeat(30)}"]\n}`,
  );
  expect(pretty({})).toBe("{}");
});

test("rules that are laid out are the same rules, and every path stands where it says", () => {
  const rules = { default: [["copy", "*"], ["if", ["eq", "_S.a b", 1], [["add", "x".repeat(90), { "odd key": [] }]]]] };
  const { text, spans } = layOut(rules, "$.rules");
  expect(JSON.parse(text)).toEqual(rules);
  const at = (path: string) => JSON.parse(text.slice(...spans.get(path)!));
  expect(at("$.rules.default[1][1]")).toEqual(["eq", "_S.a b", 1]);
  expect(at('$.rules.default[1][2][0][2]["odd key"]')).toEqual([]);
});

test("a path leads to what is around it", () => {
  expect(around(below("$.rules", "odd. key]"))).toBe("$.rules");
  expect([around("$.rules.a[1][2]"), around("$.rules.a"), around("$")]).toEqual(["$.rules.a[1]", "$.rules", ""]);
});

test("while a question is under way only the newest of the later ones is kept", async () => {
  const asked: number[] = [];
  const heard: number[] = [];
  let answer: () => void = () => undefined;
  const latest = new Latest<number, number>(
    (question) => {
      asked.push(question);
      return new Promise((resolve) => (answer = () => resolve(question)));
    },
    (found) => heard.push(found),
    () => undefined,
  );
  [1, 2, 3].forEach((question) => latest.put(question));
  answer();
  await Promise.resolve().then(() => undefined).then(() => undefined);
  answer();
  await new Promise((resolve) => setTimeout(resolve));
  expect([asked, heard, latest.isBusy]).toEqual([[1, 3], [1, 3], false]);
});
