import { expect, test } from "vitest";

import { besides } from "./beside";
import stored from "./cases/traces.json";
import { layOut } from "./layout";
import { type FullTrace, Recording, rulesPath } from "./trace";

const document = stored.document as unknown as FullTrace;
const { text, spans } = layOut(document.rules, rulesPath(document));
const lineOf = (offset: number) => {
  const to = text.indexOf("\n", offset);
  return { from: text.lastIndexOf("\n", offset - 1) + 1, to: to < 0 ? text.length : to };
};
const beside = (entity: number, detail: "lines" | "all" | "off", upTo?: number) =>
  besides(new Recording(document, entity), spans, lineOf, detail, 0, upTo);
const lines = (entity: number, upTo?: number) =>
  Object.fromEntries(beside(entity, "lines", upTo).inlays.map(({ at, text: told }) => [text.slice(lineOf(at).from, at).trim().replace(/,$/, ""), told]));

test("behind each line stands what its transform set, or its call gave", () => {
  const found = lines(0);
  expect(found['["rename", "kind", "type"]']).toBeUndefined();
  expect(found['["add", "name", ["upper", "_S.name"]]']).toBe('name = "ADA"');
  expect(found['["filter", ["neq", "_S.name", "out"]]']).toBe("true");
});

test("a filter that ends the rule says so, and what comes after it did not run", () => {
  expect(lines(2)['["filter", ["neq", "_S.name", "out"]]']).toBe("filtered");
  const unrun = beside(2, "lines").unrun.map(([from, to]) => text.slice(from, to));
  expect(unrun).toContain('["add", "name", ["upper", "_S.name"]]');
});

test("up to a step there are only the values of what came before it", () => {
  expect(Object.keys(lines(0, 1))).toEqual(['["copy", ["list", "_id", "name", "old"]]']);
});

test("everywhere means every call and path, off means none", () => {
  const all = beside(0, "all").inlays;
  expect(all.find(({ path, at }) => path.endsWith("default[6][2][1]") && text.slice(0, at).endsWith('"_S.name"'))?.text).toBe('"Ada"');
  expect(beside(0, "off").inlays).toEqual([]);
  expect(beside(0, "off").places.length).toBeGreaterThan(10);
});

test("values stand in the order of the text", () => {
  const at = beside(0, "all").inlays.map((inlay) => inlay.at);
  expect(at).toEqual([...at].sort((a, b) => a - b));
});
