/** Completion of the line of a `%%dtl` cell: options, and the names that stand behind them. */

import type { Completion } from "./known";
import { optionsOf, SWITCHES, VALUED } from "./region";

/** The names that a line may say. */
export interface Names {
  pipes: readonly string[];
  datasets: readonly string[];
  /** Rules that cells have named. */
  rules: readonly string[];
}

const DOCS: Record<string, string> = {
  dataset: "a dataset whose entities the rules run on",
  limit: "how many source entities (20)",
  entity: "run on the entity with this _id, or $ids",
  where: "run on entities that fulfil this: 'age > 30', or DTL as JSON",
  from: "$variable: an entity, a list of them, or a frame",
  transform: "which transform of a pipe with several, from 0",
  out: "bind the result to this variable and show nothing",
  name: "keep the rules under this name, for apply in other cells",
  trace: "show each step and every value",
  explain: "what is written, looked up, run again",
  diff: "what would change in this pipe's output",
  save: "save as this pipe, on the node and in the project",
  yes: "save over an existing pipe",
  project: "the project folder to save to (default: the workbench's)",
  expect: "compare with the entities in this file",
  check: "fail when an entity fails (for CI)",
  "side-effects": "run transforms that call services too",
};
const SHORT: Record<string, string> = { "-d": "dataset" };

/** What may stand at a place of the line behind `%%dtl`; `from` and `to` are places in it. */
export function completeLine(line: string, at: number, names: Names): { from: number; to: number; items: Completion[] } {
  const from = at - /\S*$/.exec(line.slice(0, at))![0].length;
  const to = at + /^\S*/.exec(line.slice(at))![0].length;
  const typed = line.slice(from, at);
  const before = /(\S+)\s+$/.exec(line.slice(0, from))?.[1] ?? "";
  const awaits = VALUED[SHORT[before] ?? before.replace(/^--/, "")];
  const named = (kind: string, known: readonly string[]) => known.map((name): Completion => ({ label: name, insert: name, kind, detail: kind, doc: "" }));
  const pick = (items: Completion[]) => ({ from, to, items: items.filter(({ label }) => label.startsWith(typed)) });
  if (before.startsWith("-") && awaits !== undefined) {
    if (awaits === "dataset") return pick(named("dataset", names.datasets));
    if (awaits === "pipe") return pick(named("pipe", names.pipes));
    if (awaits === "rule") return pick(named("rule", names.rules));
    return pick([]);
  }
  const given = optionsOf(line.slice(0, from));
  const options = [...Object.keys(VALUED), ...SWITCHES]
    .filter((option) => !(option in given) || option === "entity")
    .map((option): Completion => ({ label: `--${option}`, insert: `--${option}`, kind: "option", detail: VALUED[option] ?? "", doc: DOCS[option] ?? "" }));
  if (typed.startsWith("-")) return pick(options);
  if (given[""]?.length) return pick(options);
  return pick([...named("pipe", names.pipes), ...named("dataset", names.datasets.filter((name) => !names.pipes.includes(name))), ...options]);
}
