import { expect, test } from "vitest";

import { toCharacters } from "./offsets";

test.each(["", "plain", "a😀b😀😀c", "😀"])("the places of %j are counted in characters", (text) => {
  let at = 0;
  [...text, ""].forEach((character, number) => {
    expect(toCharacters(text, at)).toBe(number);
    at += character.length;
  });
});
