/** The columns of a grid: from the schema of the dataset, and until that is known from its rows. */

import { isNumeric, kindOf, lineOf, RESERVED, type Entity, type Kind } from "../entity/format";

export interface Column {
  name: string;
  /** The types that were seen, the most frequent first, in the words of DTL. */
  types: string[];
  /** The share of entities that have the property, from 0 to 1; null where it is not known. */
  filled: number | null;
}

export const ID: Column = { name: "_id", types: ["string"], filled: 1 };
const OWN = ["_updated", "_ts", "_previous", "_hash", "_deleted"];
export const RESERVED_COLUMNS: Column[] = OWN.map((name) => ({
  name,
  types: [name === "_hash" ? "string" : name === "_deleted" ? "boolean" : "integer"],
  filled: 1,
}));

/** Columns of what is in some rows, in the order in which the properties come. */
export function columnsOf(rows: Entity[]): Column[] {
  const found = new Map<string, Set<Kind>>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (name === "_id" || RESERVED.has(name)) continue;
      if (!found.has(name)) found.set(name, new Set());
      if (value !== null) found.get(name)?.add(kindOf(value));
    }
  }
  return [...found].map(([name, kinds]) => ({ name, types: [...kinds].map(typeOf), filled: null }));
}

const typeOf = (kind: Kind): string => (kind === "number" ? "float" : kind);

/** A width that most of the values fit in. */
export function widthOf(column: Column, rows: Entity[]): number {
  const longest = rows.reduce((most, row) => Math.max(most, lineOf(row[column.name], 60).length), 0);
  const head = column.name.length + 3;
  const nested = ["dict", "list"].includes(column.types[0] ?? "");
  return Math.round(Math.min(nested ? 230 : 320, Math.max(64, Math.max(longest, head) * 7.4 + 22)));
}

export function isRight(column: Column): boolean {
  const type = column.types[0] ?? "";
  return type === "integer" || type === "float" || isNumeric(type as Kind);
}
