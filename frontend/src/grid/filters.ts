/** What people type below a column's head as a DTL condition: `>30`, `=Oslo`, `null`, a piece of text. */

import type { Value } from "../entity/format";

export type Condition = Value;

const OPERATORS: [string, string][] = [
  [">=", "gte"],
  ["<=", "lte"],
  ["!=", "neq"],
  [">", "gt"],
  ["<", "lt"],
  ["=", "eq"],
];

/** The condition that a filter of a column means, null for none. */
export function columnCondition(name: string, typed: string, type: string): Condition {
  const text = typed.trim();
  const path = pathOf(name);
  if (text === "") return null;
  if (text === "null") return ["is-null", path];
  if (text === "!null") return ["is-not-null", path];
  for (const [sign, operator] of OPERATORS) {
    if (text.startsWith(sign)) return [operator, path, constant(text.slice(sign.length).trim(), type)];
  }
  if (type === "boolean" && (text === "true" || text === "false")) return ["eq", path, text === "true"];
  const pattern = text.includes("*") || text.includes("?") ? text.toLowerCase() : `*${text.toLowerCase()}*`;
  const shown = ["dict", "list", "tuple"].includes(type) ? ["json", path] : ["string", path];
  return ["matches", pattern, ["lower", shown]];
}

/** The path of a property of the source entity; names that are no plain ones need `path`. */
function pathOf(name: string): Value {
  return /^[A-Za-z_][\w-]*$/.test(name) ? `_S.${name}` : ["path", name, "_S."];
}

function constant(text: string, type: string): Value {
  const quoted = /^"(.*)"$/.exec(text);
  if (quoted) return literal(quoted[1] ?? "");
  if (type === "datetime" || type === "date") return ["literal", `~t${wholeTime(text)}`];
  if (type === "ni") return ["literal", `~:${text.replace(/^~:/, "")}`];
  if (type === "uri") return ["literal", `~r${text}`];
  if (type === "uuid") return ["literal", `~u${text}`];
  if (type === "boolean") return text === "true";
  if (type !== "string" && isNumber(text)) return Number(text);
  return literal(text);
}

/** A text as a constant, also where it would read as a path or a tagged value. */
const literal = (text: string): Value => (/^[_~]/.test(text) ? ["literal", text] : text);

const isNumber = (text: string): boolean => text !== "" && Number.isFinite(Number(text));

/** A time of which only the beginning was typed: `2024-03` is its first instant. */
function wholeTime(text: string): string {
  const given = text.trim().replace(" ", "T").replace(/Z$/, "");
  const whole = given + "0000-01-01T00:00:00".slice(given.length);
  return given.length <= 10 ? whole.slice(0, 10) : `${whole}Z`;
}

/** All conditions together, null for none. */
export function allOf(conditions: Condition[]): Condition {
  const some = conditions.filter((one) => one !== null);
  return some.length > 1 ? ["and", ...some] : (some[0] ?? null);
}
