/** Which recorded entities took the same way through the rules. */

import { type FullTrace, Recording, type TraceEvent, rulesPath } from "./trace";

const WRITING_MAYBE = new Set(["add-if", "default", "rename", "make-ni"]);

/** What the rules decided for an entity, each decision once, in the order of the rules. */
export function decisions(recording: Recording): string[] {
  const base = rulesPath(recording.document).length + 1;
  const order = new Map(recording.document.nodes.map((node, number) => [node.path, number]));
  const found = new Map<string, [number, string]>();
  recording.events.forEach((event, number) => {
    const path = recording.path(number);
    for (const word of wordsOf(recording, event)) {
      const text = `${path.slice(base)} ${word}`;
      found.set(text, [order.get(path) ?? order.size, text]);
    }
  });
  const texts = [...found.values()].sort(byOrder).map(([, text]) => text);
  if (recording.entity.error) texts.push(`failed ${recording.entity.error.code}`);
  return texts;
}

function byOrder([a, s]: [number, string], [b, t]: [number, string]): number {
  return a - b || (s < t ? -1 : s > t ? 1 : 0);
}

function wordsOf(recording: Recording, event: TraceEvent): string[] {
  const words: string[] = [];
  if (event.kind === "rule" && event.parent !== null) words.push("ran");
  if (event.branch !== undefined) words.push(event.branch >= 0 ? `branch ${event.branch}` : "no branch");
  if (event.ends) words.push(event.ends);
  if (event.error !== undefined) words.push("raised");
  if (event.kind === "transform" && WRITING_MAYBE.has(event.name)) {
    words.push(event.sets && Object.keys(event.sets).length > 0 ? "wrote" : "wrote nothing");
  }
  if (event.lookups) {
    const output = event.output === undefined ? null : recording.value(event.output);
    const isNothing = output === null || (Array.isArray(output) && output.length === 0);
    words.push(isNothing ? "found nothing" : "found");
  }
  return words;
}

export interface Way {
  signature: string;
  entities: number[];
}

/** The recorded entities by signature, commonest first: those of one took the same way. */
export function ways(document: FullTrace): Way[] {
  const found = new Map<string, number[]>();
  document.entities.forEach((_, position) => {
    const signature = decisions(new Recording(document, position)).join("; ") || "straight";
    const held = found.get(signature);
    if (held) held.push(position);
    else found.set(signature, [position]);
  });
  return [...found]
    .map(([signature, entities]) => ({ signature, entities }))
    .sort((a, b) => b.entities.length - a.entities.length || a.entities[0]! - b.entities[0]!);
}
