/** The graph of a hub: what `hub.flow()` reads, made small enough to be looked at. */

import type { PipeState } from "../live/states";
import type { Translate } from "../words";

export interface FlowNode {
  id: string;
  kind: "pipe" | "dataset" | "system";
  name: string;
  type?: string;
  state: PipeState;
  queue: number | null;
  entities: number | null;
  rate: number | null;
  message: string;
}

export interface FlowEdge {
  from: string;
  to: string;
  kind: "source" | "hop" | "sink" | "merge" | "lookup";
  queue?: number | null;
}

export interface FlowData {
  nodes: FlowNode[];
  edges: FlowEdge[];
}

export function kindWord(kind: FlowNode["kind"], t: Translate): string {
  return { pipe: t("pipe"), dataset: t("dataset"), system: t("system") }[kind];
}

/** A dataset that one pipe writes, and which is named like it, is shown as that pipe. */
export function folded(data: FlowData): FlowData {
  const writers = new Map<string, string[]>();
  for (const edge of data.edges) {
    if (edge.kind !== "sink" || !edge.to.startsWith("dataset:")) continue;
    writers.set(edge.to, [...(writers.get(edge.to) ?? []), edge.from]);
  }
  const written = new Map<string, number>();
  for (const edge of data.edges) if (edge.kind === "sink") written.set(edge.from, (written.get(edge.from) ?? 0) + 1);
  const stands = new Map<string, string>();
  for (const [dataset, pipes] of writers) {
    if (pipes.length === 1 && written.get(pipes[0]!) === 1) stands.set(dataset, pipes[0]!);
  }
  const nodes = data.nodes.filter((node) => !stands.has(node.id));
  const seen = new Set<string>();
  const edges: FlowEdge[] = [];
  for (const edge of data.edges) {
    if (stands.has(edge.to)) continue;
    const from = stands.get(edge.from) ?? edge.from;
    const key = JSON.stringify([from, edge.to, edge.kind]);
    if (seen.has(key)) continue;
    seen.add(key);
    edges.push({ ...edge, from });
  }
  return { nodes, edges };
}

export class Neighbours {
  readonly before = new Map<string, string[]>();
  readonly after = new Map<string, string[]>();

  constructor(data: FlowData) {
    for (const { id } of data.nodes) {
      this.before.set(id, []);
      this.after.set(id, []);
    }
    for (const { from, to } of data.edges) {
      this.after.get(from)?.push(to);
      this.before.get(to)?.push(from);
    }
  }

  /** All that a node is made of, or (`after`) that is made of it; not itself, unless in a cycle. */
  reached(id: string, direction: "before" | "after"): Set<string> {
    const found = new Set<string>();
    const waiting = [...(this[direction].get(id) ?? [])];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      waiting.push(...(this[direction].get(next) ?? []));
    }
    return found;
  }
}

/** Is it the same graph, whatever its states and numbers? */
export function structure(data: FlowData): string {
  return JSON.stringify([data.nodes.map(({ id }) => id), data.edges.map(({ from, to, kind }) => [from, to, kind])]);
}

/** The nodes whose name has all words of a search, those that begin with it first. */
export function matches(nodes: readonly FlowNode[], search: string): FlowNode[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const text = (node: FlowNode) => `${node.name} ${node.kind} ${node.type ?? ""}`.toLowerCase();
  const found = nodes.filter((node) => words.every((word) => text(node).includes(word)));
  const begins = (node: FlowNode) => (node.name.toLowerCase().startsWith(words[0]!) ? 0 : 1);
  return found.sort((a, b) => begins(a) - begins(b) || (a.name < b.name ? -1 : 1));
}
