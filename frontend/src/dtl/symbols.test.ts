import { EditorState } from "@codemirror/state";
import { expect, test } from "vitest";

import { movedSymbol, type NamedSymbol } from "./symbols";

test("the places of a part of a text become those of the whole", () => {
  const text = '%%dtl\n{"a": []}';
  const symbol: NamedSymbol = {
    kind: "rule",
    name: "a",
    from: 2,
    to: 3,
    definition: { from: 2, to: 3 },
    occurrences: [{ from: 2, to: 3 }],
    changes: [{ from: 2, to: 3, insert: "b" }],
  };
  const moved = movedSymbol(symbol, 6);
  expect(text.slice(moved.definition!.from, moved.definition!.to)).toBe("a");
  expect(EditorState.create({ doc: text }).update({ changes: moved.changes! }).newDoc.toString()).toBe('%%dtl\n{"b": []}');
});
