import { EditorState } from "@codemirror/state";
import { type StreamParser, StringStream } from "@codemirror/language";
import { expect, test } from "vitest";

import { fixOf } from "./fixes";
import { cellTokens, foldable, tokens } from "./language";

const vocabulary = { functions: ["upper", "hops", "first", "filter", "eq", "list", "apply", "if"], transforms: ["add", "copy", "filter", "if"] };

/** The words of a text with their kinds: `transform:"add"`. */
function read(text: string, make: (known: typeof vocabulary) => StreamParser<any> = tokens): string[] {
  const parser = make(vocabulary);
  const state = parser.startState!(2);
  const found: string[] = [];
  for (const line of text.split("\n")) {
    const stream = new StringStream(line, 2, 2);
    while (!stream.eol()) {
      const kind = parser.token(stream, state);
      const word = stream.current();
      if (kind && kind !== "bracket" && kind !== "punctuation") found.push(`${kind} ${word}`);
      stream.start = stream.pos;
    }
  }
  return found;
}

test("calls, transforms, variables and rules are told apart", () => {
  expect(read('{"default": [["add", "name", ["upper", "_S.name"]], ["add", "l", ["apply", "line", "_S.l"]]]}')).toEqual([
    'rule "default"',
    'transform "add"',
    'string "name"',
    'call "upper"',
    'dtlVariable "_S',
    'names .name"',
    'transform "add"',
    'string "l"',
    'call "apply"',
    'rule "line"',
    'dtlVariable "_S',
    'names .l"',
  ]);
});

test("filter is a call where a value is wanted, and a transform in a rule and a branch", () => {
  expect(read('[["filter", true], ["if", false, ["filter", true]], ["add", "x", ["filter", true, "_S.x"]]]').filter((one) => one.includes("filter"))).toEqual([
    'transform "filter"',
    'transform "filter"',
    'call "filter"',
  ]);
});

test("the specification of hops has keys, datasets and what they are called", () => {
  expect(read('[["add", "x", ["hops", {"datasets": ["person p"], "where": ["eq", "_S.id", "p._id"]}]]]').slice(3)).toEqual([
    'propertyName "datasets"',
    'dataset "person p"',
    'propertyName "where"',
    'call "eq"',
    'dtlVariable "_S',
    'names .id"',
    'names "p._id"',
  ]);
});

test("comments may go over lines, and hold what looks like text", () => {
  expect(read('[ // a "b"\n/* ["upper"]\n "x" */ "y" # z')).toEqual(['comment // a "b"', 'comment /*', 'comment  ["upper"]', 'comment  "x" */', 'string "y"', "comment # z"]);
});

test("a bracket that closes on a later line folds, whatever stands in text and comments", () => {
  const doc = '["add", "]", [ // ]\n  1\n], 2]';
  const state = EditorState.create({ doc });
  const line = state.doc.line(1);
  expect(foldable(state, line.from, line.to)).toEqual({ from: 1, to: doc.length - 1 });
  expect(foldable(state, state.doc.line(2).from, state.doc.line(2).to)).toBeNull();
});

test("a hint becomes a change of the very word", () => {
  const text = '["add", "x", ["uper", "_S.nam"]]';
  const at = (word: string) => ({ from: text.indexOf(word), to: text.indexOf(word) + word.length });
  expect(fixOf(text, { ...at('"uper"'), message: 'unknown function "uper"', hint: 'did you mean "upper"?' })).toEqual({
    label: 'Change to "upper"',
    from: text.indexOf("uper"),
    to: text.indexOf("uper") + 4,
    insert: "upper",
  });
  const property = { ...at('"_S.nam"'), message: 'none of the 250 entities seen has the property "nam"', hint: 'did you mean "name"?' };
  expect(fixOf(text, property)).toMatchObject({ from: text.indexOf("nam"), insert: "name" });
  expect(fixOf(text, { ...at('"uper"'), message: "something else", hint: "try harder" })).toBeNull();
});

test("the line of the magic is told apart from the rules behind it", () => {
  expect(read('%%dtl out << person --where "age > 3" -n 5\n[["copy", "_id"]]', cellTokens)).toEqual([
    "magic %%dtl",
    "string out",
    "string person",
    "option --where",
    'string "age > 3"',
    "option -n",
    "string 5",
    'transform "copy"',
    'string "_id"',
  ]);
});

test("a file has no such line", () => {
  expect(read('{"rules": {}}', cellTokens)).toEqual(read('{"rules": {}}'));
});
