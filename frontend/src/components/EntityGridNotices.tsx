/** What a grid has to say: an error, something new, a dataset that is gone. */

import type { Grid } from "../grid/useGrid";
import { useT } from "../words";

export function Notices({ grid, problem, clear }: { grid: Grid; problem: string; clear(): void }) {
  const t = useT();
  if (grid.gone) {
    return (
      <div className="sesam-notice sesam-notice-bad" role="alert">
        <span>{t("The dataset is gone: it was deleted, or its pipe was reset.")}</span>
        <button onClick={grid.refresh}>{t("Try again")}</button>
      </div>
    );
  }
  const error = problem || grid.error;
  return (
    <>
      {error !== "" && (
        <div className="sesam-notice sesam-notice-bad" role="alert">
          <pre className="sesam-code">{error}</pre>
          <button onClick={clear}>{t("Clear filters")}</button>
        </div>
      )}
      {grid.fresh !== 0 && (
        <div className="sesam-notice" role="status">
          <span>{grid.fresh > 0 ? t("{n} new or changed since this was read", { n: grid.fresh }) : t("The dataset was made anew")}</span>
          <button onClick={grid.refresh}>{t("Show")}</button>
        </div>
      )}
    </>
  );
}
