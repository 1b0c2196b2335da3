/** Rules as they are written in a cell, made to what a node can run: without a kernel, of one text. */

/** A text to run; `at` is where the rules stand in it that were written, and `unknown` what a kernel would put in. */
export interface Runnable {
  text: string;
  at: number;
  unknown: string[];
}

const STRING = /"(?:[^"\\\n]|\\.)*"/g;
const ALONE = /^"\{\{(.+)\}\}"$/;
const WITHIN = /\{\{(.+?)\}\}/g;
const BEGINNING = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*([[{])/;

/**
 * `rules` are those that other cells name: the ones that are applied are put beside the text.
 *
 * A string that is a value of the kernel alone becomes null, in the same place: what stands behind it does not move.
 */
export function runnable(written: string, rules: ReadonlyMap<string, string> = new Map()): Runnable {
  const unknown = new Set<string>();
  const text = written.replace(STRING, (string) => {
    for (const [, name] of string.matchAll(WITHIN)) unknown.add(name!.trim());
    return ALONE.test(string) ? "null".padEnd(string.length) : string;
  });
  const beside = applied(text, rules);
  const opening = BEGINNING.exec(text)?.[1];
  if (beside.length === 0 || opening === undefined) return { text, at: 0, unknown: [...unknown] };
  const more = beside.map((name) => `, ${JSON.stringify(name)}: ${defaultOf(rules.get(name)!)}`).join("");
  if (opening === "{") {
    const end = text.lastIndexOf("}");
    return { text: end < 0 ? text : `${text.slice(0, end)}${more}${text.slice(end)}`, at: 0, unknown: [...unknown] };
  }
  const before = '{"default": ';
  // A comment at the end must not swallow what is put behind it.
  return { text: `${before}${text}\n${more}}`, at: before.length, unknown: [...unknown] };
}

/** The rules that a text applies, and those that these apply. */
function applied(text: string, rules: ReadonlyMap<string, string>): string[] {
  const found = new Set<string>();
  const look = (within: string) => {
    for (const [name, rule] of rules) {
      if (found.has(name) || !new RegExp(`"apply(?:-[a-z]+)?"\\s*,\\s*${escaped(JSON.stringify(name))}`).test(within)) continue;
      found.add(name);
      look(rule);
    }
  };
  look(text);
  return [...found];
}

/** The rule that a cell is named for. */
function defaultOf(text: string): string {
  return `${runnable(text).text}\n`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
