/** What the overview and the lists tell, out of the things of a node: pure. */

import { isBad, type PipeState } from "../live/states";
import { queueOf, type Things } from "../live/things";

export interface PipeFacts {
  name: string;
  state: PipeState;
  queue: number | null;
  processed: number;
  lastRun: string | null;
  nextRun: string | null;
  message: string;
  reads: string[];
  writes: string | null;
  canRun: boolean;
}

export function pipesOf(things: Things): PipeFacts[] {
  return Object.entries(things.pipes).map(([name, { runtime, inputs, systems, output }]) => ({
    name,
    state: runtime.status,
    queue: queueOf(runtime),
    processed: runtime.progress.processed,
    lastRun: runtime["last-run"],
    nextRun: runtime["next-run"],
    message: runtime.message,
    reads: [...inputs, ...systems],
    writes: output,
    canRun: runtime["supported-operations"].includes("start"),
  }));
}

export interface Summary {
  states: Map<PipeState, number>;
  waiting: number;
  entities: number;
  deleted: number;
  bad: PipeFacts[];
  running: PipeFacts[];
  queues: PipeFacts[];
}

const LONGEST = 8;

export function summaryOf(things: Things): Summary {
  const pipes = pipesOf(things);
  const states = new Map<PipeState, number>();
  for (const { state } of pipes) states.set(state, (states.get(state) ?? 0) + 1);
  const datasets = Object.values(things.datasets);
  const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);
  return {
    states,
    waiting: sum(pipes.map(({ queue }) => queue ?? 0)),
    entities: sum(datasets.map(({ entities }) => entities)),
    deleted: sum(datasets.map(({ deleted }) => deleted)),
    bad: byName(pipes.filter(({ state }) => isBad(state))),
    running: byName(pipes.filter(({ state }) => state === "running")),
    queues: pipes
      .filter(({ queue }) => (queue ?? 0) > 0)
      .sort((one, other) => other.queue! - one.queue!)
      .slice(0, LONGEST),
  };
}

const NATURAL = new Intl.Collator("en", { numeric: true });

function byName<Named extends { name: string }>(found: Named[]): Named[] {
  return found.sort((one, other) => NATURAL.compare(one.name, other.name));
}

export type Cell = string | number | null;

/** In the order of a column; what has no value goes last whichever way. */
export function sorted<Row>(rows: readonly Row[], value: (row: Row) => Cell, down: boolean): Row[] {
  const sign = down ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : NATURAL.compare(String(a), String(b)));
  });
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** A size for people: 1_234_567 is "1.2 MB". */
export function sizeText(bytes: number): string {
  const step = Math.min(UNITS.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const size = bytes / 1000 ** step;
  return `${size.toLocaleString("en", { maximumFractionDigits: size < 10 && step > 0 ? 1 : 0 })} ${UNITS[step]}`;
}

/** The value of a gauge in Prometheus' text; null where it is not there. */
export function gaugeOf(text: string, name: string): number | null {
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(text);
  return found === null ? null : Number(found[1]);
}

/** A time of today by the clock, another with its day. */
export function timeText(time: string, now: Date): string {
  const then = new Date(time);
  if (Number.isNaN(then.getTime())) return time;
  const clock = then.toLocaleTimeString("en-GB");
  return then.toDateString() === now.toDateString() ? clock : `${then.toLocaleDateString("sv-SE")} ${clock.slice(0, 5)}`;
}
