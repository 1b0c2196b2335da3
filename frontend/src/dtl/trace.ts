/** Trace documents (docs/trace-format.md), and what they tell: pure, and the same as Python's readers. */

export interface TraceNode {
  path: string;
  kind: "rule" | "transform" | "function" | "path";
  name: string;
}

export interface FoundEntity {
  dataset: string;
  id: string;
  version: number | null;
}

export interface TraceEvent {
  path: number;
  kind: TraceNode["kind"];
  name: string;
  parent: number | null;
  frame: number;
  at: number;
  ns: number;
  output?: number;
  inputs?: number[];
  branch?: number;
  variable?: string;
  names?: string[];
  entity?: FoundEntity;
  sets?: Record<string, number>;
  removes?: string[];
  emits?: number[];
  ends?: "filtered" | "discarded";
  lookups?: { dataset: string; index: string | null; keys?: number; found: number }[];
  rows?: Record<string, FoundEntity & { value: number }>[];
  error?: string;
}

export interface TraceFrame {
  rule: string;
  parent: number | null;
  event: number | null;
  source: number;
  entity?: FoundEntity;
}

export interface TracedEntity {
  source: number;
  version: number | null;
  results: number[];
  error: { path: string; code: string; message: string } | null;
  ns: number;
  truncated: boolean;
  frames: TraceFrame[];
  events: TraceEvent[];
}

interface Shared {
  format: "sesam-dtl-trace";
  version: 1;
  rules: Record<string, unknown>;
  pipe: string;
  nodes: TraceNode[];
}

export interface FullTrace extends Shared {
  strength: "full";
  paths: string[];
  values: unknown[];
  entities: TracedEntity[];
}

export interface Counter extends TraceNode {
  fired: number;
  null: number;
  error: number;
  ns: number;
  timed: number;
}

export interface CountersTrace extends Shared {
  strength: "counters";
  entities: number;
  timed: number;
  results: number;
  filtered: number;
  errors: number;
  counters: Counter[];
}

export type Entity = Record<string, unknown>;

/** The JSON path of the rule set, which every path of the document begins with. */
export function rulesPath(document: Shared): string {
  const rule = document.nodes.find((node) => node.kind === "rule");
  if (rule === undefined) return "$.rules";
  const end = `.${rule.name}`;
  if (rule.path.endsWith(end)) return rule.path.slice(0, -end.length);
  return rule.path.slice(0, rule.path.lastIndexOf("["));
}

/** What the variables held at a place: `_P` is the same of the caller. */
export interface State {
  rule: string;
  _S: unknown;
  _T: Entity;
  _P: State | null;
}

/** One entity of a full trace, with what is asked of its events again and again. */
export class Recording {
  readonly entity: TracedEntity;
  readonly events: readonly TraceEvent[];
  readonly ends: readonly number[];
  private readonly writers = new Map<number, number[]>();

  constructor(
    readonly document: FullTrace,
    readonly position: number,
  ) {
    const entity = document.entities[position];
    if (entity === undefined) throw new RangeError(`the trace has no entity ${position}`);
    this.entity = entity;
    this.events = entity.events;
    this.ends = endsOf(entity.events);
    entity.events.forEach((event, number) => {
      if (!event.sets && !event.removes) return;
      const writers = this.writers.get(event.frame);
      if (writers) writers.push(number);
      else this.writers.set(event.frame, [number]);
    });
  }

  value(position: number): unknown {
    return this.document.values[position];
  }

  path(event: number): string {
    return this.document.paths[this.events[event]!.path]!;
  }

  get source(): unknown {
    return this.value(this.entity.source);
  }

  get results(): unknown[] {
    return this.entity.results.map((position) => this.value(position));
  }

  /** The events around an event, innermost first. */
  ancestors(event: number): number[] {
    const found: number[] = [];
    for (let at = this.events[event]!.parent; at !== null; at = this.events[at]!.parent) found.push(at);
    return found;
  }

  get end(): number {
    return this.events.length;
  }

  /** `_S`, `_T` and `_P` at a position: before its event, or `after` it and all within. */
  at(position: number, after = false): State {
    const last = this.events.length - 1;
    // Behind the last event is behind the default rule, which is the first.
    if (last < 0) return { rule: "", _S: this.source, _T: {}, _P: null };
    return position > last ? this.state(0, true) : this.state(position, after);
  }

  /** `_S`, `_T` and `_P` before an event, or after it and all within. */
  state(event: number, after = false): State {
    const end = after ? this.ends[event]! : event;
    const underWay = new Set(this.ancestors(event));
    const outermost: { _P: State | null } = { _P: null };
    let holder = outermost;
    let frame: number | null = this.events[event]!.frame;
    let before = end;
    while (frame !== null) {
      const held: TraceFrame = this.entity.frames[frame]!;
      const made: State = {
        rule: held.rule,
        _S: this.value(held.source),
        _T: this.target(frame, before, underWay),
        _P: null,
      };
      holder._P = made;
      holder = made;
      frame = held.parent;
      before = held.event ?? 0;
    }
    return outermost._P!;
  }

  /** The frames that an event runs in, innermost first. */
  stack(event: number): number[] {
    const found: number[] = [];
    let frame: number | null = this.events[event]!.frame;
    for (; frame !== null; frame = this.entity.frames[frame]!.parent) found.push(frame);
    return found;
  }

  private target(frame: number, end: number, underWay: ReadonlySet<number>): Entity {
    const made: Entity = {};
    for (const number of this.writers.get(frame) ?? []) {
      if (number >= end) break;
      if (underWay.has(number)) continue;
      const event = this.events[number]!;
      for (const name of event.removes ?? []) delete made[name];
      for (const [name, value] of Object.entries(event.sets ?? {})) made[name] = this.value(value);
    }
    return made;
  }
}

/** Of each event the position after it and all that ran within it. */
function endsOf(events: readonly TraceEvent[]): number[] {
  const ends = events.map((_, number) => number + 1);
  for (let number = events.length - 1; number >= 0; number--) {
    const parent = events[number]!.parent;
    if (parent !== null) ends[parent] = Math.max(ends[parent]!, ends[number]!);
  }
  return ends;
}

// -- steps --------------------------------------------------------------------------------------
// A position is the number of the event that is about to be evaluated; behind the last one is the end.

/** Where a debugger stops: rules, transforms and calls. A path is read on the way. */
export function isStop(event: TraceEvent): boolean {
  return event.kind !== "path";
}

/** The first stop from a position on, or the end. */
function stopFrom(recording: Recording, at: number): number {
  let next = at;
  while (next < recording.events.length && !isStop(recording.events[next]!)) next++;
  return Math.min(next, recording.events.length);
}

export function stepInto(recording: Recording, at: number): number {
  return stopFrom(recording, at + 1);
}

export function stepOver(recording: Recording, at: number): number {
  // Over everything is what the end is for.
  if (at === 0) return stepInto(recording, at);
  return stopFrom(recording, recording.ends[at] ?? recording.events.length);
}

/** Behind what encloses this position. */
export function stepOut(recording: Recording, at: number): number {
  const parent = recording.events[at]?.parent ?? null;
  return parent === null ? recording.events.length : stopFrom(recording, recording.ends[parent]!);
}

export function stepBack(recording: Recording, at: number): number {
  let earlier = at - 1;
  while (earlier > 0 && !isStop(recording.events[earlier]!)) earlier--;
  return Math.max(earlier, 0);
}

/** The next (or with `back` the last earlier) event at one of the breakpoints; where there is none, the end. */
export function runTo(recording: Recording, at: number, breakpoints: ReadonlySet<string>, back = false): number {
  const step = back ? -1 : 1;
  for (let next = at + step; next >= 0 && next < recording.events.length; next += step) {
    if (breakpoints.has(recording.path(next))) return next;
  }
  return back ? 0 : recording.events.length;
}

// -- values beside the rules ----------------------------------------------------------------------

/** What was seen at a place of the rules, for one entity. */
export interface Seen {
  path: string;
  kind: TraceNode["kind"];
  name: string;
  count: number;
  /** The event whose value is shown: the last one of the frame that is looked at, else the last. */
  event: number;
  ns: number;
}

/** What happened at each place of the rules up to an event: those of its own frame go first. */
export function seen(recording: Recording, frame = 0, upTo = Infinity): Map<string, Seen> {
  const found = new Map<string, Seen>();
  const end = Math.min(recording.events.length, upTo + 1);
  for (let number = 0; number < end; number++) {
    const event = recording.events[number]!;
    const path = recording.path(number);
    const known = found.get(path);
    if (known === undefined) {
      found.set(path, { path, kind: event.kind, name: event.name, count: 1, event: number, ns: event.ns });
      continue;
    }
    known.count += 1;
    known.ns += event.ns;
    if (event.frame === frame || recording.events[known.event]!.frame !== frame) known.event = number;
  }
  return found;
}

// -- figures of many entities -----------------------------------------------------------------------

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

// -- entities that took the same way ----------------------------------------------------------------

const WRITING_MAYBE = new Set(["add-if", "default", "rename", "make-ni"]);

/** What the rules decided for an entity, each decision once, in the order of the rules. */
export function decisions(recording: Recording): string[] {
  const base = rulesPath(recording.document).length + 1;
  const order = new Map(recording.document.nodes.map((node, number) => [node.path, number]));
  const found = new Map<string, [number, string]>();
  recording.events.forEach((event, number) => {
    const path = recording.path(number);
    for (const word of wordsOf(recording, event)) {
      const text = `${path.slice(base)} ${word}`;
      found.set(text, [order.get(path) ?? order.size, text]);
    }
  });
  const texts = [...found.values()].sort(byOrder).map(([, text]) => text);
  if (recording.entity.error) texts.push(`failed ${recording.entity.error.code}`);
  return texts;
}

function byOrder([a, s]: [number, string], [b, t]: [number, string]): number {
  return a - b || (s < t ? -1 : s > t ? 1 : 0);
}

function wordsOf(recording: Recording, event: TraceEvent): string[] {
  const words: string[] = [];
  if (event.kind === "rule" && event.parent !== null) words.push("ran");
  if (event.branch !== undefined) words.push(event.branch >= 0 ? `branch ${event.branch}` : "no branch");
  if (event.ends) words.push(event.ends);
  if (event.error !== undefined) words.push("raised");
  if (event.kind === "transform" && WRITING_MAYBE.has(event.name)) {
    words.push(event.sets && Object.keys(event.sets).length > 0 ? "wrote" : "wrote nothing");
  }
  if (event.lookups) {
    const output = event.output === undefined ? null : recording.value(event.output);
    const isNothing = output === null || (Array.isArray(output) && output.length === 0);
    words.push(isNothing ? "found nothing" : "found");
  }
  return words;
}

export interface Way {
  signature: string;
  entities: number[];
}

/** The recorded entities by signature, commonest first: those of one took the same way. */
export function ways(document: FullTrace): Way[] {
  const found = new Map<string, number[]>();
  document.entities.forEach((_, position) => {
    const signature = decisions(new Recording(document, position)).join("; ") || "straight";
    const held = found.get(signature);
    if (held) held.push(position);
    else found.set(signature, [position]);
  });
  return [...found]
    .map(([signature, entities]) => ({ signature, entities }))
    .sort((a, b) => b.entities.length - a.entities.length || a.entities[0]! - b.entities[0]!);
}
