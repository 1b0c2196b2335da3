/** JSON as people write it, made plain: without comments and trailing commas, numbers as they are written. */

const TOKEN = /\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\]|\\[\s\S])*"?|,(?=(?:\s|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)*[\]}])/g;

/** The text for a strict reader. Reading and writing it here would make 1.0 of a 1, and cut long numbers. */
export function bare(text: string): string {
  return text.replace(TOKEN, (token) => (token.startsWith('"') ? token : "")).trim();
}

/** An object as JSON, some of its fields given as JSON already. */
export function jsonWith(fields: Readonly<Record<string, unknown>>, raw: Readonly<Record<string, string>>): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{${[...parts, ...Object.entries(raw).map(([name, text]) => `${JSON.stringify(name)}: ${text}`)].join(", ")}}`;
}
