/** The editor of rules: what they make of real entities is seen while they are typed. */

import type { EditorView } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";

import { showProblems, useCode } from "./DtlEditorCode";
import { type Against, type Outcome, type Result, Sides, Strip, summary } from "./DtlEditorResult";
import { SavePanel } from "./DtlEditorSave";
import { recordedBox } from "./recorded";
import { hasDebugger, type Host } from "../host";
import { type Detail, besides } from "../dtl/beside";
import { showBeside } from "../dtl/codemirror";
import { fixOf } from "../dtl/fixes";
import type { PlacedProblem } from "../dtl/known";
import { Latest } from "../dtl/latest";
import type { Span } from "../dtl/layout";
import { type FullTrace, Recording } from "../dtl/trace";
import { useT } from "../words";

interface Shown {
  trace: FullTrace;
  spans: Record<string, Span>;
  chosen: number;
  result: Result | null;
  deployed: Result | null;
  sample: Outcome[];
}

interface Live {
  problems: PlacedProblem[];
  shown: Shown | null;
  note: string;
}

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
  const [message, setMessage] = useState("");
  const [detail, setDetail] = useState<Detail>("lines");
  const [against, setAgainst] = useState<Against>(host.get<string>("pipe") ? "deployed" : "source");
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
    if (!good) return;
    const next = (good.chosen + by + good.sample.length) % good.sample.length;
    choose(good.sample[next]!.id);
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
  const changed = good?.sample.filter((one) => one.differs) ?? [];
  const nextDifferent = () => {
    const after = good!.sample.findIndex((one, position) => position > good!.chosen && one.differs);
    choose((after < 0 ? changed[0]! : good!.sample[after]!).id);
  };

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
      <div className="sesam-columns">
        <div className="sesam-text" ref={code.parent} />
        <div className="sesam-result" aria-live="polite">
          {good ? (
            <>
              <div className="sesam-bar">
                <button type="button" className="sesam-button" aria-label={t("entity before")} title={t("Alt+PageUp")} onClick={() => turn(-1)}>
                  ‹
                </button>
                <PickEntity key={good.sample[good.chosen]?.id} sample={good.sample} chosen={good.chosen} choose={choose} />
                <button type="button" className="sesam-button" aria-label={t("next entity")} title={t("Alt+PageDown")} onClick={() => turn(1)}>
                  ›
                </button>
                <span className="sesam-grow" />
                <label>
                  {t("marked against")}{" "}
                  <select value={against} onChange={(event) => setAgainst(event.currentTarget.value as Against)}>
                    {host.get<string>("pipe") && <option value="deployed">{t("deployed")}</option>}
                    <option value="source">{t("source")}</option>
                    <option value="nothing">{t("nothing")}</option>
                  </select>
                </label>
              </div>
              <Strip sample={good.sample} chosen={good.chosen} choose={choose} />
              <div className="sesam-dim">
                {summary(good.sample, t)}
                {changed.length > 0 && (
                  <>
                    {"; "}
                    <button type="button" className="sesam-link" onClick={nextDifferent}>
                      {t(changed.length === 1 ? "{n} differs from deployed" : "{n} differ from deployed", { n: changed.length })}
                    </button>
                  </>
                )}
              </div>
              {good.result && <Sides result={good.result} deployed={good.deployed} against={against} />}
            </>
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

/** The id of the chosen entity; another one may be written, also one outside of the sample. */
function PickEntity({ sample, chosen, choose }: { sample: Outcome[]; chosen: number; choose: (id: string) => void }) {
  const t = useT();
  const [written, setWritten] = useState(sample[chosen]?.id ?? "");
  const list = useRef(`ids-${Math.random().toString(36).slice(2)}`);
  return (
    <>
      <input
        className="sesam-input"
        aria-label={t("id of the entity")}
        list={list.current}
        value={written}
        onInput={(event) => setWritten(event.currentTarget.value)}
        onChange={(event) => setWritten(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
        onKeyDown={(event) => event.key === "Enter" && choose(written)}
        onBlur={() => written !== sample[chosen]?.id && choose(written)}
      />
      <datalist id={list.current}>
        {sample.map((one, position) => (
          <option key={position} value={one.id} />
        ))}
      </datalist>
    </>
  );
}

/** Every problem as a line: a click goes there, a fix is a click away. */
function Problems({ view, problems }: { view: EditorView | null; problems: PlacedProblem[] }) {
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
              {problem.message}
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
