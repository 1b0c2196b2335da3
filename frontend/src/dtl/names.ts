/** The properties that rules may write. */

import type { FullTrace } from "./trace";

const WRITING = new Set(["add", "add-if", "default", "create-child"]);

/** The names that the default rule writes, by its text and by what was recorded, in order. */
export function writtenNames(document: FullTrace): string[] {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (!Array.isArray(value)) return;
    if (typeof value[0] === "string" && WRITING.has(value[0]) && typeof value[1] === "string") found.add(value[1]);
    else if (value[0] === "rename" && typeof value[2] === "string") found.add(value[2]);
    else value.forEach(walk);
  };
  walk(document.rules["default"]);
  for (const entity of document.entities) {
    for (const event of entity.events) {
      if (event.frame === 0) for (const name of Object.keys(event.sets ?? {})) found.add(name);
    }
  }
  return [...found];
}
