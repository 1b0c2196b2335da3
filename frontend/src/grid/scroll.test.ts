import { describe, expect, it } from "vitest";

import { CAP, ScrollMap } from "./scroll";

const many = () => new ScrollMap(2_000_000, 26, 400);

describe("a scroll range for millions of rows", () => {
  it("is as high as its rows where they fit", () => {
    const map = new ScrollMap(100, 26, 400);
    map.scrolled(260);
    expect([map.height, map.top, map.window(0).first]).toEqual([2600, 260, 10]);
  });

  it("is never higher than a browser can lay out", () => {
    expect(many().height).toBe(CAP);
  });

  it("moves pixel by pixel with the wheel", () => {
    const map = many();
    map.scrolled(5_000_000);
    const before = map.top;
    map.scrolled(5_000_100);
    expect(map.top - before).toBe(100);
  });

  it("comes to the first and the last row", () => {
    const map = many();
    map.scrolled(CAP - 400);
    expect(map.window(0).last).toBe(2_000_000);
    map.scrolled(0);
    expect(map.window(0).first).toBe(0);
  });

  it("jumps to the same share of all rows with the bar", () => {
    const map = many();
    map.scrolled(CAP / 2);
    expect(map.window(0).first / 2_000_000).toBeCloseTo(0.5, 3);
  });

  it("reveals every row by keys and leaves the bar where the rows are", () => {
    const map = many();
    for (const row of [0, 1, 999_999, 1_999_999]) {
      const bar = map.reveal(row);
      const { first, last, y } = map.window(0);
      expect(first <= row && row < last).toBe(true);
      expect(y).toBeCloseTo(bar + first * 26 - map.top, 6);
      expect(bar).toBeLessThanOrEqual(CAP - 400);
    }
  });

  it("does not hold the bar at an end before its last row is seen", () => {
    const map = many();
    map.reveal(1_999_900);
    expect(map.settle()).toBeLessThan(CAP - 400);
  });
});
