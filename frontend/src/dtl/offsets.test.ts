import { expect, test } from "vitest";

import { toCharacters, unitsOf } from "./offsets";

test.each(["", "plain", "a😀b😀😀c", "😀"])("the places of %j go there and back", (text) => {
  const units = unitsOf(text);
  let at = 0;
  [...text, ""].forEach((character, number) => {
    expect(units(number)).toBe(at);
    expect(toCharacters(text, at)).toBe(number);
    at += character.length;
  });
  expect(units(1_000)).toBe(text.length);
});
