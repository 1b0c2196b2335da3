import { expect, test } from "vitest";

import { isClosed } from "./quotes";

test.each([
  ['["add", "x"', true],
  ['["add", "', false],
  ['["a\\""', true],
  ['["a\\"', false],
  ['["a\\\\"', true],
  ['[""', true],
  ['["add"]', false],
  ["", false],
])("is a text closed at the end of %s", (line, closed) => expect(isClosed(line)).toBe(closed));
