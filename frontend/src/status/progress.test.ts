import { describe, expect, it } from "vitest";

import { rateOf, shareOf } from "./progress";

describe("the progress of a run", () => {
  it("has a rate once two moments say so", () => {
    expect(rateOf([{ at: 0, processed: 0 }])).toBe(null);
    expect(rateOf([{ at: 0, processed: 0 }, { at: 2000, processed: 500 }])).toBe(250);
    expect(rateOf([{ at: 0, processed: 5 }, { at: 2000, processed: 5 }])).toBe(null);
  });

  it("has a share where it is known how many wait", () => {
    expect(shareOf(30, 10)).toBe(0.75);
    expect(shareOf(30, null)).toBe(null);
  });
});
