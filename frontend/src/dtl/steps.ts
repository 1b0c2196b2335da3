/** The ways from one position of a recorded entity to another, forwards and back. */

import type { Recording, TraceEvent } from "./trace";

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
