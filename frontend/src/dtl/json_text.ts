/** JSON with comments as it is typed: its values with their places, finished or not. */

export interface JsonNode {
  kind: "object" | "list" | "string" | "other";
  /** Where it stands, in UTF-16 units; what is not closed ends with the text, an open string with its line. */
  from: number;
  to: number;
  /** What a string says. */
  text: string;
  items: JsonNode[];
  /** Of an object: the key of each item. */
  keys: JsonNode[];
}

const TOKEN = /[\s\ufeff]+|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\[^\n])*"?|[[\]{}:,]|[^\s[\]{}:,"]+/g;

/** The value of a text; null where there is none. */
export function readJson(text: string): JsonNode | null {
  const root: JsonNode = { kind: "list", from: 0, to: text.length, text: "", items: [], keys: [] };
  const open = [root];
  let key: JsonNode | null = null;
  const add = (node: JsonNode) => {
    const outer = open.at(-1)!;
    if (outer.kind === "object") {
      if (key === null) {
        key = node;
        return;
      }
      outer.keys.push(key);
      key = null;
    }
    outer.items.push(node);
  };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const to = index + token.length;
    const char = token[0]!;
    if (/\s|\ufeff|#|\//.test(char) || char === ":") continue;
    if (char === ",") key = null;
    else if (char === "[" || char === "{") {
      const node: JsonNode = { kind: char === "[" ? "list" : "object", from: index, to: text.length, text: "", items: [], keys: [] };
      add(node);
      open.push(node);
      key = null;
    } else if (char === "]" || char === "}") {
      const kind = char === "]" ? "list" : "object";
      const at = open.findLastIndex((one, position) => position > 0 && one.kind === kind);
      // One that closes nothing is passed over; what is open within its pair ends with it.
      for (const node of at < 0 ? [] : open.splice(at)) node.to = to;
      key = null;
    } else if (char === '"') add({ kind: "string", from: index, to, text: unquoted(token), items: [], keys: [] });
    else add({ kind: "other", from: index, to, text: token, items: [], keys: [] });
  }
  return root.items[0] ?? null;
}

function unquoted(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    return token.replace(/^"|"$/g, "");
  }
}

/** The value of a key of an object; undefined where there is none. */
export function member(node: JsonNode | undefined, key: string): JsonNode | undefined {
  if (node?.kind !== "object") return undefined;
  const at = node.keys.findIndex((one) => one.text === key);
  return at < 0 ? undefined : node.items[at];
}

/** What the string at a key says; null where there is no string. */
export function stringAt(node: JsonNode | undefined, key: string): string | null {
  const found = member(node, key);
  return found?.kind === "string" ? found.text : null;
}
