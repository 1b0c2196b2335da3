/** What the node says of rules while they are written: `POST /api/dtl/live`, handed on by the host. */

import { type PlacedProblem, withoutPlace } from "./known";
import type { Span } from "./layout";
import type { FullTrace } from "./trace";

/** What became of one entity. */
export interface Result {
  source: Record<string, unknown>;
  emitted: Record<string, unknown>[];
  filtered: boolean;
  error: { message: string } | null;
}

/** What became of one entity of the sample, in a word, and whether that is news. */
export interface Outcome {
  id: string;
  outcome: "emitted" | "filtered" | "failed" | "nothing";
  differs?: boolean;
}

/** What the rules make of the sample; of the chosen entity all that was recorded. */
export interface Shown {
  trace: FullTrace;
  spans: Record<string, Span>;
  chosen: number;
  result: Result | null;
  deployed: Result | null;
  sample: Outcome[];
}

/** All about a text; `shown` is null where the rules do not run, `note` says why if no problem does. */
export interface Live {
  problems: PlacedProblem[];
  shown: Shown | null;
  note: string;
}

/** An answer with its places in a text that the rules stand in: `back` leads there from their own. */
export function moved(live: Live, back: (offset: number) => number, lineAt: (offset: number) => number): Live {
  const problems = live.problems.map((problem) => {
    const [from, to] = [back(problem.from), back(problem.to)];
    return { ...problem, message: withoutPlace(problem.message), from, to, line: lineAt(from) };
  });
  if (live.shown === null) return { ...live, problems };
  const spans = Object.entries(live.shown.spans).map(([path, [from, to]]) => [path, [back(from), back(to)] as Span] as const);
  return { ...live, problems, shown: { ...live.shown, spans: Object.fromEntries(spans) } };
}
