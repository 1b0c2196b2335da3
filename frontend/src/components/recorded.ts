/** What was recorded at a place of the rules, as a small box: input, output, type, count. */

import { type Recording, seen } from "../dtl/trace";
import { duration, short, typeName } from "../dtl/values";

/** A box for a hover, or null where the place was not evaluated. */
export function recordedBox(recording: Recording, path: string, frame = 0, upTo = Infinity): HTMLElement | null {
  const one = seen(recording, frame, upTo).get(path);
  if (one === undefined) return null;
  const event = recording.events[one.event]!;
  const box = document.createElement("dl");
  box.className = "sesam-recorded";
  const add = (name: string, text: string) => {
    const term = document.createElement("dt");
    term.textContent = name;
    const told = document.createElement("dd");
    told.textContent = text;
    box.append(term, told);
  };
  for (const input of event.inputs ?? []) add("input", valueText(recording.value(input)));
  if (event.output !== undefined) add("output", valueText(recording.value(event.output)));
  for (const [name, value] of Object.entries(event.sets ?? {})) add(`sets ${name}`, valueText(recording.value(value)));
  if (event.removes?.length) add("removes", event.removes.join(", "));
  if (event.branch !== undefined) add("branch", event.branch < 0 ? "none" : String(event.branch + 1));
  if (event.ends) add("ends", event.ends);
  if (event.error !== undefined) add("failed", event.error);
  for (const lookup of event.lookups ?? []) {
    const way = lookup.index === null ? "every entity read" : lookup.index || "by _id";
    add("look-up", `${lookup.dataset}: ${lookup.found} found, ${way}`);
  }
  if (event.entity) add("entity", `${event.entity.dataset} ${event.entity.id}`);
  add("ran", one.count === 1 ? `once, ${duration(one.ns)}` : `${one.count} times, ${duration(one.ns)}`);
  return box;
}

function valueText(value: unknown): string {
  return `${short(value, 160)}  (${typeName(value)}${Array.isArray(value) ? ` of ${value.length}` : ""})`;
}
