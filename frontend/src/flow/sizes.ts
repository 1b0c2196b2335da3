/** How large a node is drawn, and what stands in it. */

import type { FlowNode } from "./graph";
import { figure } from "../dtl/values";
import { shortWord } from "../live/states";
import { plain, type Translate } from "../words";

const LETTER = 7.1;
const LONGEST = 26;

/** The name, cut where it is too long for a box. */
export function shortName(name: string): string {
  return name.length <= LONGEST ? name : `${name.slice(0, LONGEST - 9)}…${name.slice(-8)}`;
}

/** The second line: how much there is, how quickly it goes. */
export function factsOf(node: FlowNode, t: Translate = plain): string {
  if (node.state === "disabled" || node.state === "invalid" || node.state === "not run") return shortWord(node.state, t);
  const facts: string[] = [];
  if (node.entities !== null) facts.push(t(node.entities === 1 ? "{n} entity" : "{n} entities", { n: compact(node.entities) }));
  if (node.rate !== null) facts.push(t("{n}/s", { n: compact(node.rate) }));
  if (facts.length === 0) return node.kind === "system" ? (node.type ?? "").replace("system:", "") : node.state === "ok" ? "" : shortWord(node.state, t);
  return facts.join(" · ");
}

/** What waits, for a badge; "" for nothing. */
export function queueOf(node: { queue?: number | null }): string {
  return node.queue ? compact(node.queue) : "";
}

export function sizeOf(node: FlowNode): { width: number; height: number } {
  const height = node.kind === "pipe" || factsOf(node) ? 40 : 28;
  // The width does not follow the facts: a graph whose numbers change stays where it is.
  return { width: Math.max(152, Math.round(shortName(node.name).length * LETTER) + (node.kind === "dataset" ? 46 : 30)), height: node.kind === "dataset" ? 40 : height };
}

function compact(value: number): string {
  if (value < 10_000) return figure(value);
  if (value < 1e6) return `${figure(Math.round(value / 100) / 10)}k`.replace(/\.0k$/, "k");
  return `${(value / 1e6).toPrecision(3)}M`;
}
