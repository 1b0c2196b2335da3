/** Values as short text, their types in the language's words, and what differs between two of them. */

const TYPES: Record<string, string> = {
  t: "datetime",
  f: "decimal",
  u: "uuid",
  r: "uri",
  ":": "ni",
  b: "bytes",
  d: "date",
};

/** The type of a value as the manual calls it. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "list";
  if (typeof value === "string") {
    return (value[0] === "~" && TYPES[value[1] ?? ""]) || "string";
  }
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "float";
  return typeof value === "object" ? "dict" : typeof value;
}

/** A value on one line of at most `width` characters. */
export function short(value: unknown, width = 40): string {
  if (value === undefined) return "nothing";
  const text = spaced(value, width * 2);
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** JSON with a space after commas and colons, given up where it is longer than wanted. */
function spaced(value: unknown, room: number): string {
  if (Array.isArray(value)) return enclosed("[", "]", value, room, (item, left) => spaced(item, left));
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value);
    return enclosed("{", "}", entries, room, ([name, item], left) => `${JSON.stringify(name)}: ${spaced(item, left)}`);
  }
  if (typeof value === "string" && value.length > room) return JSON.stringify(value.slice(0, room));
  return JSON.stringify(value) ?? "nothing";
}

function enclosed<Item>(
  open: string,
  close: string,
  items: readonly Item[],
  room: number,
  write: (item: Item, left: number) => string,
): string {
  const parts: string[] = [];
  let used = 2;
  for (const item of items) {
    if (used > room) {
      parts.push("…");
      break;
    }
    const part = write(item, room - used);
    parts.push(part);
    used += part.length + 2;
  }
  return open + parts.join(", ") + close;
}

/** Are two values the same JSON? The order of properties does not count. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, n) => same(item, b[n]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => name in right && same(left[name], right[name]));
}

export type Change = "same" | "added" | "removed" | "changed";

export interface Difference {
  name: string;
  change: Change;
  old?: unknown;
  new?: unknown;
}

/** Two entities property by property, in the order of the new one; what it has no more stands last. */
export function difference(old: Record<string, unknown>, now: Record<string, unknown>): Difference[] {
  const found: Difference[] = Object.entries(now).map(([name, value]) => {
    if (!(name in old)) return { name, change: "added", new: value };
    return { name, change: same(old[name], value) ? "same" : "changed", old: old[name], new: value };
  });
  for (const [name, value] of Object.entries(old)) {
    if (!(name in now)) found.push({ name, change: "removed", old: value });
  }
  return found;
}

const RESERVED = new Set(["_updated", "_previous", "_ts", "_hash", "_deleted"]);

/** An entity without what the node keeps about it. */
export function content(entity: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entity).filter(([name, value]) => !RESERVED.has(name) || value === true));
}

/** A number with the separators of the reader's language. */
export function figure(value: number): string {
  return Math.abs(value) >= 99.5 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : value.toPrecision(2);
}

/** Nanoseconds as people say them. */
export function duration(ns: number): string {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 1e6) return `${figure(ns / 1e3)} µs`;
  if (ns < 1e9) return `${figure(ns / 1e6)} ms`;
  return `${figure(ns / 1e9)} s`;
}

/** JSON for people: what fits on a line of `width` characters stays on one. */
export function pretty(value: unknown, width = 48, indent = ""): string {
  const flat = spaced(value, width * 2);
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "nothing";
  if (flat.length + indent.length <= width) return flat;
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((item) => pretty(item, width, inner))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${pretty(item, width, inner)}`);
  if (lines.length === 0) return flat;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${inner}${lines.join(`,\n${inner}`)}\n${indent}${close}`;
}
