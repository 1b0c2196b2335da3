import { expect, test } from "vitest";

import { componentsOf, dataOf, placedIn } from "./configuration";

const TEXT = `// two
[{"_id": "a", "type": "pipe", "source": {"type": "sql", "system": "pg", "sinc": 1}, "pump": {"schedule_interval": "x"}},
 {"_id": "b", "type": "system:sqlite", "n": [1.5, null, true],},]`;
const none = { datasets: new Set<string>(), systems: new Set<string>() };
const marked = (path: string, code: string, component: string, message = "", others = none) =>
  placedIn(componentsOf(TEXT), [{ path, code, component, message }], others).map(({ from, to }) => TEXT.slice(from, to));

test("the components of a text are read with comments and trailing commas", () => {
  expect(componentsOf(TEXT).map(dataOf)).toEqual([
    { _id: "a", type: "pipe", source: { type: "sql", system: "pg", sinc: 1 }, pump: { schedule_interval: "x" } },
    { _id: "b", type: "system:sqlite", n: [1.5, null, true] },
  ]);
});

test.each([
  ["$.pump.schedule_interval", "wrong-type", "a", '"x"'],
  ["$.source.sinc", "unknown-option", "a", '"sinc"'],
  ["$.source", "missing-option", "a", '"source"'],
  ["$.source.query", "missing-option", "a", '"source"'],
  ["$.n[1]", "wrong-type", "b", "null"],
  ["$", "missing-option", "b", "{"],
])("the problem at %s (%s) of %s is marked at %s", (path, code, component, text) => {
  expect(marked(path, code, component)).toEqual([text]);
});

test("what there is on the node is not unknown, and rules are checked elsewhere", () => {
  const message = 'there is no system "pg"';
  expect(marked("$.source.system", "unknown-system", "a", message)).toEqual(['"pg"']);
  expect(marked("$.source.system", "unknown-system", "a", message, { ...none, systems: new Set(["pg"]) })).toEqual([]);
  expect(marked("$.transform.rules.default[0]", "arity", "a")).toEqual([]);
});
