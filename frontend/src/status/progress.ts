/** How far a run is, and how quick. */

export interface Moment {
  /** Milliseconds of the page's clock. */
  at: number;
  processed: number;
}

/** Entities a second between the first and the last of some moments; null where that says nothing. */
export function rateOf(moments: readonly Moment[]): number | null {
  const first = moments[0];
  const last = moments.at(-1);
  if (!first || !last || last.at - first.at < 300 || last.processed <= first.processed) return null;
  return (last.processed - first.processed) / ((last.at - first.at) / 1000);
}

/** The share that is done where it is known how many wait. */
export function shareOf(processed: number, queue: number | null): number | null {
  if (!queue || processed <= 0) return null;
  return processed / (processed + queue);
}
