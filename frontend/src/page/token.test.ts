import { expect, test } from "vitest";

import { forgetToken, keepToken, takeToken, tidied } from "./token";

class Kept implements Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  private readonly values = new Map<string, string>();
  getItem = (key: string) => this.values.get(key) ?? null;
  setItem = (key: string, value: string) => void this.values.set(key, value);
  removeItem = (key: string) => void this.values.delete(key);
}

test("the token of a link leaves the address at once, and is kept for the tab", () => {
  const kept = new Kept() as unknown as Storage;
  const seen: unknown[] = [];
  const location = { pathname: "/node/", search: "", hash: "" } as Location;
  const history = {
    replaceState: (_state: unknown, _title: string, url: string) => {
      seen.push(url);
      location.hash = "#/";
    },
  } as unknown as History;
  const at = (hash: string) => Object.assign(location, { hash });
  expect(takeToken(at("#/pipes"), history, kept)).toBe(null);
  expect(takeToken(at("#token=a.b%2Bc"), history, kept)).toBe("a.b+c");
  expect(seen).toEqual(["/node/#/"]);
  expect(takeToken(at("#/pipes"), history, kept)).toBe("a.b+c");
  forgetToken(kept);
  expect(takeToken(at(""), history, kept)).toBe(null);
  for (const broken of ["#token=%", "#token=", "#token=%C3%A6"]) expect(takeToken(at(broken), history, kept)).toBe(null);
  expect(seen.length).toBe(4);
  keepToken("x", kept);
  expect(takeToken(at(""), history, kept)).toBe("x");
});

test.each([
  ["a.b.c", "a.b.c"],
  [" Bearer a.b.c\n", "a.b.c"],
  ['"a.b.c"', "a.b.c"],
  ["a.b\n.c", "a.b.c"],
  ["http://localhost:9042/#token=a.b%2Bc", "a.b+c"],
])("a token pasted as %j is %s", (text, token) => expect(tidied(text)).toBe(token));
