import { describe, expect, it } from "vitest";

import { Pages, type Page } from "./pages";

function readBy(answers: Map<number, (page: Page) => void>) {
  return (start: number) => new Promise<Page>((resolve) => answers.set(start, resolve));
}

const page = (start: number): Page => ({ rows: [{ _id: `${start}` }], count: 9, as_of: 1, generation: "g" });
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("pages of rows", () => {
  it("are asked for once, and told when they come", async () => {
    const answers = new Map<number, (page: Page) => void>();
    const told: number[] = [];
    const pages = new Pages(readBy(answers), ({ count }) => told.push(count), () => undefined);
    pages.want(0, 150);
    pages.want(0, 150);
    expect([...answers.keys()]).toEqual([0, 100]);
    answers.get(100)?.(page(100));
    await settled();
    expect(told).toEqual([9]);
    expect(pages.row(100)).toEqual({ _id: "100" });
    expect(pages.row(0)).toBe(undefined);
  });

  it("that were scrolled past are not read", async () => {
    const answers = new Map<number, (page: Page) => void>();
    const pages = new Pages(readBy(answers), () => undefined, () => undefined);
    for (const first of [0, 1_000, 2_000, 3_000, 4_000, 5_000]) pages.want(first, first + 20);
    expect([...answers.keys()]).toEqual([0, 1_000, 2_000]);
    answers.get(0)?.(page(0));
    await settled();
    expect([...answers.keys()]).toEqual([0, 1_000, 2_000, 5_000]);
  });

  it("that are still being found are asked for again, as of the same offset", async () => {
    const asked: (number | null | undefined)[] = [];
    const read = (start: number, as_of?: number | null) => {
      asked.push(as_of);
      return Promise.resolve({ ...page(start), pending: asked.length < 3 });
    };
    const told: number[] = [];
    new Pages(read, ({ count }) => told.push(count), () => undefined).want(0, 1);
    await settled();
    expect(asked).toEqual([undefined, 1, 1]);
    expect(told).toEqual([9]);
  });

  it("tell nothing once they are closed", async () => {
    const answers = new Map<number, (page: Page) => void>();
    const told: number[] = [];
    const pages = new Pages(readBy(answers), ({ count }) => told.push(count), () => undefined);
    pages.want(0, 1);
    pages.close();
    answers.get(0)?.(page(0));
    await settled();
    expect(told).toEqual([]);
  });
});
