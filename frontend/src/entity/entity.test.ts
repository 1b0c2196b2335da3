import { describe, expect, it } from "vitest";

import { branches, changeOf, equal, mentions } from "./diff";
import { kindOf, lineOf, plain, shortJson } from "./format";

describe("values as people read them", () => {
  it.each([
    ["~t2024-01-31T12:00:00Z", "datetime", "2024-01-31 12:00:00Z"],
    ["~t2024-01-31", "date", "2024-01-31"],
    ["~f10.50", "decimal", "10.50"],
    ["~:person:7", "ni", "person:7"],
    ["~rhttp://x", "uri", "http://x"],
    ["~~t", "string", "~t"],
    ["two\nlines", "string", "two lines"],
    [null, "null", "null"],
    [undefined, "missing", ""],
    [true, "boolean", "true"],
    [1.5, "number", "1.5"],
    [{ a: "~f1", b: ["x"] }, "dict", '{a: 1, b: ["x"]}'],
  ] as const)("%j", (value, kind, line) => {
    expect([kindOf(value as never), lineOf(value as never)]).toEqual([kind, line]);
  });

  it("are cut where they are long", () => {
    expect(lineOf("x".repeat(300), 20)).toHaveLength(20);
    expect(shortJson(Array.from({ length: 1000 }, (_, n) => n), 30).length).toBeLessThan(60);
    expect(plain("~uabc")).toBe("abc");
  });
});

describe("what is different between two versions", () => {
  it("tells what was added, removed, changed, at any depth", () => {
    const found = branches("", { a: 1, b: { c: 1, d: 2 }, e: 3 }, { a: 1, b: { c: 0, d: 2 }, f: 4 }, true) ?? [];
    expect(found.map(({ name, change }) => [name, change])).toEqual([
      ["a", "same"],
      ["b", "changed"],
      ["e", "added"],
      ["f", "removed"],
    ]);
    const inner = branches("b", { c: 1, d: 2 }, { c: 0, d: 2 }, true) ?? [];
    expect(inner.map(({ path, change }) => [path, change])).toEqual([
      ["b.c", "changed"],
      ["b.d", "same"],
    ]);
  });

  it("compares whole values, null and absence apart", () => {
    expect(equal({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toBe(true);
    expect(equal({ a: 1 }, { b: 1 })).toBe(false);
    expect(changeOf(null, undefined)).toBe("added");
  });

  it("writes paths as rules do", () => {
    expect(branches("lines", [{}], undefined)?.[0]?.path).toBe("lines[0]");
    expect(branches("", { "a.b": 1 })?.[0]?.path).toBe('"a.b"');
  });

  it("finds a text in names and values", () => {
    expect(mentions("name", { inner: ["Deep"] }, "deep")).toBe(true);
    expect(mentions("name", [1, 2], "0")).toBe(false);
  });
});
