/** What stands beside the rules: of each place the value that it gave, in few words. */

import type { Span } from "./layout";
import { type Recording, type Seen, type TraceEvent, seen } from "./trace";
import { short } from "./values";
import { plain, type Translate } from "../words";

export type Detail = "lines" | "all" | "off";

export interface Inlay {
  /** Where in the text it stands, behind what it is about. */
  at: number;
  text: string;
  kind: "value" | "null" | "error" | "sets" | "ends";
  path: string;
}

export interface Beside {
  inlays: Inlay[];
  /** What was not evaluated for the entity. */
  unrun: Span[];
  /** The places that were evaluated, for pointing at them. */
  places: { path: string; span: Span }[];
}

/** The characters of a value behind a line: as many as fit beside the text, between these. */
const [LEAST, MOST, LINE] = [18, 64, 72];
const INLINE = 22;

/** What an event did, in few words; "" where there is nothing to say. */
export function told(recording: Recording, event: TraceEvent, width: number, t: Translate = plain): string {
  if (event.error !== undefined) return t("failed: {error}", { error: event.error });
  if (event.ends) return endsWord(event.ends, t);
  if (event.emits) return t("emitted {values}", { values: event.emits.map((value) => short(recording.value(value), width)).join(", ") });
  const sets = Object.entries(event.sets ?? {});
  if (sets.length > 0) {
    let text = "";
    for (const [name, value] of sets) {
      const room = width - text.length - name.length - 5;
      // One is always told; of several those that fit.
      if (text !== "" && room < 4) return `${text}, …`;
      text += `${text && ", "}${name} = ${short(recording.value(value), Math.max(12, sets.length > 1 ? Math.min(room, 24) : room))}`;
    }
    return text;
  }
  if (event.removes?.length) return t("without {names}", { names: event.removes.join(", ") });
  if (event.output !== undefined) return short(recording.value(event.output), width);
  return "";
}

/** How a rule ended an entity early, in words. */
export function endsWord(ends: NonNullable<TraceEvent["ends"]>, t: Translate): string {
  return { filtered: t("filtered"), discarded: t("discarded") }[ends];
}

function kindOf(recording: Recording, event: TraceEvent): Inlay["kind"] {
  if (event.error !== undefined) return "error";
  if (event.ends) return "ends";
  if (event.sets || event.removes || event.emits) return "sets";
  return event.output !== undefined && recording.value(event.output) === null ? "null" : "value";
}

/** The values beside a text, up to an event where one is given. `lineOf` gives the line that an offset is in. */
export function besides(
  recording: Recording,
  spans: ReadonlyMap<string, Span>,
  lineOf: (offset: number) => { from: number; to: number },
  detail: Detail,
  frame = 0,
  upTo = Infinity,
  t: Translate = plain,
): Beside {
  const happened = seen(recording, frame, upTo);
  const ofLines = new Map<number, { from: number; inlay: Inlay }>();
  const inlays: Inlay[] = [];
  const places: Beside["places"] = [];
  const unrun: Span[] = [];
  for (const node of recording.document.nodes) {
    const span = spans.get(node.path);
    if (span === undefined) continue;
    const one = happened.get(node.path);
    if (one === undefined) {
      if (node.kind !== "path") unrun.push(span);
      continue;
    }
    places.push({ path: node.path, span });
    if (node.kind === "rule" || detail === "off") continue;
    const isOfLine = node.kind === "transform" || (detail === "lines" && node.kind === "function");
    const line = lineOf(span[0]);
    const width = isOfLine ? Math.max(LEAST, Math.min(MOST, LINE - (line.to - line.from))) : INLINE;
    const inlay = inlayOf(recording, one, width, t);
    if (inlay.text === "" || (isOfLine && isToldByParent(recording, one))) continue;
    if (isOfLine) {
      const at = line.to;
      const held = ofLines.get(at);
      if (held === undefined || span[0] < held.from) ofLines.set(at, { from: span[0], inlay: { ...inlay, at } });
    } else if (detail === "all") {
      inlays.push({ ...inlay, at: span[1] });
    }
  }
  for (const { inlay } of ofLines.values()) inlays.push(inlay);
  inlays.sort((a, b) => a.at - b.at);
  return { inlays, unrun: outermost(unrun), places };
}

/** Does the transform around it set just this value? Then that says it. */
function isToldByParent(recording: Recording, one: Seen): boolean {
  const { kind, parent, output } = recording.events[one.event]!;
  if (kind !== "function" || parent === null || output === undefined) return false;
  return Object.values(recording.events[parent]!.sets ?? {}).includes(output);
}

function inlayOf(recording: Recording, one: Seen, width: number, t: Translate): Inlay {
  const event = recording.events[one.event]!;
  const text = told(recording, event, width, t);
  return {
    at: 0,
    path: one.path,
    kind: kindOf(recording, event),
    text: text && one.count > 1 ? `${text}  ×${one.count}` : text,
  };
}

/** Spans without those that lie within another one. */
function outermost(spans: Span[]): Span[] {
  const sorted = [...spans].sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const found: Span[] = [];
  for (const span of sorted) {
    const last = found.at(-1);
    if (last === undefined || span[0] >= last[1]) found.push(span);
  }
  return found;
}
