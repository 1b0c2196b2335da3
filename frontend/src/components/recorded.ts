/** What was recorded at a place of the rules, as a small box: input, output, type, count. */

import { type Recording, seen } from "../dtl/trace";
import { duration, short, typeName } from "../dtl/values";
import { endsWord } from "../dtl/beside";
import { plain, type Translate } from "../words";

/** A box for a hover, or null where the place was not evaluated. */
export function recordedBox(recording: Recording, path: string, frame = 0, upTo = Infinity, t: Translate = plain): HTMLElement | null {
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
  for (const input of event.inputs ?? []) add(t("input"), valueText(recording.value(input), t));
  if (event.output !== undefined) add(t("output"), valueText(recording.value(event.output), t));
  for (const [name, value] of Object.entries(event.sets ?? {})) add(t("sets {name}", { name }), valueText(recording.value(value), t));
  if (event.removes?.length) add(t("removes"), event.removes.join(", "));
  if (event.branch !== undefined) add(t("branch"), event.branch < 0 ? t("none") : String(event.branch + 1));
  if (event.ends) add(t("ends"), endsWord(event.ends, t));
  if (event.error !== undefined) add(t("failed"), event.error);
  for (const lookup of event.lookups ?? []) {
    const way = lookup.index === null ? t("every entity read") : lookup.index || t("by _id");
    add(t("look-up"), t("{dataset}: {n} found, {way}", { dataset: lookup.dataset, n: lookup.found, way }));
  }
  if (event.entity) add(t("entity"), `${event.entity.dataset} ${event.entity.id}`);
  add(t("ran"), one.count === 1 ? t("once, {time}", { time: duration(one.ns) }) : t("{n} times, {time}", { n: one.count, time: duration(one.ns) }));
  return box;
}

function valueText(value: unknown, t: Translate): string {
  const type = Array.isArray(value) ? t("{type} of {n}", { type: typeName(value), n: value.length }) : typeName(value);
  return `${short(value, 160)}  (${type})`;
}
