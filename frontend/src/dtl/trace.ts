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
