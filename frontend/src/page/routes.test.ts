import { describe, expect, test } from "vitest";

import { hrefOf, routeOf } from "./routes";

describe("an address names a view", () => {
  test.each([
    ["", { view: "overview" }],
    ["#/", { view: "overview" }],
    ["#/pipes", { view: "pipes" }],
    ["#/pipes/", { view: "pipes" }],
    ["#/pipes/a%2Fb%20c", { view: "pipe", name: "a/b c", tab: "runs" }],
    ["#/pipes/a/rules", { view: "pipe", name: "a", tab: "rules" }],
    ["#/pipes/a/what", { view: "pipe", name: "a", tab: "runs" }],
    ["#/datasets/x", { view: "dataset", name: "x" }],
    ["#/systems/x", { view: "system", name: "x" }],
    ["#/flow", { view: "flow" }],
    ["#/try", { view: "try", kind: "", name: "" }],
    ["#/try/dataset/x", { view: "try", kind: "dataset", name: "x" }],
    ["#/nothing", { view: "unknown" }],
    ["#/pipes/100%", { view: "pipe", name: "100%", tab: "runs" }],
  ])("%s", (hash, route) => expect(routeOf(hash)).toEqual(route));

  test("and back, whatever is in a name", () => {
    for (const name of ["a/b", "ø #?&%", "%2F", "..", "a b"]) {
      expect(routeOf(hrefOf("pipes", name, "preview"))).toEqual({ view: "pipe", name, tab: "preview" });
    }
  });
});
