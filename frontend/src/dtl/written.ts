/** Rules as they are written in a cell, made to what a node can run: without a kernel, of one text. */

/** A text to run, made of one that is written. */
export interface Runnable {
  text: string;
  /** The place in what is written of a place in `text`. */
  back(offset: number): number;
  /** The expressions that a kernel has values for, and those of them that are not known. */
  expressions: string[];
  unknown: string[];
}

interface Made {
  text: string;
  /** What takes the place of what: from and to in the text that is made, and in what is written. */
  filled: { from: number; to: number; writtenFrom: number; writtenTo: number }[];
  expressions: Set<string>;
  unknown: Set<string>;
}

const STRING = /"(?:[^"\\\n]|\\.)*"/g;
const ALONE = /^"\{\{((?:(?!\}\}).)+)\}\}"$/;
const WITHIN = /\{\{(.+?)\}\}/g;
const BEGINNING = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*([[{])/;

/**
 * `rules` are those that other cells name: the ones that are applied are put beside the text. `known` has the values
 * of a kernel's expressions as JSON: a string that is one alone becomes its value, null where that is not known;
 * within longer text it is put in as text.
 */
export function runnable(written: string, rules: ReadonlyMap<string, string> = new Map(), known: ReadonlyMap<string, string> = new Map()): Runnable {
  const made = fill(written, known);
  const { text } = made;
  const told = { expressions: [...made.expressions], unknown: [...made.unknown] };
  const beside = applied(text, rules);
  const opening = BEGINNING.exec(text)?.[1];
  if (beside.length === 0 || opening === undefined) return { ...told, text, back: (offset) => back(made, offset) };
  // A comment at the end must not swallow what is put behind it.
  const more = beside.map((name) => `, ${JSON.stringify(name)}: ${fill(rules.get(name)!, known).text}\n`).join("");
  if (opening === "{") {
    const end = text.lastIndexOf("}");
    const whole = end < 0 ? text : `${text.slice(0, end)}${more}${text.slice(end)}`;
    return { ...told, text: whole, back: (offset) => back(made, Math.min(offset, text.length)) };
  }
  const before = '{"default": ';
  const inText = (offset: number) => Math.max(0, Math.min(offset - before.length, text.length));
  return { ...told, text: `${before}${text}\n${more}}`, back: (offset) => back(made, inText(offset)) };
}

/** Put in what a kernel has. */
function fill(written: string, known: ReadonlyMap<string, string>): Made {
  const made: Made = { text: "", filled: [], expressions: new Set(), unknown: new Set() };
  const value = (expression: string): string | undefined => {
    const name = expression.trim();
    made.expressions.add(name);
    const found = known.get(name);
    if (found === undefined) made.unknown.add(name);
    return found;
  };
  let read = 0;
  for (const { 0: string, index } of written.matchAll(STRING)) {
    if (!string.includes("{{")) continue;
    const alone = ALONE.exec(string)?.[1];
    const put = alone === undefined ? string.replace(WITHIN, (whole, name: string) => asText(value(name)) ?? whole) : (value(alone) ?? "null");
    made.text += written.slice(read, index);
    read = index + string.length;
    made.filled.push({ from: made.text.length, to: made.text.length + put.length, writtenFrom: index, writtenTo: read });
    made.text += put;
  }
  made.text += written.slice(read);
  return made;
}

/** A value within a text: as Python says it where it is a text, else as JSON; escaped for a string of JSON. */
function asText(json: string | undefined): string | undefined {
  if (json === undefined) return undefined;
  return json.startsWith('"') ? json.slice(1, -1) : JSON.stringify(json).slice(1, -1);
}

function back({ filled }: Made, offset: number): number {
  let by = 0;
  for (const { from, to, writtenFrom, writtenTo } of filled) {
    if (offset <= from) break;
    // Within what was put in there is no other place than all of it.
    if (offset < to) return writtenFrom;
    by = writtenTo - to;
  }
  return offset + by;
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

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
