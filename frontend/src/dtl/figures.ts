/** Figures of many entities: how often each place of the rules ran, what it cost, who did what there. */

import type { CountersTrace, FullTrace, TraceNode } from "./trace";

export interface Coverage extends TraceNode {
  fired: number;
  null: number;
  error: number;
  /** Nanoseconds a time that it ran, with all within; null where no time was taken. */
  each: number | null;
  /** How many different values it gave; null where that is not recorded. */
  distinct: number | null;
}

/** How often each place of the rules was evaluated, gave null, raised, by JSON path; both strengths. */
export function coverage(document: FullTrace | CountersTrace): Map<string, Coverage> {
  const found = new Map<string, Coverage & { ns: number; timed: number }>();
  for (const { path, kind, name } of document.nodes) {
    found.set(path, { path, kind, name, fired: 0, null: 0, error: 0, each: null, distinct: null, ns: 0, timed: 0 });
  }
  const add = (node: TraceNode, fired: number, nulls: number, errors: number, ns: number, timed: number) => {
    const held = found.get(node.path) ?? { ...node, fired: 0, null: 0, error: 0, each: null, distinct: null, ns: 0, timed: 0 };
    found.set(node.path, held);
    held.fired += fired;
    held.null += nulls;
    held.error += errors;
    held.ns += ns;
    held.timed += timed;
    held.each = held.timed ? held.ns / held.timed : null;
  };
  if (document.strength === "counters") {
    for (const one of document.counters) add(one, one.fired, one.null, one.error, one.ns, one.timed);
    return found;
  }
  const values = new Map<string, Set<string>>();
  for (const entity of document.entities) {
    for (const event of entity.events) {
      if (event.output !== undefined && event.kind !== "rule") {
        const path = document.paths[event.path]!;
        const known = values.get(path) ?? new Set<string>();
        values.set(path, known.add(JSON.stringify(document.values[event.output])));
      }
      const isNull = event.output !== undefined && document.values[event.output] === null;
      const node = { path: document.paths[event.path]!, kind: event.kind, name: event.name };
      add(node, 1, isNull ? 1 : 0, event.error === undefined ? 0 : 1, event.ns, 1);
    }
  }
  for (const [path, known] of values) found.get(path)!.distinct = known.size;
  return found;
}

export interface Cost extends TraceNode {
  count: number;
  ns: number;
  /** Without what ran within. */
  self: number;
  lookups: number;
  found: number;
  /** Look-ups that read every entity of a dataset. */
  scans: number;
  /** Look-ups of the same keys in the same dataset, for one entity, beyond the first. */
  repeated: number;
}

/** What each place of the rules cost in the recorded entities, the dearest first. */
export function costs(document: FullTrace): Cost[] {
  const found = new Map<number, Cost>();
  for (const entity of document.entities) {
    const inner = new Array<number>(entity.events.length).fill(0);
    const asked = new Set<string>();
    for (const event of entity.events) if (event.parent !== null) inner[event.parent]! += event.ns;
    entity.events.forEach((event, number) => {
      const path = document.paths[event.path]!;
      const zero = { count: 0, ns: 0, self: 0, lookups: 0, found: 0, scans: 0, repeated: 0 };
      const cost = found.get(event.path) ?? { path, kind: event.kind, name: event.name, ...zero };
      found.set(event.path, cost);
      cost.count += 1;
      cost.ns += event.ns;
      cost.self += Math.max(0, event.ns - inner[number]!);
      for (const lookup of event.lookups ?? []) {
        cost.lookups += 1;
        cost.found += lookup.found;
        cost.scans += lookup.index === null ? 1 : 0;
        const keys = lookup.keys === undefined ? null : document.values[lookup.keys];
        const key = JSON.stringify([lookup.dataset, lookup.index, keys]);
        if (asked.has(key)) cost.repeated += 1;
        asked.add(key);
      }
    });
  }
  return [...found.values()].sort((a, b) => b.self - a.self || (a.path < b.path ? -1 : 1));
}

/** The positions of the entities that did something at a place: fired there, gave null, raised, or did not fire. */
export function entitiesAt(
  document: FullTrace,
  path: string,
  what: "fired" | "null" | "error" | "never" = "fired",
): number[] {
  const at = document.paths.indexOf(path);
  const found: number[] = [];
  document.entities.forEach((entity, position) => {
    const events = entity.events.filter((event) => event.path === at);
    const isThere =
      what === "never"
        ? events.length === 0
        : events.some((event) =>
            what === "null"
              ? event.output !== undefined && document.values[event.output] === null
              : what === "fired" || event.error !== undefined,
          );
    if (isThere) found.push(position);
  });
  return found;
}
