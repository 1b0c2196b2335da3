/** What is different between two values, as one tree that holds both. */

import type { Value } from "./format";

export type Change = "same" | "added" | "removed" | "changed";

export interface Branch {
  name: string;
  path: string;
  change: Change;
  value: Value | undefined;
  before: Value | undefined;
}

/** The parts of a dict or list, with those that only the earlier one had; null for plain values. */
export function branches(path: string, value: Value | undefined, before?: Value, compared = false): Branch[] | null {
  const now = parts(value);
  const then = compared ? parts(before) : null;
  if (now === null && then === null) return null;
  const list = Array.isArray(value ?? before);
  const found: Branch[] = [];
  for (const [name, item] of now ?? []) {
    const old = then?.get(name);
    const change = compared ? changeOf(item, old) : "same";
    found.push({ name, path: join(path, name, list), change, value: item, before: old });
  }
  for (const [name, old] of then ?? []) {
    if (now?.has(name)) continue;
    found.push({ name, path: join(path, name, list), change: "removed", value: undefined, before: old });
  }
  return found;
}

function parts(value: Value | undefined): Map<string, Value> | null {
  return value !== null && typeof value === "object" ? new Map(Object.entries(value)) : null;
}

export function changeOf(value: Value | undefined, before: Value | undefined): Change {
  if (before === undefined) return "added";
  if (value === undefined) return "removed";
  return equal(value, before) ? "same" : "changed";
}

export function equal(one: Value, other: Value): boolean {
  if (one === other) return true;
  if (one === null || other === null || typeof one !== "object" || typeof other !== "object") return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const left = Object.entries(one);
  const right = other as Record<string, Value>;
  return (
    left.length === Object.keys(other).length &&
    left.every(([name, item]) => Object.hasOwn(right, name) && equal(item, right[name] as Value))
  );
}

/** A path as rules write it: `address.city`, `lines[3].item`. */
function join(path: string, name: string, list: boolean): string {
  if (list) return `${path}[${name}]`;
  const plain = /^[^.[\]"\s]+$/.test(name) ? name : JSON.stringify(name);
  return path === "" ? plain : `${path}.${plain}`;
}

/** Does a text occur in a name or value, at any depth? */
export function mentions(name: string, value: Value | undefined, folded: string): boolean {
  if (name.toLowerCase().includes(folded)) return true;
  if (value === undefined) return false;
  if (value === null || typeof value !== "object") return String(value).toLowerCase().includes(folded);
  const list = Array.isArray(value);
  return Object.entries(value).some(([key, item]) => mentions(list ? "" : key, item, folded));
}
