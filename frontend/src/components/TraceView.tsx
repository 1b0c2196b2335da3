/** The face of the debugger: what rules did to recorded entities, to walk about in. */

import { useEffect, useMemo, useState } from "react";

import { type Margin, TraceViewCode, coverageText } from "./TraceViewCode";
import { type EntityRow, TraceViewCosts, TraceViewEntities } from "./TraceViewLists";
import { TraceViewState } from "./TraceViewState";
import { TraceViewSteps, stepFor } from "./TraceViewSteps";
import { type Answer, TraceViewWhy } from "./TraceViewWhy";
import type { Host } from "../host";
import type { Detail } from "../dtl/beside";
import { type Span, layOut } from "../dtl/layout";
import { writtenNames } from "../dtl/names";
import { type FullTrace, Recording, costs, coverage, entitiesAt, rulesPath, seen, ways } from "../dtl/trace";

/** A session as Python hands it out: `Session.data()`. */
export interface SessionData {
  title: string;
  document: FullTrace;
  text: string;
  spans: Record<string, Span>;
  entities: EntityRow[];
  entity: number;
  position: number;
  notes: string[];
}

/** An entity that was tried in place of a recorded one. */
interface Tried {
  session: SessionData;
  of: number;
  text: string;
}

type Tab = "output" | "entities" | "cost";

export function TraceView({ host }: { host: Host }) {
  const [session, setSession] = useState<SessionData | null>(null);
  const [failure, setFailure] = useState("");

  useEffect(() => {
    let isThere = true;
    host
      .request<SessionData>("session")
      .then((found) => isThere && setSession(found))
      .catch((error: Error) => isThere && setFailure(error.message));
    return () => {
      isThere = false;
    };
  }, []);

  if (failure) return <div className="sesam-failure">{failure}</div>;
  if (!session) return <div className="sesam-empty">reading the trace…</div>;
  return <Walk host={host} recorded={session} />;
}

function Walk({ host, recorded }: { host: Host; recorded: SessionData }) {
  const [tried, setTried] = useState<Tried | null>(null);
  const [place, setPlace] = useState({ entity: recorded.entity, position: recorded.position });
  const [breakpoints, setBreakpoints] = useState<ReadonlySet<string>>(new Set(host.get<string[] | undefined>("breakpoints") ?? []));
  const [filter, setFilter] = useState<{ label: string; entities: number[] } | null>(null);
  const [detail, setDetail] = useState<Detail>("lines");
  const [margin, setMargin] = useState<Margin>("coverage");
  const [untilHere, setUntilHere] = useState(false);
  const [tab, setTab] = useState<Tab>("output");
  const [failure, setFailure] = useState("");

  const session = tried?.session ?? recorded;
  const { document } = session;
  const entity = tried ? 0 : place.entity;
  const recording = useMemo(() => new Recording(document, entity), [document, entity]);
  const position = Math.min(place.position, recording.end);
  const rules = useMemo(
    () => (session.text ? { text: session.text, spans: new Map(Object.entries(session.spans)) } : layOut(document.rules, rulesPath(document))),
    [session],
  );
  const figures = useMemo(() => ({ coverage: coverage(document), costs: costs(document), ways: ways(document) }), [document]);
  const isLive = host.get<boolean>("live");

  const go = (next: number) => {
    const position = Math.max(0, Math.min(next, recording.end));
    setPlace((before) => ({ ...before, position }));
    if (!tried) host.set("position", position);
  };
  const choose = (entity: number) => {
    setTried(null);
    setPlace({ entity, position: 0 });
    host.set("entity", entity);
    host.set("position", 0);
  };
  const goPath = (path: string) => {
    const one = seen(recording).get(path);
    if (one) go(recording.events.findIndex((_, number) => recording.path(number) === path));
    else setFailure(`${path} was not evaluated for this entity`);
  };
  const toggle = (path: string) => {
    const next = new Set(breakpoints);
    if (!next.delete(path)) next.add(path);
    setBreakpoints(next);
    host.set("breakpoints", [...next]);
  };
  const pick = (path: string, what: "fired" | "null" | "error") => {
    const one = figures.coverage.get(path);
    const words = { fired: "ran", null: "gave null", error: "failed" };
    const entities = entitiesAt(document, path, one?.fired ? what : "never");
    setFilter({ label: one?.fired ? `${coverageText(one)}. Where it ${words[what]}` : `${one?.name ?? path} never ran. Entities`, entities });
    setTab("entities");
  };

  const whatIf = async (source: Record<string, unknown>) => {
    setFailure("");
    try {
      const of = place.entity;
      const made = await host.request<SessionData>("what_if", { entity: of, source });
      setTried({ session: made, of, text: changedText(recordedSource(recorded, of), source) });
      setPlace((before) => ({ ...before, position: 0 }));
    } catch (error) {
      setFailure((error as Error).message);
    }
  };
  const ask = (what: "why" | "why_not", entity: number, result: number, path: string) =>
    host.request<Answer>(what, { entity, result, path, tried: tried !== null });

  const onKey = (event: { key: string; shiftKey: boolean; target: EventTarget | null; ctrlKey: boolean; metaKey: boolean; altKey: boolean; preventDefault(): void; stopPropagation(): void }) => {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target instanceof HTMLElement && target.matches("input:not([type=range]), textarea, select")) return;
    if (event.key === "F9" || event.key === "p") {
      event.preventDefault();
      event.stopPropagation();
      if (position < recording.end) toggle(recording.path(position));
      return;
    }
    const next = stepFor(event.key, event.shiftKey, { recording, position, breakpoints });
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    go(next);
  };

  const results = recording.results as Record<string, unknown>[];
  const before = tried ? (new Recording(recorded.document, tried.of).results as Record<string, unknown>[]) : null;
  const names = useMemo(() => writtenNames(document), [document]);
  return (
    <div className="sesam-trace" tabIndex={0} onKeyDown={onKey} aria-label={`trace of ${session.title}`} role="group">
      <div className="sesam-bar" role="toolbar" aria-label="trace">
        <strong>{recorded.title}</strong>
        <label>
          entity{" "}
          <select value={place.entity} onChange={(event) => choose(Number(event.currentTarget.value))}>
            {recorded.entities.map((row, number) => (
              <option key={number} value={number}>
                {String(row.id)}
                {row.outcome === "ok" ? "" : ` (${row.outcome})`}
              </option>
            ))}
          </select>
        </label>
        <span className="sesam-grow" />
        <label title="values only of what has happened up to here">
          <input type="checkbox" checked={untilHere} onChange={(event) => setUntilHere(event.currentTarget.checked)} /> up to here
        </label>
        <label>
          values{" "}
          <select value={detail} onChange={(event) => setDetail(event.currentTarget.value as Detail)}>
            <option value="lines">by line</option>
            <option value="all">everywhere</option>
            <option value="off">off</option>
          </select>
        </label>
        <label>
          margin{" "}
          <select value={margin} onChange={(event) => setMargin(event.currentTarget.value as Margin)}>
            <option value="coverage">coverage</option>
            <option value="cost">cost</option>
            <option value="off">off</option>
          </select>
        </label>
      </div>
      {recorded.notes.map((note) => (
        <div key={note} className="sesam-dim sesam-note">
          {note}
        </div>
      ))}
      {tried && (
        <div className="sesam-tried" role="status">
          What if {tried.text}? Nothing is stored.{" "}
          <button type="button" className="sesam-button" onClick={() => choose(tried.of)}>
            Back to what was recorded
          </button>
        </div>
      )}
      {failure && <div className="sesam-failure">{failure}</div>}
      <TraceViewSteps recording={recording} position={position} breakpoints={breakpoints} go={go} />
      <div className="sesam-columns">
        <TraceViewCode
          rules={rules}
          recording={recording}
          position={position}
          untilHere={untilHere}
          detail={detail}
          margin={margin}
          coverage={figures.coverage}
          total={document.entities.length}
          costs={figures.costs}
          breakpoints={breakpoints}
          toggle={toggle}
          pick={pick}
          go={goPath}
        />
        <div className="sesam-result">
          <TraceViewState key={`${place.entity}`} recording={recording} position={position} whatIf={isLive ? (source) => void whatIf(source) : undefined} />
        </div>
      </div>
      <div className="sesam-tabs" role="tablist" aria-label="more">
        {(["output", "entities", "cost"] as const).map((name) => (
          <button key={name} type="button" role="tab" aria-selected={tab === name} onClick={() => setTab(name)}>
            {name === "entities" ? `entities (${recorded.entities.length})` : name}
          </button>
        ))}
      </div>
      <div className="sesam-tab" role="tabpanel">
        {tab === "output" && (
          <TraceViewWhy
            host={host}
            entity={entity}
            results={results}
            error={recording.entity.error}
            against={before}
            names={names}
            go={go}
            goPath={goPath}
            ask={ask}
          />
        )}
        {tab === "entities" && (
          <TraceViewEntities rows={session.entities} ways={figures.ways} filter={filter} chosen={entity} choose={tried ? () => undefined : choose} clear={() => setFilter(null)} />
        )}
        {tab === "cost" && <TraceViewCosts document={document} costs={figures.costs} goPath={goPath} />}
      </div>
    </div>
  );
}

function recordedSource(session: SessionData, entity: number): Record<string, unknown> {
  return session.document.values[session.document.entities[entity]!.source] as Record<string, unknown>;
}

/** What is different in a source that is tried, in words. */
function changedText(old: Record<string, unknown>, tried: Record<string, unknown>): string {
  return Object.entries(tried)
    .filter(([name, value]) => JSON.stringify(old[name]) !== JSON.stringify(value))
    .map(([name, value]) => `_S.${name} were ${JSON.stringify(value)}`)
    .join(" and ");
}
