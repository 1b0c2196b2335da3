/** Rows by their number: read in pages, kept while there is room, asked for once. */

import type { Entity } from "../entity/format";

export const PAGE = 100;
const KEPT = 60;
const AT_ONCE = 3;

export interface Page {
  rows: Entity[];
  count: number;
  as_of: number | null;
  generation: string;
  /** It is still being found: to be asked for again, as of the same offset. */
  pending?: boolean;
}

export class Pages {
  private readonly kept = new Map<number, Entity[]>();
  private readonly asked = new Set<number>();
  private wanted: [number, number] = [0, 0];
  private closed = false;

  constructor(
    private readonly read: (start: number, as_of?: number | null) => Promise<Page>,
    private readonly changed: (page: Page) => void,
    private readonly failed: (error: Error) => void,
  ) {}

  /** The row, undefined while it is not here. */
  row(number: number): Entity | undefined {
    return this.kept.get(Math.floor(number / PAGE))?.[number % PAGE];
  }

  put(page: number, rows: Entity[]): void {
    this.kept.delete(page);
    this.kept.set(page, rows);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(oldest);
    }
  }

  /** Have the rows from `first` up to `last` read; `changed` is called when some come. */
  want(first: number, last: number): void {
    this.wanted = [first, last];
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page++) {
      if (this.asked.size >= AT_ONCE) return;
      if (!this.kept.has(page) && !this.asked.has(page)) void this.load(page);
    }
  }

  /** Nothing more is read, and what still comes is not told. */
  close(): void {
    this.closed = true;
  }

  private async load(page: number): Promise<void> {
    this.asked.add(page);
    try {
      let found = await this.read(page * PAGE);
      while (found.pending && !this.closed) found = await this.read(page * PAGE, found.as_of);
      if (this.closed) return;
      this.put(page, found.rows);
      this.asked.delete(page);
      // What was wanted last comes first; what was scrolled past is not read.
      this.want(...this.wanted);
      this.changed(found);
    } catch (error) {
      this.asked.delete(page);
      if (!this.closed) this.failed(error as Error);
    }
  }
}
