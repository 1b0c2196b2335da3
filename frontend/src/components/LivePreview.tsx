/** What the rules that are being written make of real entities, beside the editor that they are written in. */

import type { EditorView } from "@codemirror/view";

import { Problems } from "./DtlEditorProblems";
import { SampleResult } from "./DtlEditorResult";
import type { Detail } from "../dtl/beside";
import type { Live, Shown } from "../dtl/live";
import { useT } from "../words";

export interface LivePreviewProps {
  /** The editor that is followed; null where none with rules has had the focus yet. */
  view: EditorView | null;
  title: string;
  live: Live | null;
  /** The last result that was good. */
  good: Shown | null;
  failure: string;
  /** Does a node run? */
  isThere: boolean;
  hasDeployed: boolean;
  /** What only a kernel knows: null here. */
  unknown: readonly string[];
  detail: Detail;
  setDetail(detail: Detail): void;
  choose(id: string): void;
  again(): void;
  debug(): void;
}

export function LivePreview(props: LivePreviewProps) {
  const t = useT();
  const { view, title, live, good, failure, isThere, unknown } = props;
  if (view === null) {
    return <div className="sesam-empty">{t("Put the cursor into a %%dtl cell, or into the rules of a *.conf.json file: what they make is shown here while you type.")}</div>;
  }
  const isStale = live !== null && live.shown === null;
  return (
    <div className={`sesam-live${isStale ? " is-stale" : ""}`}>
      <div className="sesam-bar" role="toolbar" aria-label={t("preview")}>
        <strong className="sesam-title" title={title}>{title}</strong>
        <span className="sesam-grow" />
        <label>
          {t("values")}{" "}
          <select value={props.detail} onChange={(event) => props.setDetail(event.currentTarget.value as Detail)}>
            <option value="lines">{t("by line")}</option>
            <option value="all">{t("everywhere")}</option>
            <option value="off">{t("off")}</option>
          </select>
        </label>
        <button type="button" className="sesam-button" aria-label={t("take the sample anew")} title={t("take the sample anew")} onClick={props.again}>
          ↻
        </button>
        <button type="button" className="sesam-button" title={t("the chosen entity, step by step through these rules")} disabled={!good || isStale} onClick={props.debug}>
          {t("Debug")}
        </button>
      </div>
      {unknown.length > 0 && (
        <div className="sesam-dim sesam-note" role="note">
          {t("The value of {names} is not known before the cell runs: null here.", { names: unknown.map((name) => `{{${name}}}`).join(", ") })}
        </div>
      )}
      {failure && <div className="sesam-failure">{failure}</div>}
      <Problems view={view} problems={live?.problems ?? []} />
      {live?.note && <div className="sesam-failure">{live.note}</div>}
      {isStale && good && <div className="sesam-dim sesam-note">{t("As it was before: the text does not run as it is.")}</div>}
      <div className="sesam-live-result" aria-live="polite">
        {good ? (
          <SampleResult shown={good} hasDeployed={props.hasDeployed} choose={props.choose} />
        ) : (
          !failure && <div className="sesam-empty">{!isThere ? t("no node runs") : live ? t("the values are shown where the rules have no errors") : t("asking the node…")}</div>
        )}
      </div>
    </div>
  );
}
