/** The editor of rules: what they make of real entities is seen while they are typed. */

import type { EditorView } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";

import { showProblems, useCode } from "./DtlEditorCode";
import { Problems } from "./DtlEditorProblems";
import { SampleResult, turned } from "./DtlEditorResult";
import { RenamePanel } from "./DtlEditorRename";
import { SavePanel } from "./DtlEditorSave";
import { recordedBox } from "./recorded";
import { hasDebugger, type Host } from "../host";
import { type Detail, besides } from "../dtl/beside";
import { showBeside } from "../dtl/codemirror";
import { Latest } from "../dtl/latest";
import type { Live, Shown } from "../dtl/live";
import { Recording } from "../dtl/trace";
import { useT } from "../words";

/** An answer, and the text that it is about: its places are those of that text. */
type Answered = Live & { text: string };

interface Asked {
  text: string;
  entity: string;
}

/** How long after the last key the text is sent, in milliseconds. */
const PAUSE = 30;

export function DtlEditor({ host }: { host: Host }) {
  const t = useT();
  const [live, setLive] = useState<Answered | null>(null);
  // The last result that was good stays in sight while the text is not.
  const [good, setGood] = useState<Shown | null>(null);
  const [failure, setFailure] = useState("");
  const [isSaving, setSaving] = useState(false);
  /** The place of a name that gets another one. */
  const [renaming, setRenaming] = useState<number | null>(null);
  const [message, setMessage] = useState("");
  const [detail, setDetail] = useState<Detail>("lines");
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const recording = good ? new Recording(good.trace, 0) : null;
  const entity = useRef(host.get<string>("entity"));

  const latest = useRef<Latest<Asked, Live> | null>(null);
  latest.current ??= new Latest<Asked, Live>(
    (asked) => host.request<Live>("live", { ...asked }),
    (answer, { text }) => {
      setFailure("");
      setLive({ ...answer, text });
      if (answer.shown) setGood(answer.shown);
    },
    (error) => setFailure(error.message),
  );

  const text = () => code.view.current?.state.doc.toString() ?? host.get<string>("text");
  const ask = () => latest.current!.put({ text: text(), entity: entity.current });
  const choose = (id: string) => {
    entity.current = id;
    host.set("entity", id);
    ask();
  };
  const turn = (by: number) => {
    if (good) choose(turned(good, by));
  };

  const code = useCode(host, host.get<string>("text"), {
    t,
    recorded: (path) => (recording ? recordedBox(recording, path, 0, Infinity, t) : null),
    changed: () => {
      setMessage("");
      clearTimeout(timer.current);
      timer.current = setTimeout(ask, PAUSE);
    },
    save: () => setSaving(true),
    format: () => void format(),
    rename: () => setRenaming(code.view.current!.state.selection.main.head),
    tell: setMessage,
    turn,
  });

  const format = async () => {
    const view = code.view.current!;
    try {
      replace(view, await host.request<string>("format", { text: text() }));
    } catch (error) {
      setFailure((error as Error).message);
    }
  };
  const debug = async () => {
    const id = good!.sample[good!.chosen]!.id;
    try {
      await host.request("debug", { text: text(), entity_id: id });
    } catch (error) {
      setFailure((error as Error).message);
    }
  };
  const revert = async () => replace(code.view.current!, await host.request<string>("deployed_text"));

  useEffect(() => {
    ask();
    const forget = host.onChange("text", () => {
      const written = host.get<string>("text");
      // Another view, or Python, wrote it; what is typed here comes back the same.
      if (!code.view.current?.hasFocus && written !== text()) replace(code.view.current!, written);
    });
    return () => {
      clearTimeout(timer.current);
      latest.current?.end();
      forget();
    };
  }, []);

  useEffect(() => {
    if (code.view.current && live?.text === text()) showProblems(code.view.current, live.problems, t);
  }, [live]);

  useEffect(() => {
    const view = code.view.current;
    // What was typed meanwhile has other places; its own answer is on its way.
    if (!view || !live?.shown || live.text !== text()) return;
    const spans = new Map(Object.entries(live.shown.spans));
    const lineOf = (offset: number) => view.state.doc.lineAt(Math.min(offset, view.state.doc.length));
    view.dispatch({ effects: showBeside.of(besides(new Recording(live.shown.trace, 0), spans, lineOf, detail, 0, Infinity, t)) });
  }, [live, detail]);

  const isStale = live !== null && live.shown === null;

  return (
    <div className={`sesam-editor${isStale ? " is-stale" : ""}`}>
      <div className="sesam-bar" role="toolbar" aria-label={t("rules")}>
        <strong>{host.get<string>("title")}</strong>
        <span className="sesam-grow" />
        <label>
          {t("values")}{" "}
          <select value={detail} onChange={(event) => setDetail(event.currentTarget.value as Detail)}>
            <option value="lines">{t("by line")}</option>
            <option value="all">{t("everywhere")}</option>
            <option value="off">{t("off")}</option>
          </select>
        </label>
        <button type="button" className="sesam-button" title={t("Shift+Alt+F")} onClick={() => void format()}>
          {t("Format")}
        </button>
        {hasDebugger(host) && good && (
          <button type="button" className="sesam-button" title={t("the chosen entity, step by step through these rules")} disabled={isStale} onClick={() => void debug()}>
            {t("Debug")}
          </button>
        )}
        <button type="button" className="sesam-button" title={t("back to the deployed rules")} onClick={() => void revert()}>
          {t("Revert")}
        </button>
        <button type="button" className="sesam-button is-main" title={t("Ctrl+S")} disabled={isSaving} onClick={() => setSaving(true)}>
          {t("Save…")}
        </button>
      </div>
      {isSaving && (
        <SavePanel
          host={host}
          text={text()}
          pipe={host.get<string>("pipe")}
          close={(saved) => {
            setSaving(false);
            setMessage(saved ? t("Saved.") : "");
            if (saved) ask();
            code.view.current?.focus();
          }}
        />
      )}
      {renaming !== null && (
        <RenamePanel
          host={host}
          view={code.view.current!}
          at={renaming}
          close={(said) => {
            setRenaming(null);
            setMessage(said);
            code.view.current?.focus();
          }}
        />
      )}
      <div className="sesam-columns">
        <div className="sesam-text" ref={code.parent} />
        <div className="sesam-result" aria-live="polite">
          {good ? (
            <SampleResult shown={good} hasDeployed={Boolean(host.get<string>("pipe"))} choose={choose} />
          ) : (
            <div className="sesam-empty">{live ? live.note || t("the values are shown where the rules have no errors") : t("asking the node…")}</div>
          )}
        </div>
      </div>
      <Problems view={code.view.current} problems={live?.problems ?? []} />
      {good && live?.note && <div className="sesam-failure">{live.note}</div>}
      {failure && <div className="sesam-failure">{failure}</div>}
      {message && <div className="sesam-good" role="status">{message}</div>}
    </div>
  );
}

function replace(view: EditorView, text: string): void {
  if (view.state.doc.toString() === text) return;
  const at = Math.min(view.state.selection.main.head, text.length);
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: at } });
}
