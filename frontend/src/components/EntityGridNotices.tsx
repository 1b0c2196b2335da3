/** What a grid has to say: an error, something new, a dataset that is gone. */

import { count } from "../entity/format";
import type { Grid } from "../grid/useGrid";

export function Notices({ grid, problem, clear }: { grid: Grid; problem: string; clear(): void }) {
  if (grid.gone) {
    return (
      <div className="sesam-notice sesam-notice-bad" role="alert">
        <span>The dataset is gone: it was deleted, or its pipe was reset.</span>
        <button onClick={grid.refresh}>Try again</button>
      </div>
    );
  }
  const error = problem || grid.error;
  return (
    <>
      {error !== "" && (
        <div className="sesam-notice sesam-notice-bad" role="alert">
          <pre className="sesam-code">{error}</pre>
          <button onClick={clear}>Clear filters</button>
        </div>
      )}
      {grid.fresh !== 0 && (
        <div className="sesam-notice" role="status">
          <span>{grid.fresh > 0 ? `${count(grid.fresh)} new or changed since this was read` : "The dataset was made anew"}</span>
          <button onClick={grid.refresh}>Show</button>
        </div>
      )}
    </>
  );
}
