import { expect, test } from "vitest";

import { expressionAt, withoutParameters } from "./parameters";

const problem = (text: string, part: string, code: string) => {
  const from = text.indexOf(part);
  return { path: "$", code, message: "", from, to: from + part.length };
};
const left = (text: string, part: string, code: string) => withoutParameters(text, [problem(text, part, code)]).length;

test("what is about a parameter alone is no problem before the cell runs", () => {
  const text = '[["add", "x", ["ljust", "{{width}}", " ", ["uper", "_S.a"]]]]';
  expect(left(text, '"{{width}}"', "unknown-function")).toBe(0);
  expect(left(text, '["ljust", "{{width}}", " ", ["uper", "_S.a"]]', "wrong-constant")).toBe(0);
});

test("what is about the rest of the text stays a problem", () => {
  const text = '[["add", "x", ["ljust", "{{width}}", " ", ["uper", "_S.a"]]]]';
  expect(left(text, '["uper", "_S.a"]', "unknown-function")).toBe(1);
  expect(left(text, '["ljust", "{{width}}", " ", ["uper", "_S.a"]]', "arity")).toBe(1);
  // Further out than the call that the parameter is an argument of.
  expect(left(text, text, "wrong-shape")).toBe(1);
});

test("the expression between braces is found while it is typed", () => {
  const text = '[["add", "x", "{{len(nam}}"]]';
  const at = text.indexOf("nam") + 3;
  expect(expressionAt(text, at)).toEqual({ from: text.indexOf("len"), code: "len(nam" });
  expect(expressionAt(text, text.length)).toBeNull();
});
