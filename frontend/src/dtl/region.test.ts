import { expect, test } from "vitest";

import { readJson } from "./json_text";
import { cellOf, fileRegions, isCell, optionsOf, regionAt, rulesAt } from "./region";

const RULES = '[["copy", "*"]]';

test.each([
  ["%%dtl\n[]", true],
  ["\n  %%dtl person --trace\n", true],
  ["%%dtlx\n[]", false],
  ["x = 1\n%%dtl\n[]", false],
  ["%dtl help", false],
])("%j is a cell: %j", (text, expected) => {
  expect(isCell(text)).toBe(expected);
  expect(cellOf(text) !== null).toBe(expected);
});

test("a cell has its rules behind the line, and what feeds them in it", () => {
  const text = `%%dtl person --limit 20 --name tidy\n${RULES}\n`;
  const cell = cellOf(text)!;
  expect(text.slice(cell.from)).toBe(`${RULES}\n`);
  expect(text.slice(cell.lineFrom, cell.lineFrom + cell.line.length)).toBe(" person --limit 20 --name tidy");
  expect(cell).toMatchObject({ name: "person", namesDataset: false, source: null, ruleName: "tidy" });
  expect(cell.rules.map(({ from, to }) => text.slice(from, to))).toEqual([RULES]);
});

test.each([
  ["--dataset person", "person", true],
  ["-d person other", "person", true],
  ["--diff person@prod", "person", false],
  ["out << person -e '1' ", "person", false],
  ["--save new --yes", "new", false],
  ["--where 'age > 30' person", "person", false],
  ["--dataset=person", "person", true],
  ["", null, false],
])("the line %j names %j", (line, name, namesDataset) => {
  expect(cellOf(`%%dtl ${line}\n[]`)).toMatchObject({ name, namesDataset });
});

test("options have their long names, a quote that is open counts to the end", () => {
  expect(optionsOf(`p -e 1 -e "two words" --trace -o out --where 'age`)).toEqual({
    "": ["p"],
    entity: ["1", "two words"],
    trace: [""],
    out: ["out"],
    where: ["age"],
  });
});

test("a whole pipe in a cell is fed by the dataset that it reads", () => {
  const text = `%%dtl\n{"_id": "a", "source": {"type": "dataset", "dataset": "person"}, "transform": [{"type": "x"}, {"type": "dtl", "rules": {"default": []}}]}`;
  const cell = cellOf(text)!;
  expect(cell).toMatchObject({ name: "person", namesDataset: true, source: "person" });
  expect(cell.rules.map(({ from, to, transform }) => [text.slice(from, to), transform])).toEqual([['{"default": []}', 1]]);
});

test("each pipe of a file is a region; systems are none", () => {
  const text = `// all\n[{"_id": "s", "type": "system:sql"},
  {"_id": "a", "type": "pipe", "source": {"dataset": "x"}, "transform": {"type": "dtl", "rules": {"default": []}}},
  {"_id": "b", "type": "pipe", /* none */ "source": {"type": "merge", "datasets": ["x x"]}},]`;
  const regions = fileRegions(text);
  expect(regions.map(({ name, source, rules }) => [name, source, rules.map(({ from, to }) => text.slice(from, to))])).toEqual([
    ["a", "x", ['{"default": []}']],
    ["b", null, []],
  ]);
  expect(regionAt(regions, text.indexOf('"merge"'))?.name).toBe("b");
  expect(regionAt(regions, 3)).toBeNull();
  expect(rulesAt(regions[0]!, 0)?.transform).toBeNull();
});

test("a text that is being typed has the regions that can be seen already", () => {
  const text = '{"_id": "a", "type": "pipe", "transform": {"type": "dtl", "rules": {"default": [["add", "x", ["upper", "_S.';
  const [region] = fileRegions(text);
  expect(region).toMatchObject({ name: "a", to: text.length });
  expect(text.slice(region!.rules[0]!.from)).toBe('{"default": [["add", "x", ["upper", "_S.');
});

test("a bracket that is missing does not hide what comes behind it", () => {
  const node = readJson('{"a": [["b", "c"], "d": 1}')!;
  expect(node.keys.map(({ text }) => text)).toEqual(["a"]);
  expect(node.to).toBe(26);
});

test("escapes are read, an open string ends with its line", () => {
  const node = readJson('["a\\"b", "open\n, "x"]')!;
  expect(node.items.map(({ text }) => text)).toEqual(['a"b', "open", "x"]);
});
