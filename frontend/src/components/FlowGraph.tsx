/** The pipes of a hub as a graph: what feeds what, what waits, what fails. */

import { useEffect, useMemo, useRef, useState } from "react";

import { FlowGraphCanvas } from "./FlowGraphCanvas";
import { FlowGraphDetails } from "./FlowGraphDetails";
import type { Host } from "../host";
import { figure } from "../dtl/values";
import { type FlowData, type FlowNode, Neighbours, folded, matches, structure } from "../flow/graph";
import { place } from "../flow/layout";
import { sizeOf } from "../flow/sizes";
import { classOf, type PipeState, shortWord, STATES } from "../live/states";
import { useT } from "../words";

/** How often it is asked for news, in milliseconds; more seldom where that takes long. */
const PERIOD = 2_000;
const PAUSE = 8;

export function FlowGraph({ host }: { host: Host }) {
  const t = useT();
  const [data, setData] = useState<FlowData>(() => host.get<FlowData>("data"));
  const [failure, setFailure] = useState("");
  const [withDatasets, setWithDatasets] = useState(false);
  const [chosen, setChosen] = useState<string | null>(() => host.get<string>("chosen") || null);
  const [search, setSearch] = useState("");
  const [only, setOnly] = useState<PipeState | null>(null);
  const root = useRef<HTMLDivElement | null>(null);
  const refresh = useRef<() => void>(() => undefined);

  useEffect(() => {
    const live = new LiveFlow(host, root.current!, (found) => {
      setData(found);
      setFailure("");
    }, (message) => setFailure(t("{message}; what is shown is older", { message })));
    refresh.current = () => live.soon();
    return () => live.end();
  }, []);

  const shown = useMemo(() => (withDatasets ? data : folded(data)), [data, withDatasets]);
  const shape = useMemo(() => structure(shown), [shown]);
  const layout = useMemo(() => place(shown.nodes.map((node) => ({ id: node.id, ...sizeOf(node) })), shown.edges), [shape]);
  const neighbours = useMemo(() => new Neighbours(shown), [shape]);

  const choose = (id: string | null) => {
    setChosen(id);
    host.set("chosen", id ?? "");
  };
  const known = chosen !== null && layout.nodes.has(chosen) ? chosen : null;
  const lit = useMemo(() => litOf(shown, neighbours, known, search, only), [shown, known, search, only]);
  const found = matches(shown.nodes, search);
  const findNext = () => {
    if (found.length === 0) return;
    const at = found.findIndex(({ id }) => id === known);
    choose(found[(at + 1) % found.length]!.id);
  };

  const pipes = data.nodes.filter(({ kind }) => kind === "pipe");
  const node = shown.nodes.find(({ id }) => id === known) ?? null;
  return (
    <div className="sesam-flow" ref={root}>
      <div className="sesam-bar" role="toolbar" aria-label={t("flow")}>
        <strong>{t(pipes.length === 1 ? "{n} pipe" : "{n} pipes", { n: pipes.length })}</strong>
        {STATES.map((state) => ({ state, count: pipes.filter((pipe) => pipe.state === state).length }))
          .filter(({ count }) => count > 0)
          .map(({ state, count }) => (
            <button
              key={state}
              type="button"
              className={`sesam-flow-state ${classOf(state)}`}
              aria-pressed={only === state}
              title={t("show those that are {state}", { state: shortWord(state, t) })}
              onClick={() => setOnly(only === state ? null : state)}
            >
              {figure(count)} {shortWord(state, t)}
            </button>
          ))}
        <span className="sesam-grow" />
        <label>
          <input type="checkbox" checked={withDatasets} onChange={(event) => setWithDatasets(event.currentTarget.checked)} /> {t("datasets")}
        </label>
        <input
          type="search"
          className="sesam-input"
          placeholder={t("find")}
          aria-label={t("find a pipe, dataset or system")}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
          onChange={(event) => setSearch(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") findNext();
            if (event.key === "Escape") setSearch("");
          }}
        />
        {search && <span className="sesam-dim">{t("{n} found", { n: found.length })}</span>}
      </div>
      {failure && <div className="sesam-failure">{failure}</div>}
      {data.nodes.length === 0 ? (
        <div className="sesam-empty">{t("The hub has no pipes yet.")}</div>
      ) : (
        <div className={`sesam-flow-columns${node ? " has-details" : ""}`}>
          <FlowGraphCanvas nodes={shown.nodes} edges={shown.edges} layout={layout} neighbours={neighbours} chosen={known} lit={lit} choose={choose} />
          {node && (
            <FlowGraphDetails key={node.id} host={host} node={node} data={shown} choose={choose} changed={() => refresh.current()} />
          )}
        </div>
      )}
    </div>
  );
}

/** What is in full colour: all where nothing is looked for. */
function litOf(shown: FlowData, neighbours: Neighbours, chosen: string | null, search: string, only: PipeState | null): ReadonlySet<string> | null {
  const sets: ReadonlySet<string>[] = [];
  if (chosen !== null) {
    sets.push(new Set([chosen, ...neighbours.reached(chosen, "before"), ...neighbours.reached(chosen, "after")]));
  }
  if (search.trim()) sets.push(new Set(matches(shown.nodes, search).map(({ id }) => id)));
  if (only !== null) sets.push(new Set(shown.nodes.filter((node: FlowNode) => node.kind === "pipe" && node.state === only).map(({ id }) => id)));
  if (sets.length === 0) return null;
  // What is searched for goes before what hangs together with the chosen one.
  return sets.at(-1)!;
}

/** Asks for the flow while somebody can see it. */
class LiveFlow {
  private readonly watcher: IntersectionObserver;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isVisible = false;
  private isAsking = false;
  private ended = false;

  constructor(
    private readonly host: Host,
    element: HTMLElement,
    private readonly heard: (data: FlowData) => void,
    private readonly failed: (message: string) => void,
  ) {
    this.watcher = new IntersectionObserver((entries) => {
      this.isVisible = entries.at(-1)!.isIntersecting;
      if (this.isVisible) this.soon();
    });
    this.watcher.observe(element);
    document.addEventListener("visibilitychange", this.soon);
  }

  readonly soon = (): void => {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), 100);
  };

  private async ask(): Promise<void> {
    if (this.isAsking || this.ended || !this.isVisible || document.visibilityState !== "visible") return;
    this.isAsking = true;
    const began = performance.now();
    let pause = PERIOD;
    try {
      const data = await this.host.request<FlowData>("flow");
      if (!this.ended) this.heard(data);
      pause = Math.max(PERIOD, PAUSE * (performance.now() - began));
    } catch (error) {
      if (!this.ended) this.failed((error as Error).message);
      pause = 4 * PERIOD;
    }
    this.isAsking = false;
    clearTimeout(this.timer);
    if (!this.ended) this.timer = setTimeout(() => void this.ask(), pause);
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.watcher.disconnect();
    document.removeEventListener("visibilitychange", this.soon);
  }
}
