/** What a node has, as its events tell it: pipes, datasets and systems by id, kept up to date. */

import { isBad, type PipeState } from "./states";

export interface Runtime {
  status: PipeState;
  "is-running": boolean;
  "is-disabled": boolean;
  "is-valid-config": boolean;
  "circuit-breaker-tripped": boolean;
  "disabled-comment": string | null;
  success: boolean | null;
  "last-run": string | null;
  "next-run": string | null;
  progress: { processed: number };
  queues: { source: number | null | Record<string, number | null>; dependencies: Record<string, number | null> };
  retries: number;
  "waiting-for": string[];
  "supported-operations": string[];
  message: string;
}

export interface PipeThing {
  source: string;
  inputs: string[];
  output: string | null;
  systems: string[];
  runtime: Runtime;
}

export interface DatasetThing {
  entities: number;
  deleted: number;
  "last-offset": number;
  populated: boolean;
}

export interface SystemThing {
  type: string;
  "is-valid-config": boolean;
}

export interface Things {
  pipes: Record<string, PipeThing>;
  datasets: Record<string, DatasetThing>;
  systems: Record<string, SystemThing>;
}

export type Kind = keyof Things;
export const NOTHING: Things = { pipes: {}, datasets: {}, systems: {} };

type Changes = { [K in Kind]?: Record<string, Things[K][string] | null> };

/** The things after an event. What has not changed is the same object as before. */
export function after(before: Things, event: string, data: Changes): Things {
  if (event === "snapshot") return { ...NOTHING, ...(data as Things) };
  if (event !== "changes") return before;
  return {
    pipes: merged(before.pipes, data.pipes),
    datasets: merged(before.datasets, data.datasets),
    systems: merged(before.systems, data.systems),
  };
}

function merged<Thing>(before: Record<string, Thing>, changes: Record<string, Thing | null> | undefined): Record<string, Thing> {
  if (changes === undefined) return before;
  const found: Record<string, Thing> = {};
  for (const [name, thing] of Object.entries({ ...before, ...changes })) {
    if (thing !== null) found[name] = thing;
  }
  return found;
}

/** How many entities wait in what a pipe reads; null where that is not known. */
export function queueOf(runtime: Runtime): number | null {
  const { source } = runtime.queues;
  if (source === null || typeof source === "number") return source;
  return Object.values(source).reduce<number>((sum, one) => sum + (one ?? 0), 0);
}

/** The pipes that are bad now and were not before: what is news to somebody. */
export function newlyBad(before: Things, now: Things): string[] {
  return Object.entries(now.pipes)
    .filter(([name, pipe]) => {
      if (pipe === before.pipes[name] || !isBad(pipe.runtime.status)) return false;
      const earlier = before.pipes[name];
      return earlier === undefined || !isBad(earlier.runtime.status) || earlier.runtime["last-run"] !== pipe.runtime["last-run"];
    })
    .map(([name]) => name);
}
