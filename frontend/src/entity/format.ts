/** Values of entities as people read them: without the tags of transit, with a word for their type. */

export type Value = null | boolean | number | string | Value[] | { [name: string]: Value };
export type Entity = { [name: string]: Value };

export type Kind =
  | "missing"
  | "null"
  | "boolean"
  | "number"
  | "decimal"
  | "datetime"
  | "date"
  | "uri"
  | "ni"
  | "uuid"
  | "bytes"
  | "string"
  | "list"
  | "dict";

const PREFIXES: Record<string, Kind> = { f: "decimal", r: "uri", ":": "ni", u: "uuid", b: "bytes" };
const DATE = /^\d{4,5}-\d\d-\d\d$/;

/** Which type a value has, in the words of DTL. */
export function kindOf(value: Value | undefined): Kind {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (typeof value === "string") return kindOfText(value);
  if (Array.isArray(value)) return "list";
  if (typeof value === "object") return "dict";
  return typeof value === "number" ? "number" : "boolean";
}

function kindOfText(text: string): Kind {
  if (text[0] !== "~") return "string";
  if (text[1] === "t") return DATE.test(text.slice(2)) ? "date" : "datetime";
  return PREFIXES[text[1] ?? ""] ?? "string";
}

/** One line for a value: a text without quotes, JSON for what is nested, cut to `most` characters. */
export function lineOf(value: Value | undefined, most = 200): string {
  if (value === undefined) return "";
  return cut(typeof value === "string" ? plain(value) : shortJson(value, most), most);
}

/** The characters of a text value: without the tag of its type. */
export function plain(text: string): string {
  switch (kindOfText(text)) {
    case "string":
      return text.startsWith("~~") ? text.slice(1) : text;
    case "datetime":
      return text.slice(2).replace("T", " ").replace(/:00(\.0+)?Z$/, ":00Z");
    default:
      return text.slice(2);
  }
}

/** JSON as one reads it, no longer than about `most` characters: the rest is an ellipsis. */
export function shortJson(value: Value, most: number): string {
  if (typeof value === "string") return kindOf(value) === "string" ? JSON.stringify(plain(value)) : plain(value);
  if (value === null || typeof value !== "object") return String(value);
  const list = Array.isArray(value);
  const parts: string[] = [];
  let left = most;
  for (const [name, item] of Object.entries(value)) {
    if (left <= 0) {
      parts.push("…");
      break;
    }
    const text = (list ? "" : `${name}: `) + shortJson(item, left);
    left -= text.length + 2;
    parts.push(text);
  }
  return list ? `[${parts.join(", ")}]` : `{${parts.join(", ")}}`;
}

function cut(text: string, most: number): string {
  const line = text.replace(/[\r\n\t]+/g, " ");
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}

/** Are values of this type read from the right, like numbers in a column? */
export function isNumeric(kind: Kind): boolean {
  return kind === "number" || kind === "decimal";
}

/** What a property holds beside those that the node keeps (`_updated`, `_hash`, ...). */
export const RESERVED = new Set(["_updated", "_previous", "_ts", "_hash", "_deleted"]);

/** An entity without what the node keeps about it. */
export function content(entity: Entity): Entity {
  return Object.fromEntries(Object.entries(entity).filter(([name]) => !RESERVED.has(name)));
}

/** The time at which a version was written, from microseconds since 1970. */
export function timeOf(microseconds: Value | undefined): string {
  if (typeof microseconds !== "number") return "";
  return new Date(microseconds / 1000).toISOString().slice(0, 19).replace("T", " ");
}

export const count = (number: number): string => number.toLocaleString("en-US");
