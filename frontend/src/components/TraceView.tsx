/** The face of the debugger: what rules did to recorded entities, to walk about in. */

import { useEffect, useMemo, useState } from "react";

import { walkByArrows } from "./arrows";
import { type Margin, TraceViewCode, coverageText } from "./TraceViewCode";
import { FindEntities, Fixes, type Hits, Reruns, download } from "./TraceViewFind";
import { type EntityRow, outcomeWord, TraceViewCosts, TraceViewEntities } from "./TraceViewLists";
import { TraceViewState, type WhatIf } from "./TraceViewState";
import { TraceViewSteps, stepFor } from "./TraceViewSteps";
import { type Answer, TraceViewWhy } from "./TraceViewWhy";
import type { Host } from "../host";
import type { Detail } from "../dtl/beside";
import { type Span, layOut } from "../dtl/layout";
import { writtenNames } from "../dtl/names";
import { costs, coverage, entitiesAt } from "../dtl/figures";
import { type CountersTrace, type Entity, type FullTrace, Recording, rulesPath, seen } from "../dtl/trace";
import { ways } from "../dtl/ways";
import { useT } from "../words";

/** A session as Python hands it out. */
export interface SessionData {
  /** Its number, by which it is asked about. */
  world: number;
  title: string;
  /** What it is beside what was recorded first; "" for that. */
  label: string;
  document: FullTrace;
  text: string;
  spans: Record<string, Span>;
  entities: EntityRow[];
  entity: number;
  position: number;
  notes: string[];
  /** What came out of each entity in the session that this one was made of. */
  before: Record<string, Entity[]> | null;
}

type Tab = "output" | "entities" | "cost" | "fixes";

export function TraceView({ host }: { host: Host }) {
  const t = useT();
  const [worlds, setWorlds] = useState<SessionData[]>([]);
  const [failure, setFailure] = useState("");

  useEffect(() => {
    let isThere = true;
    host
      .request<SessionData>("shown", { world: 0 })
      .then((found) => isThere && setWorlds([found]))
      .catch((error: Error) => isThere && setFailure(error.message));
    return () => {
      isThere = false;
    };
  }, []);

  const shown = worlds.at(-1);
  if (failure) return <div className="sesam-failure">{failure}</div>;
  if (!shown) return <div className="sesam-empty">{t("reading the trace…")}</div>;
  return (
    <Walk
      key={shown.world}
      host={host}
      session={shown}
      enter={(session) => setWorlds([...worlds, session])}
      leave={worlds.length > 1 ? () => setWorlds(worlds.slice(0, -1)) : undefined}
    />
  );
}

interface WalkProps {
  host: Host;
  session: SessionData;
  enter: (session: SessionData) => void;
  leave: (() => void) | undefined;
}

function Walk({ host, session, enter, leave }: WalkProps) {
  const t = useT();
  const [place, setPlace] = useState({ entity: session.entity, position: session.position });
  const [breakpoints, setBreakpoints] = useState<ReadonlySet<string>>(new Set(host.get<string[] | undefined>("breakpoints") ?? []));
  const [filter, setFilter] = useState<{ label: string; entities: number[] } | null>(null);
  const [detail, setDetail] = useState<Detail>("lines");
  const [margin, setMargin] = useState<Margin>("coverage");
  const [all, setAll] = useState<{ document: CountersTrace; told: string } | null>(null);
  const [untilHere, setUntilHere] = useState(false);
  const [tab, setTab] = useState<Tab>("output");
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState("");

  const { document, world } = session;
  const { entity } = place;
  const recording = useMemo(() => new Recording(document, entity), [document, entity]);
  const position = Math.min(place.position, recording.end);
  const rules = useMemo(
    () => (session.text ? { text: session.text, spans: new Map(Object.entries(session.spans)) } : layOut(document.rules, rulesPath(document))),
    [session],
  );
  const figures = useMemo(() => ({ coverage: coverage(document), costs: costs(document), ways: ways(document) }), [document]);
  const counted = useMemo(() => (all ? coverage(all.document) : figures.coverage), [all, figures]);
  const names = useMemo(() => writtenNames(document), [document]);
  const isLive = host.get<boolean>("live");

  useEffect(() => {
    host.set("world", world);
    host.set("entity", place.entity);
    host.set("position", place.position);
  }, [world, place]);

  const go = (next: number) => setPlace({ entity, position: Math.max(0, Math.min(next, recording.end)) });
  const choose = (next: number) => setPlace({ entity: next, position: 0 });
  const goPath = (path: string) => {
    const one = seen(recording).get(path);
    setFailure(one ? "" : t("{path} was not evaluated for this entity", { path }));
    if (one) go(recording.events.findIndex((_, number) => recording.path(number) === path));
  };
  const toggle = (path: string) => {
    const next = new Set(breakpoints);
    if (!next.delete(path)) next.add(path);
    setBreakpoints(next);
    host.set("breakpoints", [...next]);
  };
  /** Asks for something that takes a moment; what goes wrong is told. */
  const asking = async (what: string, act: () => Promise<void>) => {
    setFailure("");
    setBusy(what);
    try {
      await act();
    } catch (error) {
      setFailure((error as Error).message);
    }
    setBusy("");
  };
  const pick = (path: string, what: "fired" | "null" | "error") => {
    const one = counted.get(path);
    if (all && one?.fired) {
      void asking(t("looking for entities…"), async () => {
        const found = await host.request<Hits>("find_at", { world, path, what });
        if (found.world) enter(found.world);
      });
      return;
    }
    const where = { fired: t("Where it ran"), null: t("Where it gave null"), error: t("Where it failed") };
    const entities = entitiesAt(document, path, one?.fired ? what : "never");
    setFilter({ label: one?.fired ? `${coverageText(one, t)}. ${where[what]}` : t("{name} never ran. Entities", { name: one?.name ?? path }), entities });
    setTab("entities");
  };
  const whatIf: WhatIf = (changes, stored) =>
    void asking(t("trying it…"), async () => {
      const args = stored ? { world, entity, dataset: stored.dataset, stored: stored.id, changes } : { world, entity, changes };
      enter(await host.request<SessionData>(stored ? "what_if_stored" : "what_if", args));
    });
  const ask = (what: "why" | "why_not", of: number, result: number, path: string) =>
    host.request<Answer>(what, { world, entity: of, result, path });
  const chooseMargin = (next: string) => {
    if (next !== "all") {
      setAll(null);
      setMargin(next as Margin);
      return;
    }
    setMargin("coverage");
    void asking(t("counting all entities…"), async () => setAll(await host.request("counted", { world })));
  };

  const onKey = (event: KeyPress) => {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target instanceof HTMLElement && target.matches("input:not([type=range]), textarea, select")) return;
    const isBreakpoint = event.key === "F9" || event.key === "p";
    const next = stepFor(event.key, event.shiftKey, { recording, position, breakpoints });
    if (next === null && !isBreakpoint) return;
    event.preventDefault();
    event.stopPropagation();
    if (next !== null) go(next);
    else if (position < recording.end) toggle(recording.path(position));
  };

  const id = String(session.entities[entity]?.id);
  const words: Record<Tab, string> = {
    output: t("output"),
    entities: t("entities ({n})", { n: session.entities.length }),
    cost: t("cost"),
    fixes: t("fixes"),
  };
  const tabs: Tab[] = isLive ? ["output", "entities", "cost", "fixes"] : ["output", "entities", "cost"];
  return (
    <div className="sesam-trace" tabIndex={0} onKeyDown={onKey} aria-label={t("trace of {title}", { title: session.title })} role="group">
      <div className="sesam-bar" role="toolbar" aria-label={t("trace")}>
        <strong>{session.title}</strong>
        <label>
          {t("entity")}{" "}
          <select value={entity} onChange={(event) => choose(Number(event.currentTarget.value))}>
            {session.entities.map((row, number) => (
              <option key={number} value={number}>
                {String(row.id)}
                {row.outcome === "ok" ? "" : ` (${outcomeWord(row.outcome, t)})`}
              </option>
            ))}
          </select>
        </label>
        <span className="sesam-grow" />
        <label title={t("values only of what has happened up to here")}>
          <input type="checkbox" checked={untilHere} onChange={(event) => setUntilHere(event.currentTarget.checked)} /> {t("up to here")}
        </label>
        <label>
          {t("values")}{" "}
          <select value={detail} onChange={(event) => setDetail(event.currentTarget.value as Detail)}>
            <option value="lines">{t("by line")}</option>
            <option value="all">{t("everywhere")}</option>
            <option value="off">{t("off")}</option>
          </select>
        </label>
        <label>
          {t("margin")}{" "}
          <select value={all ? "all" : margin} onChange={(event) => chooseMargin(event.currentTarget.value)}>
            <option value="coverage">{t("coverage")}</option>
            {isLive && <option value="all">{t("coverage of all")}</option>}
            <option value="cost">{t("cost")}</option>
            <option value="off">{t("off")}</option>
          </select>
        </label>
      </div>
      {session.notes.map((note) => (
        <div key={note} className="sesam-dim sesam-note">
          {note}
        </div>
      ))}
      {leave && (
        <div className="sesam-tried" role="status">
          <span>
            {session.label} {session.before && t("Nothing is stored.")}
          </span>
          <button type="button" className="sesam-button" onClick={leave}>
            {t("Back")}
          </button>
        </div>
      )}
      {all && <div className="sesam-dim sesam-note">{all.told}</div>}
      {busy && (
        <div className="sesam-dim sesam-note" role="status">
          {busy}
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
          coverage={counted}
          total={all ? all.document.entities : document.entities.length}
          costs={figures.costs}
          breakpoints={breakpoints}
          toggle={toggle}
          pick={pick}
          go={goPath}
        />
        <div className="sesam-result">
          <TraceViewState key={entity} recording={recording} position={position} whatIf={isLive ? whatIf : undefined} />
        </div>
      </div>
      <div className="sesam-tabs">
        <div role="tablist" aria-label={t("more")} onKeyDown={(event) => walkByArrows(event, "tab", true)}>
          {tabs.map((name) => (
            <button key={name} type="button" role="tab" aria-selected={tab === name} tabIndex={tab === name ? 0 : -1} onClick={() => setTab(name)}>
              {words[name]}
            </button>
          ))}
        </div>
        {isLive && (
          <button
            type="button"
            className="sesam-download"
            title={t("the trace as a page that needs no kernel")}
            onClick={() => void asking(t("writing the page…"), () => download(host, world, session.title))}
          >
            {t("download")}
          </button>
        )}
      </div>
      <div className="sesam-tab" role="tabpanel" aria-label={words[tab]}>
        {tab === "output" && (
          <TraceViewWhy
            entity={entity}
            results={recording.results as Entity[]}
            error={recording.entity.error}
            against={session.before?.[id] ?? null}
            names={names}
            go={go}
            goPath={goPath}
            ask={ask}
          />
        )}
        {tab === "entities" && (
          <>
            {isLive && <FindEntities host={host} world={world} enter={enter} />}
            <TraceViewEntities rows={session.entities} ways={figures.ways} filter={filter} chosen={entity} choose={choose} clear={() => setFilter(null)} />
          </>
        )}
        {tab === "cost" && (
          <>
            <TraceViewCosts document={document} costs={figures.costs} goPath={goPath} />
            {isLive && <Reruns host={host} world={world} />}
          </>
        )}
        {tab === "fixes" && <Fixes host={host} world={world} entity={entity} base={rulesPath(document)} enter={enter} goPath={goPath} />}
      </div>
    </div>
  );
}

/** What is needed of a key event, of React's and the browser's. */
interface KeyPress {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  target: EventTarget | null;
  preventDefault(): void;
  stopPropagation(): void;
}
