/**
 * A scroll range for more rows than a browser can lay out: elements end near 33 million pixels
 * (in some browsers near 17), two million rows are higher than that.
 *
 * What is scrolled is at most `CAP` high. Small movements (wheel, arrows, touch) move the rows pixel by
 * pixel; a jump of the scroll bar moves to the same share of all rows. The two drift apart a little,
 * and `settle` says where the bar should stand once it is at rest.
 */
export const CAP = 10_000_000;

export class ScrollMap {
  /** Which pixel of all rows is the first that is seen. */
  top = 0;
  private bar = 0;

  constructor(
    readonly rows: number,
    readonly rowHeight: number,
    readonly viewHeight: number,
    private readonly cap = CAP,
  ) {}

  /** How high the rows are together. */
  get fullHeight(): number {
    return this.rows * this.rowHeight;
  }

  /** How high the element is that is scrolled. */
  get height(): number {
    return Math.min(this.fullHeight, this.cap);
  }

  private get reach(): number {
    return Math.max(0, this.fullHeight - this.viewHeight);
  }

  private get barReach(): number {
    return Math.max(0, this.height - this.viewHeight);
  }

  /** Begin somewhere else than at the first row. */
  start(top: number): void {
    this.top = this.clamp(top);
    this.settle();
  }

  /** Follow the scroll bar. */
  scrolled(bar: number): void {
    const moved = bar - this.bar;
    this.bar = bar;
    const near = Math.abs(moved) < 3 * this.viewHeight && bar > 0 && bar < this.barReach;
    this.top = this.clamp(near && this.scaled ? this.top + moved : this.share(bar));
  }

  private get scaled(): boolean {
    return this.reach > this.barReach;
  }

  /** Bring a row into view by as little as needed; gives where the bar is to stand. */
  reveal(row: number): number {
    const first = row * this.rowHeight;
    const last = first + this.rowHeight - this.viewHeight;
    this.top = this.clamp(Math.min(first, Math.max(last, this.top)));
    return this.settle();
  }

  /** Where the bar should stand for the rows that are seen. */
  settle(): number {
    this.bar = this.reach === 0 ? 0 : Math.round((this.top / this.reach) * this.barReach);
    // At the very ends the bar stands for the very first and last row only.
    if (this.scaled) {
      if (this.top > 0) this.bar = Math.max(1, this.bar);
      if (this.top < this.reach) this.bar = Math.min(this.barReach - 1, this.bar);
    }
    return this.bar;
  }

  /** The rows that are seen, `more` beyond each end, and where the first of them lies. */
  window(more = 6): { first: number; last: number; y: number } {
    const first = Math.max(0, Math.floor(this.top / this.rowHeight) - more);
    const last = Math.min(this.rows, Math.ceil((this.top + this.viewHeight) / this.rowHeight) + more);
    return { first, last, y: this.bar + first * this.rowHeight - this.top };
  }

  /** How many rows fit into the view. */
  get page(): number {
    return Math.max(1, Math.floor(this.viewHeight / this.rowHeight) - 1);
  }

  private share(bar: number): number {
    return this.barReach === 0 ? 0 : (bar / this.barReach) * this.reach;
  }

  private clamp(top: number): number {
    return Math.min(this.reach, Math.max(0, top));
  }
}
