/** Where DTL stands in the text of an editor: in a `%%dtl` cell, or in a file of configuration. */

import { type JsonNode, member, readJson, stringAt } from "./json_text";

/** A rule set in a text of configuration, in UTF-16 units of the editor's text. */
export interface RulesAt {
  from: number;
  to: number;
  /** Which transform of several, from 0; null where there is one. */
  transform: number | null;
}

/** A text that the language services understand as it is: the rules of a cell, or one configuration. */
export interface Region {
  kind: "cell" | "file";
  /** Where it stands in the editor's text, in UTF-16 units. */
  from: number;
  to: number;
  /** The pipe or dataset that the line names; of a file the `_id` of the configuration. */
  name: string | null;
  /** Is a dataset meant, also where a pipe has the same name? */
  namesDataset: boolean;
  /** The dataset that a pipe in the text reads. */
  source: string | null;
  /** The rule sets within; a cell that is no whole pipe is one itself. */
  rules: RulesAt[];
}

/** A `%%dtl` cell: the line of the magic, and its rules. */
export interface Cell extends Region {
  kind: "cell";
  /** What stands behind `%%dtl`, and where. */
  line: string;
  lineFrom: number;
  /** Options by their long name without dashes (`dataset`, `limit`, …); "" is the name. A switch is "". */
  options: Record<string, string[]>;
  /** The name that `--name` gives to the rules. */
  ruleName: string | null;
}

const FIRST_LINE = /^\s*%%dtl\b([^\n]*)(\n?)/;
const BIND = /^\s*[A-Za-z_]\w*\s*<</;
const WORD = /'[^']*'?|"[^"]*"?|[^\s'"]+|['"]/g;
const SHORT: Record<string, string> = { "-d": "dataset", "-n": "limit", "-e": "entity", "-w": "where", "-o": "out", "-y": "yes" };
/** The options of `%%dtl` that a value follows, and what it is. */
export const VALUED: Record<string, string> = {
  dataset: "dataset",
  limit: "number",
  entity: "entity",
  where: "condition",
  from: "variable",
  transform: "number",
  out: "variable",
  name: "rule",
  diff: "pipe",
  save: "pipe",
  project: "folder",
  expect: "file",
};
/** The options that stand alone. */
export const SWITCHES = ["trace", "explain", "yes", "check", "side-effects"] as const;

/** Is a text a `%%dtl` cell? Cheap: for each key that is pressed. */
export function isCell(text: string): boolean {
  return FIRST_LINE.test(text);
}

/** The cell that a text is; null where it is none. */
export function cellOf(text: string): Cell | null {
  const found = FIRST_LINE.exec(text);
  if (found === null) return null;
  const [whole, line, end] = found as unknown as [string, string, string];
  const from = whole.length;
  const lineFrom = from - end.length - line.length;
  const options = optionsOf(line);
  const root = readJson(text.slice(from));
  const isPipe = root?.kind === "object" && (member(root, "source") !== undefined || member(root, "transform") !== undefined);
  const source = isPipe ? sourceOf(root) : null;
  const named = (["dataset", "", "diff", "save"] as const).map((option) => options[option]?.[0]).find((one) => one);
  const name = named?.split("@")[0] ?? null;
  const rules = isPipe ? rulesOf(root, from) : root === null ? [] : [{ from: root.from + from, to: root.to + from, transform: null }];
  return {
    kind: "cell",
    from,
    to: text.length,
    line,
    lineFrom,
    options,
    name: name ?? source,
    namesDataset: options["dataset"] !== undefined || (name === null && source !== null),
    source,
    rules,
    ruleName: options["name"]?.[0] || null,
  };
}

/** The options of a line behind `%%dtl`, as the magic reads them. */
export function optionsOf(line: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  let awaits = "";
  const put = (option: string, value: string) => (found[option] ??= []).push(value);
  for (const { 0: written } of line.replace(BIND, (bind) => " ".repeat(bind.length)).matchAll(WORD)) {
    const word = /^['"]/.test(written) ? written.slice(1).replace(new RegExp(`${written[0]}$`), "") : written;
    if (awaits) {
      put(awaits, word);
      awaits = "";
    } else if (word.startsWith("-")) {
      const [flag, value] = split(word);
      const option = SHORT[flag] ?? flag.replace(/^--/, "");
      if (value !== null) put(option, value);
      else if (option in VALUED) awaits = option;
      else put(option, "");
    } else put("", word);
  }
  return found;
}

function split(word: string): [flag: string, value: string | null] {
  const at = word.indexOf("=");
  return at < 0 ? [word, null] : [word.slice(0, at), word.slice(at + 1)];
}

/** The pipes of a file of configuration: one, or several in a list. */
export function fileRegions(text: string): Region[] {
  const root = readJson(text);
  const several = root?.kind === "list";
  const configs = several ? root.items : root ? [root] : [];
  return configs.filter(isPipe).map((config) => ({
    kind: "file",
    // One alone is all of the text: what stands behind it is an error.
    from: several ? config.from : 0,
    to: several ? config.to : text.length,
    name: stringAt(config, "_id"),
    namesDataset: false,
    source: sourceOf(config),
    rules: rulesOf(config, 0),
  }));
}

function isPipe(config: JsonNode): boolean {
  if (config.kind !== "object") return false;
  const type = stringAt(config, "type");
  return type === "pipe" || (type === null && (member(config, "source") ?? member(config, "transform")) !== undefined);
}

function sourceOf(pipe: JsonNode): string | null {
  return stringAt(member(pipe, "source"), "dataset");
}

function rulesOf(pipe: JsonNode, from: number): RulesAt[] {
  const transform = member(pipe, "transform");
  const several = transform?.kind === "list";
  return (several ? transform.items : transform ? [transform] : []).flatMap((one, position) => {
    const rules = member(one, "rules");
    return rules ? [{ from: rules.from + from, to: rules.to + from, transform: several ? position : null }] : [];
  });
}

/** The region that an offset of the editor's text is in; null outside of all. */
export function regionAt(regions: readonly Region[], offset: number): Region | null {
  return regions.find(({ from, to }) => from <= offset && offset <= to) ?? null;
}

/** The rule set that an offset is in, else the only one, else the first. */
export function rulesAt(region: Region, offset: number): RulesAt | null {
  return region.rules.find(({ from, to }) => from <= offset && offset <= to) ?? region.rules[0] ?? null;
}
