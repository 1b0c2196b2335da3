/** What the grid of a dataset asks: rows, columns, versions, references. */

import type { Column } from "../grid/columns";
import type { View } from "../grid/useGrid";
import type { Answers } from "./host";
import { type NodeWay, part } from "./node";

/** Where it takes long the answer is `pending`, and the grid asks again if it still wants. */
const WAIT_S = 2;
/** Types in the words of DTL where JSON schema has others. */
const WORDS: Record<string, string> = { object: "dict", array: "list", number: "float" };

interface Asked {
  view: View;
  limit: number;
  start: number;
  as_of: number | null;
}

export function gridAnswers(node: NodeWay, dataset: string): Answers {
  const path = `datasets/${part(dataset)}`;
  return {
    page: ({ view, start, limit, as_of }: Asked) => node.ask(`${path}/rows`, "POST", { ...askedOf(view), start, limit, wait_s: WAIT_S, ...(as_of === null ? {} : { as_of }) }),
    first: ({ view, limit, as_of }: Asked) => node.ask(`${path}/query`, "POST", { ...askedOf(view), limit, ...(as_of === null ? {} : { as_of }) }),
    news: async () => newsOf((await node.ask<{ runtime: DatasetRuntime }>(path)).runtime),
    columns: async () => columnsOfSchema(await node.ask<Schema>(`${path}/schema`)),
    versions: ({ entity_id }: { entity_id: string }) => versionsOf((before) => node.ask(`${path}/history?${query({ entity_id, limit: "1000", ...before })}`)),
    version: ({ entity_id, offset }: { entity_id: string; offset?: number | null }) => node.ask(`${path}/entity?${query({ entity_id, ...(offset == null ? {} : { offset: String(offset) }) })}`),
    reasons_of: async ({ entity_id }: { entity_id: string }) => (await node.fetch(`${path}/why?${query({ entity_id, format: "text" })}`)).text(),
    references: ({ entity_id }: { entity_id: string }) => node.ask(`${path}/references?${query({ entity_id })}`),
    debugging: async () => [],
    expression: async ({ view }: { view: View }) => expressionOf(dataset, view),
  };
}

function query(fields: Record<string, string>): string {
  return new URLSearchParams(fields).toString();
}

/** What a view asks beyond all entities. */
export function askedOf(view: View): Partial<View> {
  const asked: Partial<View> = {};
  if (view.where !== null && view.where !== undefined) asked.where = view.where;
  if (view.text) asked.text = view.text;
  if (view.order_by?.length) asked.order_by = view.order_by;
  if (view.deleted) asked.deleted = true;
  return asked;
}

interface DatasetRuntime {
  "last-offset": number;
  generation: string;
}

export function newsOf(runtime: DatasetRuntime): { last: number | null; generation: string } {
  const last = runtime["last-offset"];
  return { last: last >= 0 ? last : null, generation: runtime.generation };
}

interface Shape {
  type?: string;
  "x-type"?: string;
  "x-count"?: number;
  anyOf?: Shape[];
}

export interface Schema {
  "x-entities"?: number;
  properties?: Record<string, Shape>;
}

/** The properties of a schema: the types that were seen, and the share of entities that has each. */
export function columnsOfSchema(schema: Schema): Column[] {
  const total = schema["x-entities"] ?? 0;
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== "_id")
    .map(([name, shape]) => ({
      name,
      types: (shape.anyOf ?? [shape]).map((one) => String(one["x-type"] ?? one.type)).map((word) => WORDS[word] ?? word),
      filled: total > 0 ? (shape["x-count"] ?? 0) / total : null,
    }));
}

interface Change {
  _updated: number;
  time: string;
  change: string;
}

interface History {
  changes: Change[];
  complete: boolean;
  /** Where to go on before; null at the end. */
  next: number | null;
}

/** All changes in the life of an entity, oldest first; read a portion at a time. */
export async function versionsOf(read: (before: { before?: string }) => Promise<History>): Promise<Omit<History, "next">> {
  const changes: Change[] = [];
  let portion = await read({});
  for (;;) {
    changes.push(...portion.changes.map(({ _updated, time, change }) => ({ _updated, time, change })));
    if (portion.next === null) return { changes: changes.toReversed(), complete: portion.complete };
    portion = await read({ before: String(portion.next) });
  }
}

/** The Python that gives a view as a frame, for who has a notebook elsewhere. */
export function expressionOf(dataset: string, view: View): string {
  const words = Object.entries(askedOf(view)).map(([name, value]) => (name === "where" ? pythonOf(value) : `${name}=${pythonOf(value)}`));
  const from = `hub.datasets[${JSON.stringify(dataset)}]`;
  return words.length === 0 ? `${from}.to_polars()` : `${from}.query(${words.join(", ")}).to_polars()`;
}

function pythonOf(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonOf).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${pythonOf(one)}`).join(", ")}}`;
  return JSON.stringify(value);
}
