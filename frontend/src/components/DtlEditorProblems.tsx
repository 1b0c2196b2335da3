/** The problems of rules as a list. */

import type { EditorView } from "@codemirror/view";

import { fixOf } from "../dtl/fixes";
import { type PlacedProblem, withoutPlace } from "../dtl/known";
import { useT } from "../words";

/** Every problem as a line: a click goes there, a fix is a click away. */
export function Problems({ view, problems }: { view: EditorView | null; problems: PlacedProblem[] }) {
  const t = useT();
  if (problems.length === 0 || view === null) return null;
  const text = view.state.doc.toString();
  return (
    <ul className="sesam-problems" aria-label={t("problems")}>
      {problems.slice(0, 12).map((problem, number) => {
        const fix = fixOf(text, problem, t);
        return (
          <li key={number} className={`is-${problem.level ?? "error"}`}>
            <button
              type="button"
              className="sesam-link"
              onClick={() => {
                view.dispatch({ selection: { anchor: Math.min(problem.from, text.length) }, scrollIntoView: true });
                view.focus();
              }}
            >
              {t("line {n}", { n: String(problem.line ?? 1) })}
            </button>
            <span>
              {withoutPlace(problem.message)}
              {problem.hint ? `; ${problem.hint}` : ""}
            </span>
            {fix && (
              <button
                type="button"
                className="sesam-button"
                onClick={() => view.dispatch({ changes: { from: fix.from, to: fix.to, insert: fix.insert } })}
              >
                {fix.label}
              </button>
            )}
          </li>
        );
      })}
      {problems.length > 12 && <li>{t("and {n} more", { n: problems.length - 12 })}</li>}
    </ul>
  );
}
