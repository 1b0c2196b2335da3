import { describe, expect, it } from "vitest";

import { allOf, columnCondition } from "./filters";

describe("what is typed below a column", () => {
  it.each([
    [">30", "integer", ["gt", "_S.x", 30]],
    ["<= 2.5", "decimal", ["lte", "_S.x", 2.5]],
    ["=Oslo", "string", ["eq", "_S.x", "Oslo"]],
    ["=_x", "string", ["eq", "_S.x", ["literal", "_x"]]],
    ['="10"', "integer", ["eq", "_S.x", "10"]],
    [">2024-03", "datetime", ["gt", "_S.x", ["literal", "~t2024-03-01"]]],
    [">2024-03-05 10:30", "datetime", ["gt", "_S.x", ["literal", "~t2024-03-05T10:30:00Z"]]],
    ["null", "string", ["is-null", "_S.x"]],
    ["!null", "string", ["is-not-null", "_S.x"]],
    ["true", "boolean", ["eq", "_S.x", true]],
    ["Ada", "string", ["matches", "*ada*", ["lower", ["string", "_S.x"]]]],
    ["A?a*", "string", ["matches", "a?a*", ["lower", ["string", "_S.x"]]]],
    ["oslo", "dict", ["matches", "*oslo*", ["lower", ["json", "_S.x"]]]],
    ["  ", "string", null],
  ])("%s in a column of type %s", (typed, type, condition) => {
    expect(columnCondition("x", typed, type)).toEqual(condition);
  });

  it("reads properties whose names are no plain ones", () => {
    expect(columnCondition("a b", "null", "string")).toEqual(["is-null", ["path", "a b", "_S."]]);
  });

  it("asks for all conditions together", () => {
    expect(allOf([null, ["a"], ["b"]])).toEqual(["and", ["a"], ["b"]]);
    expect(allOf([null])).toBe(null);
  });
});
