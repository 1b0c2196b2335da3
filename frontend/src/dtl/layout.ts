/** Rules as laid out text, with the place of each JSON path in it. */

export type Span = readonly [from: number, to: number];

export interface RulesText {
  text: string;
  /** By JSON path. */
  spans: ReadonlyMap<string, Span>;
}

const PLAIN_KEY = /^[A-Za-z0-9_-]+$/;
const WIDTH = 84;

/** The path of a part of what stands at a path. */
export function below(path: string, part: string | number): string {
  if (typeof part === "number") return `${path}[${part}]`;
  return PLAIN_KEY.test(part) ? `${path}.${part}` : `${path}[${JSON.stringify(part)}]`;
}

/** The path around a path; "" at the root. */
export function around(path: string): string {
  const quoted = /\["(?:[^"\\]|\\.)*"\]$/.exec(path);
  if (quoted) return path.slice(0, quoted.index);
  return path.slice(0, Math.max(path.lastIndexOf("."), path.lastIndexOf("["), 0));
}

/** The text of rules for who has no text of them: what fits on a line stays on one. */
export function layOut(rules: unknown, path: string): RulesText {
  const spans = new Map<string, Span>();
  let text = "";

  const write = (value: unknown, here: string, indent: string, column: number): void => {
    const from = text.length;
    const isSmall = indent.length + column + JSON.stringify(value).length < WIDTH && indent !== "";
    const inner = `${indent}  `;
    const entries: [string | number, unknown][] = Array.isArray(value)
      ? value.map((item, position) => [position, item])
      : value !== null && typeof value === "object"
        ? Object.entries(value)
        : [];
    if (entries.length === 0) {
      text += JSON.stringify(value);
    } else {
      text += Array.isArray(value) ? "[" : "{";
      entries.forEach(([part, item], position) => {
        // A call keeps its name on its first line, and text behind it.
        const isHead = Array.isArray(value) && position < 2 && typeof item === "string";
        const breaks = !isSmall && !isHead;
        if (position > 0) text += breaks ? "," : ", ";
        if (breaks) text += `\n${inner}`;
        const key = typeof part === "string" ? `${JSON.stringify(part)}: ` : "";
        text += key;
        write(item, below(here, part), inner, key.length);
      });
      if (!isSmall && !text.endsWith('"')) text += `\n${indent}`;
      text += Array.isArray(value) ? "]" : "}";
    }
    spans.set(here, [from, text.length]);
  };

  write(rules, path, "", 0);
  return { text, spans };
}
