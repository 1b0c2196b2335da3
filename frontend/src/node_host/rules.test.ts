import { describe, expect, test } from "vitest";

import { bare, jsonWith } from "../dtl/bare";
import { unifiedDiff } from "./line_diff";
import { dtlTransforms, newPipe, rulesIn, ruleSet, withRules } from "./rules";

describe("plain JSON out of what people write", () => {
  test.each([
    ["[1.0, 12345678901234567890,]", "[1.0, 12345678901234567890]"],
    ['["a // no", /* yes */ "#b", "\\"#"] // end', '["a // no",  "#b", "\\"#"]'],
    ['{"a": [1, 2, // last\n ], # more\n}', '{"a": [1, 2 \n ] \n}'],
    ["[1, /* , */ 2]", "[1,  2]"],
  ])("%j", (text, plain) => {
    expect(bare(text)).toBe(plain);
    JSON.parse(bare(text));
  });

  test("fields that are JSON already stay as they are", () => {
    expect(jsonWith({ a: "x", no: undefined }, { b: "[1.0]" })).toBe('{"a": "x", "b": [1.0]}');
  });
});

describe("the rules in a configuration", () => {
  const one = '{"_id": "p", "big": 12345678901234567890, "transform": {"type": "dtl", "rules": {"default": [["copy", "*"]]}}, "f": 1.0}';
  const several = '{"_id": "p", "transform": [{"type": "http"}, {"type": "dtl", "rules": {"default": []}}, {"type": "dtl", "rules": {"default": [["filter"]]}}]}';

  test("are taken out, and others put in, and nothing else is touched", () => {
    expect(rulesIn(one, null)).toBe('{"default": [["copy", "*"]]}');
    const made = withRules(one, '[["add", "n", 2.0], // two\n]', null);
    expect(made).toBe('{"_id": "p", "big": 12345678901234567890, "transform": {"type": "dtl", "rules": {"default": [["add", "n", 2.0] \n]}}, "f": 1.0}');
  });

  test("of one of several transforms, where it is said which", () => {
    expect(dtlTransforms(several)).toEqual([1, 2]);
    expect(rulesIn(several, 2)).toBe('{"default": [["filter"]]}');
    expect(withRules(several, "[]", 1)).toContain('{"type": "dtl", "rules": {"default": []}}, {"type": "dtl", "rules": {"default": [["filter"]]}}');
    expect(() => rulesIn(several, null)).toThrow("say which transform is meant; of type dtl: 1, 2");
    expect(() => rulesIn(several, 0)).toThrow("of type dtl: 1, 2");
  });

  test("of a pipe without a transform, or without rules, are new", () => {
    expect(rulesIn('{"_id": "p"}', null)).toBe('[["copy", "*"]]');
    expect(JSON.parse(withRules('{"_id": "p"}', "[]", null))).toEqual({ _id: "p", transform: { type: "dtl", rules: { default: [] } } });
    expect(JSON.parse(withRules('{"transform": {}}', "[]", null))).toEqual({ transform: { rules: { default: [] } } });
    expect(JSON.parse(withRules("{}", "[]", null))).toEqual({ transform: { type: "dtl", rules: { default: [] } } });
  });

  test("of another type are not to be edited here", () => {
    expect(() => rulesIn('{"transform": {"type": "http"}}', null)).toThrow('the transform is of type "http"');
  });

  test("are a list, or named with a default", () => {
    expect(ruleSet("[]")).toBe('{"default": []}');
    expect(ruleSet('{"default": [], "x": []}')).toBe('{"default": [], "x": []}');
    expect(() => ruleSet('{"x": []}')).toThrow('one called "default"');
    expect(() => ruleSet("[[]")).toThrow("the rules are no JSON");
  });

  test("make a new pipe over a dataset, or over what another pipe reads", () => {
    expect(JSON.parse(newPipe("n", "[]", { dataset: "d" }))).toMatchObject({ _id: "n", type: "pipe", source: { type: "dataset", dataset: "d" } });
    const config = '{"_id": "p", "source": {"type": "embedded", "entities": [{"n": 1.0}]}, "pump": {"mode": "manual"}, "sink": {"x": 1}}';
    const made = newPipe("n", "[]", { config });
    expect(made).toContain('"source": {"type": "embedded", "entities": [{"n": 1.0}]}');
    expect(Object.keys(JSON.parse(made) as object)).toEqual(["_id", "type", "source", "pump", "transform"]);
  });
});

describe("two texts line by line", () => {
  const titles = ["a", "b"] as const;

  test("that are the same differ in nothing", () => expect(unifiedDiff("x\ny", "x\ny", titles)).toEqual([]));

  test("show what differs, with a few lines around", () => {
    const before = Array.from({ length: 30 }, (_, number) => `line ${number}`);
    const after = before.with(5, "other").toSpliced(20, 1);
    expect(unifiedDiff(before.join("\n"), after.join("\n"), titles)).toEqual([
      "--- a", "+++ b", " line 2", " line 3", " line 4", "-line 5", "+other", " line 6", " line 7", " line 8",
      "…", " line 17", " line 18", " line 19", "-line 20", " line 21", " line 22", " line 23",
    ]);
  });

  test("keep what both have", () => {
    expect(unifiedDiff("a\nb\nc\nd", "b\nx\nd\ne", titles).slice(2)).toEqual(["-a", " b", "-c", "+x", " d", "+e"]);
  });

  test("of which the first is empty", () => expect(unifiedDiff("", "a\nb", titles).slice(2)).toEqual(["+a", "+b"]));
});
