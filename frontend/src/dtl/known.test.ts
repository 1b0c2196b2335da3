import { expect, test } from "vitest";

import { diagnosticsOf } from "./known";

test("a problem that is marked says what is wrong, not where: that is seen", () => {
  const problem = { path: "$", code: "broken-json", message: "line 7, column 1: expected a value", hint: "write one", from: 3, to: 9 };
  const [found] = diagnosticsOf("[\n\n,]", [problem]);
  expect([found?.message, found?.from, found?.to]).toEqual(["expected a value; write one", 3, 5]);
});
