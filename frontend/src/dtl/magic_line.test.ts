import { expect, test } from "vitest";

import { completeLine } from "./magic_line";

const names = { pipes: ["orders", "person"], datasets: ["person", "raw"], rules: ["tidy"] };
const labels = (line: string, at = line.length) => completeLine(line, at, names).items.map(({ label }) => label);

test.each([
  [" ", ["orders", "person", "raw"]],
  [" pe", ["person"]],
  [" --dataset ", ["person", "raw"]],
  [" -d r", ["raw"]],
  [" --save ", ["orders", "person"]],
  [" --name ", ["tidy"]],
  [" --limit ", []],
  [" person --tr", ["--transform", "--trace"]],
  [" person --trace --tr", ["--transform"]],
  [" person -e 1 --ent", ["--entity"]],
])("in %j there may stand %j", (line, expected) => {
  expect(labels(line).filter((label) => expected.some((one) => one.startsWith("-")) || !label.startsWith("-"))).toEqual(expected);
});

test("the whole word is replaced", () => {
  expect(completeLine(" pers --trace", 3, names)).toMatchObject({ from: 1, to: 5, items: [{ label: "person" }] });
});
