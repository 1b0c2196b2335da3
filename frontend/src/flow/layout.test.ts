import { expect, test } from "vitest";

import { type FlowData, Neighbours, folded, matches } from "./graph";
import { curve, place } from "./layout";

const size = { width: 100, height: 30 };
const nodes = (...ids: string[]) => ids.map((id) => ({ id, ...size }));
const edges = (...texts: string[]) => texts.map((text) => ({ from: text[0]!, to: text[1]! }));

/** A graph of many nodes, always the same. */
function large(count: number) {
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const ids = Array.from({ length: count }, (_, n) => `n${n}`);
  const made = ids.flatMap((id, n) =>
    n === 0 ? [] : Array.from({ length: 1 + Math.floor(random() * 2.4) }, () => ({ from: ids[Math.max(0, n - 1 - Math.floor(random() * 40))]!, to: id })),
  );
  return { nodes: nodes(...ids), edges: made };
}

test("what is fed stands right of what feeds it", () => {
  const { nodes: at } = place(nodes("a", "b", "c", "d"), edges("ab", "bc", "ac", "cd"));
  expect(["a", "b", "c", "d"].map((id) => at.get(id)!.x)).toEqual([0, 156, 312, 468]);
});

test("nodes never lie on each other, in a graph with cycles either", () => {
  const graph = large(300);
  graph.edges.push({ from: "n250", to: "n10" }, { from: "n10", to: "n10" });
  const { nodes: at, edges: drawn, width, height } = place(graph.nodes, graph.edges);
  const boxes = [...at.values()];
  expect(boxes).toHaveLength(300);
  const columns = new Map<number, number[]>();
  for (const { x, y } of boxes) columns.set(x, [...(columns.get(x) ?? []), y]);
  for (const [x, ys] of columns) {
    expect(x + size.width).toBeLessThanOrEqual(width);
    const sorted = ys.sort((a, b) => a - b);
    sorted.slice(1).forEach((y, n) => expect(y - sorted[n]!).toBeGreaterThanOrEqual(size.height + 6.9));
    expect(sorted.at(-1)! + size.height).toBeLessThanOrEqual(height + 0.01);
  }
  expect(drawn.filter((points) => points.length >= 2)).toHaveLength(graph.edges.length - 1);
});

test("the same graph is drawn the same", () => {
  const graph = large(120);
  expect(place(graph.nodes, graph.edges)).toEqual(place(graph.nodes, graph.edges));
});

test("a chain is a straight line, and an edge over several layers has no bend where there is room", () => {
  const { edges: drawn } = place(nodes("a", "b", "c", "d"), edges("ab", "bc", "cd"));
  expect(new Set(drawn.flat().map(({ y }) => y)).size).toBe(1);
  expect(curve(drawn[0]!)).toBe("M100 15L156 15");
});

test("edges that need not cross do not", () => {
  const { nodes: at } = place(nodes("a", "b", "c", "x", "y", "z"), edges("az", "by", "cx", "ay"));
  const order = (ids: string[]) => [...ids].sort((one, other) => at.get(one)!.y - at.get(other)!.y);
  const rank = (ids: string[], id: string) => order(ids).indexOf(id);
  const drawn = edges("az", "by", "cx", "ay").map(({ from, to }) => [rank(["a", "b", "c"], from), rank(["x", "y", "z"], to)] as const);
  for (const [from, to] of drawn) for (const [other, end] of drawn) expect((from - other) * (to - end)).toBeGreaterThanOrEqual(0);
});

test("nodes without edges stand in rows, and none at all is a picture of nothing", () => {
  const { nodes: at, width } = place(nodes(..."abcdefghijkl"), []);
  expect(new Set([...at.values()].map(({ y }) => y)).size).toBeGreaterThan(1);
  expect(width).toBeLessThanOrEqual(900);
  expect(place([], [])).toEqual({ nodes: new Map(), edges: [], width: 0, height: 0 });
});

const node = (id: string) => {
  const [kind, name] = id.split(":") as ["pipe" | "dataset", string];
  return { id, kind, name, state: "ok" as const, queue: null, entities: null, rate: null, message: "" };
};
const flow: FlowData = {
  nodes: ["dataset:a", "dataset:both", "dataset:out", "pipe:a", "pipe:b", "pipe:out"].map(node),
  edges: [
    { from: "pipe:a", to: "dataset:a", kind: "sink" },
    { from: "dataset:a", to: "pipe:out", kind: "source" },
    { from: "dataset:a", to: "pipe:b", kind: "hop" },
    { from: "pipe:a", to: "dataset:both", kind: "sink" },
    { from: "pipe:b", to: "dataset:both", kind: "sink" },
    { from: "pipe:out", to: "dataset:out", kind: "sink" },
  ],
};

test("a dataset is its pipe where that writes nothing else and nobody else writes it", () => {
  const { nodes: kept, edges: left } = folded(flow);
  expect(kept.map(({ id }) => id)).toEqual(["dataset:a", "dataset:both", "pipe:a", "pipe:b", "pipe:out"]);
  expect(left).toHaveLength(5);
});

test("all that feeds a node, and all that it feeds", () => {
  const neighbours = new Neighbours(flow);
  expect([...neighbours.reached("dataset:both", "before")].sort()).toEqual(["dataset:a", "pipe:a", "pipe:b"]);
  expect([...neighbours.reached("pipe:a", "after")].sort()).toEqual(["dataset:a", "dataset:both", "dataset:out", "pipe:b", "pipe:out"]);
});

test("a search finds names by all of its words, beginnings first", () => {
  expect(matches(flow.nodes, "o pipe").map(({ id }) => id)).toEqual(["pipe:out"]);
  expect(matches(flow.nodes, "OU").map(({ id }) => id)).toEqual(["dataset:out", "pipe:out"]);
  expect(matches(flow.nodes, "  ")).toEqual([]);
});
