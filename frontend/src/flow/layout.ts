/**
 * Where the nodes of a graph are drawn: layers from left to right, few crossings, straight lines.
 *
 * The usual steps, each small: cycles are opened, layers are longest ways from a beginning, edges
 * over several layers get a point in each, the order within layers follows the neighbours (the best
 * of several sweeps is kept), and the heights are as near to those of the neighbours as the order
 * and the gaps allow. The same graph is always drawn the same.
 */

export interface LayoutNode {
  id: string;
  width: number;
  height: number;
}

export interface LayoutEdge {
  from: string;
  to: string;
}

export interface Point {
  x: number;
  y: number;
}

export interface Placed {
  /** The left upper corner of each node. */
  nodes: Map<string, Point>;
  /** Of each edge, in their order, the points from the end of its first node to the begin of its last. */
  edges: Point[][];
  width: number;
  height: number;
}

const GAP_X = 56;
const GAP_Y = 14;
const SWEEPS = 16;

/** A node, or a point of an edge that goes over its layer. */
interface Item {
  id: string | null;
  layer: number;
  width: number;
  height: number;
  before: number[];
  after: number[];
  /** The centre. */
  y: number;
}

export function place(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): Placed {
  const known = new Set(nodes.map(({ id }) => id));
  const usable = edges.filter(({ from, to }) => known.has(from) && known.has(to));
  const result: Placed = { nodes: new Map(), edges: edges.map(() => []), width: 0, height: 0 };
  const alone: LayoutNode[] = [];
  for (const part of parts(nodes, usable)) {
    if (part.length === 1) {
      alone.push(part[0]!);
      continue;
    }
    const ids = new Set(part.map(({ id }) => id));
    const positions = edges.flatMap(({ from, to }, n) => (from !== to && ids.has(from) && ids.has(to) ? [n] : []));
    add(result, placePart(part, positions.map((n) => edges[n]!)), positions);
  }
  placeAlone(result, alone);
  return result;
}

/** Puts one part below what is placed. */
function add(result: Placed, part: Placed, positions: readonly number[]): void {
  const top = result.height ? result.height + 3 * GAP_Y : 0;
  for (const [id, { x, y }] of part.nodes) result.nodes.set(id, { x, y: y + top });
  part.edges.forEach((points, n) => {
    result.edges[positions[n]!] = points.map(({ x, y }) => ({ x, y: y + top }));
  });
  result.width = Math.max(result.width, part.width);
  result.height = top + part.height;
}

/** Nodes without edges stand in rows at the end. */
function placeAlone(result: Placed, nodes: readonly LayoutNode[]): void {
  if (nodes.length === 0) return;
  const room = Math.max(result.width, 900);
  let [x, y, row] = [0, result.height ? result.height + 3 * GAP_Y : 0, 0];
  for (const node of nodes) {
    if (x > 0 && x + node.width > room) [x, y, row] = [0, y + row + GAP_Y, 0];
    result.nodes.set(node.id, { x, y });
    x += node.width + GAP_Y;
    row = Math.max(row, node.height);
    result.width = Math.max(result.width, x - GAP_Y);
  }
  result.height = y + row;
}

/** The parts of the graph that do not hang together, the largest first. */
function parts(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): LayoutNode[][] {
  const parent = new Map(nodes.map(({ id }) => [id, id]));
  const root = (id: string): string => {
    let at = id;
    while (parent.get(at) !== at) {
      parent.set(at, parent.get(parent.get(at)!)!);
      at = parent.get(at)!;
    }
    return at;
  };
  for (const { from, to } of edges) parent.set(root(from), root(to));
  const found = new Map<string, LayoutNode[]>();
  for (const node of nodes) {
    const key = root(node.id);
    const part = found.get(key);
    if (part) part.push(node);
    else found.set(key, [node]);
  }
  return [...found.values()].sort((a, b) => b.length - a.length);
}

function placePart(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): Placed {
  const number = new Map(nodes.map(({ id }, n) => [id, n]));
  const pairs = edges.map(({ from, to }) => [number.get(from)!, number.get(to)!] as const);
  const forward = opened(nodes.length, pairs);
  const layers = layersOf(nodes.length, forward);
  const items: Item[] = nodes.map(({ id, width, height }, n) => ({ id, width, height, layer: layers[n]!, before: [], after: [], y: 0 }));
  const ways = forward.map(([from, to]) => way(items, from, to));
  const rows = rowsOf(items);
  uncross(items, rows);
  align(items, rows);
  return drawn(items, rows, ways, pairs, forward);
}

/** The edges with those turned round that would close a cycle. */
function opened(count: number, pairs: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const after: number[][] = Array.from({ length: count }, () => []);
  pairs.forEach(([from], n) => after[from]!.push(n));
  const state = new Uint8Array(count);
  const turned = new Set<number>();
  for (let start = 0; start < count; start++) {
    if (state[start]) continue;
    const stack: [node: number, next: number][] = [[start, 0]];
    state[start] = 1;
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const edge = after[top[0]]![top[1]++];
      if (edge === undefined) {
        state[top[0]] = 2;
        stack.pop();
        continue;
      }
      const to = pairs[edge]![1];
      if (state[to] === 1) turned.add(edge);
      else if (state[to] === 0) {
        state[to] = 1;
        stack.push([to, 0]);
      }
    }
  }
  return pairs.map(([from, to], n) => (turned.has(n) ? ([to, from] as const) : ([from, to] as const)));
}

/** The longest way from a beginning; then each beginning is moved up to what it feeds. */
function layersOf(count: number, edges: readonly (readonly [number, number])[]): number[] {
  const after: number[][] = Array.from({ length: count }, () => []);
  const waits = new Array<number>(count).fill(0);
  for (const [from, to] of edges) {
    after[from]!.push(to);
    waits[to]! += 1;
  }
  const fed = waits.map((number) => number > 0);
  const layers = new Array<number>(count).fill(0);
  const ready = waits.flatMap((number, n) => (number === 0 ? [n] : []));
  for (let n = ready.shift(); n !== undefined; n = ready.shift()) {
    for (const to of after[n]!) {
      layers[to] = Math.max(layers[to]!, layers[n]! + 1);
      if (--waits[to]! === 0) ready.push(to);
    }
  }
  for (let n = 0; n < count; n++) {
    if (!fed[n] && after[n]!.length > 0) layers[n] = Math.min(...after[n]!.map((to) => layers[to]!)) - 1;
  }
  return layers;
}

/** Joins two items, with a point in each layer between them; gives the points. */
function way(items: Item[], from: number, to: number): number[] {
  const passed: number[] = [];
  let last = from;
  for (let layer = items[from]!.layer + 1; layer < items[to]!.layer; layer++) {
    const point = items.push({ id: null, layer, width: 0, height: 4, before: [], after: [], y: 0 }) - 1;
    join(items, last, point);
    passed.push(point);
    last = point;
  }
  join(items, last, to);
  return passed;
}

function join(items: Item[], from: number, to: number): void {
  items[from]!.after.push(to);
  items[to]!.before.push(from);
}

/** The items by layer; within one in the order in which a walk from the beginnings meets them. */
function rowsOf(items: readonly Item[]): number[][] {
  const rows: number[][] = Array.from({ length: Math.max(...items.map(({ layer }) => layer)) + 1 }, () => []);
  const seen = new Uint8Array(items.length);
  const starts = items.flatMap(({ before, layer }, n) => (before.length === 0 ? [[layer, n] as const] : [])).sort(([a], [b]) => a - b);
  for (const [, start] of starts) {
    const stack = [start];
    for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
      if (seen[n]) continue;
      seen[n] = 1;
      rows[items[n]!.layer]!.push(n);
      stack.push(...[...items[n]!.after].reverse());
    }
  }
  return rows;
}

// -- order ------------------------------------------------------------------------------------------

/** Orders each row by its neighbours, to and fro; the order with the fewest crossings stays. */
function uncross(items: readonly Item[], rows: number[][]): void {
  let best = rows.map((row) => [...row]);
  let fewest = crossings(items, rows);
  let idle = 0;
  for (let sweep = 0; sweep < SWEEPS && fewest > 0 && idle < 4; sweep++) {
    const forwards = sweep % 2 === 0;
    const order = forwards ? rows.keys() : [...rows.keys()].reverse();
    for (const layer of order) sortRow(items, rows, layer, forwards ? "before" : "after");
    const found = crossings(items, rows);
    idle += 1;
    if (found < fewest) {
      [best, fewest, idle] = [rows.map((row) => [...row]), found, 0];
    }
  }
  rows.splice(0, rows.length, ...best);
}

function sortRow(items: readonly Item[], rows: number[][], layer: number, side: "before" | "after"): void {
  const other = rows[layer + (side === "before" ? -1 : 1)];
  if (!other) return;
  const place = new Map(other.map((n, position) => [n, position]));
  const row = rows[layer]!;
  const wanted = row.map((n, position) => {
    const neighbours = items[n]![side].map((one) => place.get(one)!);
    return { n, at: neighbours.length ? neighbours.reduce((a, b) => a + b, 0) / neighbours.length : null, position };
  });
  // What has no neighbours on that side keeps its place; the others are sorted around it.
  const sorted = wanted.filter(({ at }) => at !== null).sort((a, b) => a.at! - b.at! || a.position - b.position);
  rows[layer] = wanted.map((one) => (one.at === null ? one.n : sorted.shift()!.n));
}

/** How many pairs of edges cross between neighbouring rows. */
function crossings(items: readonly Item[], rows: readonly number[][]): number {
  let found = 0;
  for (let layer = 0; layer + 1 < rows.length; layer++) {
    const place = new Map(rows[layer + 1]!.map((n, position) => [n, position]));
    const ends = rows[layer]!.flatMap((n) => items[n]!.after.map((to) => place.get(to)!).sort((a, b) => a - b));
    // Pairs in the wrong order, counted with a tree of sums.
    const tree = new Uint32Array(rows[layer + 1]!.length + 1);
    ends.forEach((end, count) => {
      let upTo = 0;
      for (let at = end + 1; at > 0; at -= at & -at) upTo += tree[at]!;
      found += count - upTo;
      for (let at = end + 1; at < tree.length; at += at & -at) tree[at]! += 1;
    });
  }
  return found;
}

// -- heights ----------------------------------------------------------------------------------------

/** Moves each row, in its order, as near as possible to the heights of its neighbours. */
function align(items: Item[], rows: readonly number[][]): void {
  for (const row of rows) {
    let y = 0;
    for (const n of row) {
      items[n]!.y = y + items[n]!.height / 2;
      y += items[n]!.height + gapOf(items[n]!);
    }
  }
  for (let sweep = 0; sweep < 10; sweep++) {
    const forwards = sweep % 2 === 0;
    const order = forwards ? rows : [...rows].reverse();
    for (const row of order) alignRow(items, row, sweep > 7 ? "both" : forwards ? "before" : "after");
  }
}

function gapOf(item: Item): number {
  return item.id === null ? GAP_Y / 2 : GAP_Y;
}

/** Least squares under the order and the gaps: neighbours that push each other move as one. */
function alignRow(items: Item[], row: readonly number[], side: "before" | "after" | "both"): void {
  const blocks: { sum: number; weight: number; count: number }[] = [];
  const offsets: number[] = [];
  let offset = 0;
  row.forEach((n, position) => {
    const item = items[n]!;
    if (position > 0) {
      const above = items[row[position - 1]!]!;
      offset += (above.height + item.height) / 2 + Math.min(gapOf(above), gapOf(item));
    }
    offsets.push(offset);
    const neighbours = side === "both" ? [...item.before, ...item.after] : item[side];
    const wanted = neighbours.length ? neighbours.reduce((sum, one) => sum + items[one]!.y, 0) / neighbours.length : item.y;
    // Points of long edges weigh more: a straight line is easier to follow.
    const weight = item.id === null ? 4 : neighbours.length ? 1 : 0.1;
    blocks.push({ sum: (wanted - offset) * weight, weight, count: 1 });
    while (blocks.length > 1 && mean(blocks.at(-2)!) > mean(blocks.at(-1)!)) {
      const last = blocks.pop()!;
      const held = blocks.at(-1)!;
      held.sum += last.sum;
      held.weight += last.weight;
      held.count += last.count;
    }
  });
  let position = 0;
  for (const block of blocks) {
    for (let n = 0; n < block.count; n++, position++) items[row[position]!]!.y = mean(block) + offsets[position]!;
  }
}

function mean(block: { sum: number; weight: number }): number {
  return block.sum / block.weight;
}

// -- coordinates ------------------------------------------------------------------------------------

function drawn(
  items: readonly Item[],
  rows: readonly number[][],
  ways: readonly number[][],
  pairs: readonly (readonly [number, number])[],
  forward: readonly (readonly [number, number])[],
): Placed {
  const top = Math.min(...items.map(({ y, height }) => y - height / 2));
  const widths = rows.map((row) => Math.max(0, ...row.map((n) => items[n]!.width)));
  const lefts: number[] = [];
  let x = 0;
  for (const width of widths) {
    lefts.push(x);
    x += width + GAP_X;
  }
  const nodes = new Map<string, Point>();
  for (const { id, layer, y, height } of items) {
    if (id !== null) nodes.set(id, { x: lefts[layer]!, y: y - height / 2 - top });
  }
  const leftOf = (n: number): Point => ({ x: lefts[items[n]!.layer]!, y: items[n]!.y - top });
  const rightOf = (n: number): Point => ({ x: lefts[items[n]!.layer]! + items[n]!.width, y: items[n]!.y - top });
  const edges = pairs.map(([from], n) => {
    const [first, last] = forward[n]!;
    const passed = ways[n]!.flatMap((point) => {
      const { x: left, y } = leftOf(point);
      return [{ x: left, y }, { x: left + widths[items[point]!.layer]!, y }];
    });
    const points = [rightOf(first), ...passed, leftOf(last)];
    return first === from ? points : points.reverse();
  });
  const bottom = Math.max(...items.map(({ y, height }) => y + height / 2));
  return { nodes, edges, width: x - GAP_X, height: bottom - top };
}

/** The points of an edge as a curve that leaves and comes in level. */
export function curve(points: readonly Point[]): string {
  const [first, ...others] = points;
  if (first === undefined) return "";
  let text = `M${round(first.x)} ${round(first.y)}`;
  let last = first;
  for (const point of others) {
    if (Math.abs(point.y - last.y) < 0.5) text += `L${round(point.x)} ${round(point.y)}`;
    else {
      const half = (point.x - last.x) / 2;
      text += `C${round(last.x + half)} ${round(last.y)} ${round(point.x - half)} ${round(point.y)} ${round(point.x)} ${round(point.y)}`;
    }
    last = point;
  }
  return text;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
