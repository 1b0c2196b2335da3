/** Configuration in a text: its components as data, and where in the text a problem of one is. */

import { type JsonNode, readJson } from "./json_text";
import type { PlacedProblem } from "./known";
import type { Problem } from "../host";

/** A problem of a configuration, as the node tells it: its path begins at the component. */
export interface ConfigurationProblem extends Problem {
  component: string;
}

/** What else there is, so that it may be named in a text that does not hold it. */
export interface Others {
  datasets: ReadonlySet<string>;
  systems: ReadonlySet<string>;
}

const STEP = /\.([^.[\]]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/g;
const QUOTED = /"((?:[^"\\]|\\.)*)"/;
/** The rules are checked by themselves, with what feeds them. */
const IN_RULES = /\.rules\b/;

/** The components of a text: one alone, or several in a list. */
export function componentsOf(text: string): JsonNode[] {
  const root = readJson(text);
  return (root?.kind === "list" ? root.items : root ? [root] : []).filter(({ kind }) => kind === "object");
}

/** The data that a part of a text stands for, as far as it is written. */
export function dataOf(node: JsonNode): unknown {
  if (node.kind === "string") return node.text;
  if (node.kind === "list") return node.items.map(dataOf);
  if (node.kind === "object") return Object.fromEntries(node.keys.map(({ text }, position) => [text, node.items[position] ? dataOf(node.items[position]) : null]));
  try {
    return JSON.parse(node.text) as unknown;
  } catch {
    return node.text;
  }
}

/** The problems of components with their places in the text; without those that are none beside what else there is. */
export function placedIn(components: readonly JsonNode[], problems: readonly ConfigurationProblem[], others: Others): PlacedProblem[] {
  const byId = new Map(components.map((node) => [String((dataOf(node) as Record<string, unknown>)["_id"]), node]));
  return problems.flatMap(({ component, ...problem }) => {
    const node = byId.get(component) ?? (components.length === 1 ? components[0] : undefined);
    const named = QUOTED.exec(problem.message)?.[1] ?? "";
    const isElsewhere = (problem.code === "unknown-dataset" && others.datasets.has(named)) || (problem.code === "unknown-system" && others.systems.has(named));
    if (node === undefined || isElsewhere || IN_RULES.test(problem.path)) return [];
    return [{ ...problem, ...placeOf(node, problem.path, problem.code) }];
  });
}

/** Where a path of a component is: of an object or a list its key, or the bracket that opens it. */
function placeOf(component: JsonNode, path: string, code: string): { from: number; to: number } {
  let node = component;
  let key: JsonNode | null = null;
  for (const [, name, position, quoted] of path.matchAll(STEP)) {
    const at = position === undefined ? node.keys.findIndex(({ text }) => text === (name ?? quoted)) : Number(position);
    const next = node.items[at];
    // What is missing is told where it is missing.
    if (next === undefined) break;
    key = node.keys[at] ?? null;
    node = next;
  }
  if (key !== null && (code === "unknown-option" || node.kind === "object" || node.kind === "list")) return { from: key.from, to: key.to };
  return node.kind === "object" || node.kind === "list" ? { from: node.from, to: node.from + 1 } : { from: node.from, to: node.to };
}
