/** The rows of the panel: which things are shown, in which order, what each says of itself. */

import { isBad, type PipeState, wordOf } from "./states";
import { queueOf, type Things } from "./things";
import { plain, type Translate } from "../words";

export type Section = "pipes" | "datasets" | "systems";

export interface Row {
  kind: "pipe" | "dataset" | "system";
  name: string;
  /** What it says beside its name: a queue, a count, a type. */
  note: string;
  state: PipeState | "";
  /** All that is known, for who points at it. */
  title: string;
}

const NATURAL = new Intl.Collator("en", { numeric: true });
const FIGURE = new Intl.NumberFormat("en");

export function rowsOf(things: Things, section: Section, search: string, onlyBad: boolean, t: Translate = plain): Row[] {
  const wanted = search.trim().toLowerCase();
  const all = section === "pipes" ? pipes(things, t) : section === "datasets" ? datasets(things, t) : systems(things);
  return all
    .filter((row) => row.name.toLowerCase().includes(wanted) && (!onlyBad || (row.state !== "" && isBad(row.state))))
    .sort((one, other) => NATURAL.compare(one.name, other.name));
}

function pipes(things: Things, t: Translate): Row[] {
  return Object.entries(things.pipes).map(([name, { runtime }]) => {
    const state = runtime.status;
    const queue = queueOf(runtime);
    const waiting = queue ? t("{n} wait", { n: queue }) : "";
    const note = state === "running" ? t("{n} done", { n: runtime.progress.processed }) : waiting;
    const facts = [
      `${name}: ${wordOf(state, t)}`,
      waiting,
      runtime.retries > 0 ? t("{n} to retry", { n: runtime.retries }) : "",
      runtime["waiting-for"].length > 0 ? t("waits for {names}", { names: runtime["waiting-for"].join(", ") }) : "",
      runtime["disabled-comment"] ?? "",
      runtime["last-run"] ? t("last run {time}", { time: clock(runtime["last-run"]) }) : "",
      runtime["next-run"] ? t("next run {time}", { time: clock(runtime["next-run"]) }) : "",
      runtime.message,
    ];
    return { kind: "pipe", name, note, state, title: facts.filter((fact) => fact !== "").join("\n") };
  });
}

function datasets(things: Things, t: Translate): Row[] {
  return Object.entries(things.datasets).map(([name, { entities, deleted, populated }]) => {
    const facts = [name, t(entities === 1 ? "{n} entity" : "{n} entities", { n: entities }), deleted > 0 ? t("{n} deleted", { n: deleted }) : "", populated ? "" : t("not populated yet")];
    return { kind: "dataset", name, note: FIGURE.format(entities), state: "", title: facts.filter((fact) => fact !== "").join("\n") };
  });
}

function systems(things: Things): Row[] {
  return Object.entries(things.systems).map(([name, { type, "is-valid-config": valid }]) => ({
    kind: "system",
    name,
    note: type.replace(/^system:/, ""),
    state: valid ? "" : "invalid",
    title: `${name}\n${type}`,
  }));
}

function clock(time: string): string {
  return new Date(time).toLocaleTimeString();
}
