/** The node beside the work: its state, and its pipes, datasets and systems as they are now. */

import { memo, useState, useSyncExternalStore, type KeyboardEvent } from "react";

import { messageOf } from "../host";
import { type Row, rowsOf, type Section } from "../live/rows";
import { classOf, isBad, wordOf } from "../live/states";
import type { Things } from "../live/things";
import { useT } from "../words";

/** Which node is shown, as the server tells it. */
export interface NodeState {
  managed: boolean;
  running: boolean;
  starting: boolean;
  shared: boolean;
  url: string;
  problem: string;
  profile: string | null;
  profiles: string[];
  project: string | null;
}

/** What the panel shows: a new one with each change. */
export interface Shown {
  node: NodeState | null;
  things: Things;
  /** Are the things as they are now, or as they were? */
  live: boolean;
  failure: string;
}

export interface PanelSource {
  shown(): Shown;
  listen(listener: () => void): () => void;
  operate(operation: "start" | "stop" | "connect", profile?: string | null): Promise<void>;
  /** What a double click, or Enter, opens. */
  open(kind: Row["kind"], name: string): void;
  flow(): void;
  /** A first system for a node that has nothing yet. */
  addFolder(): void;
  run(pipe: string): void;
  menu(element: HTMLElement): void;
}

const MANAGED = "";

export function NodePanel({ source }: { source: PanelSource }) {
  const t = useT();
  const shown = useSyncExternalStore((heard) => source.listen(heard), () => source.shown());
  const [search, setSearch] = useState("");
  const [onlyBad, setOnlyBad] = useState(false);
  const states = Object.values(shown.things.pipes).map(({ runtime }) => runtime.status);
  const bad = states.filter(isBad).length;
  const running = states.filter((state) => state === "running").length;
  return (
    <div className="sesam sesam-box sesam-side-panel">
      <Head source={source} shown={shown} />
      {shown.node?.running && (
        <>
          <div className="sesam-side-bar">
            <input
              type="search"
              className="sesam-side-search"
              placeholder={t("find")}
              aria-label={t("find a pipe, dataset or system")}
              value={search}
              onChange={(event) => setSearch(event.currentTarget.value)}
            />
            <button title={t("The pipes as a graph")} onClick={() => source.flow()}>{t("Flow")}</button>
          </div>
          {(bad > 0 || onlyBad) && (
            <button className="sesam-side-bad" aria-pressed={onlyBad} onClick={() => setOnlyBad(!onlyBad)}>
              {t(bad === 1 ? "{n} pipe needs a look" : "{n} pipes need a look", { n: bad })}
              {onlyBad ? t(" · show all") : ""}
            </button>
          )}
          {shown.live && isEmpty(shown.things) && (
            <div className="sesam-side-first">
              <p>{t("Nothing here yet. Begin with files, or upload a project from a notebook.")}</p>
              <button className="sesam-main" onClick={() => source.addFolder()}>{t("Add a folder of files…")}</button>
            </div>
          )}
          <div className={`sesam-side-lists${shown.live ? "" : " is-old"}`}>
            {(["pipes", "datasets", "systems"] as const).map((section) => (
              <List key={section} section={section} rows={rowsOf(shown.things, section, search, onlyBad, t)} note={section === "pipes" && running > 0 ? t("{n} running", { n: running }) : ""} source={source} />
            ))}
          </div>
        </>
      )}
    </div>
  );
}

function isEmpty({ pipes, systems }: Things): boolean {
  return Object.keys(pipes).length === 0 && Object.keys(systems).length === 0;
}

function Head({ source, shown: { node, live, failure } }: { source: PanelSource; shown: Shown }) {
  const t = useT();
  const [problem, setProblem] = useState("");
  if (node === null) return <div className="sesam-pad sesam-dim">{failure || t("asking …")}</div>;
  const operate = (operation: "start" | "stop" | "connect", profile?: string | null) => {
    setProblem("");
    source.operate(operation, profile).catch((error: Error) => setProblem(messageOf(error)));
  };
  const word = node.starting ? t("starting …") : !node.running ? t("not running") : live ? t("connected") : t("connecting …");
  const look = node.running && live ? "ok" : node.starting || node.running ? "running" : "disabled";
  const told = problem || node.problem || (node.running ? failure : "");
  return (
    <div className="sesam-side-head">
      <div className="sesam-side-line">
        <Dot look={`is-${look}`} word={word} />
        <span className="sesam-side-url" title={node.url}>{node.running ? node.url.replace(/^https?:\/\//, "") : word}</span>
        {node.managed && node.running && <button onClick={() => operate("stop")}>{t("Stop")}</button>}
        {!node.running && !node.starting && node.profile === null && <button className="sesam-main" onClick={() => operate("start")}>{t("Start a node")}</button>}
      </div>
      {node.profiles.length > 0 && (
        <label className="sesam-side-line">
          <span className="sesam-dim">{t("node")}</span>
          <select value={node.profile ?? MANAGED} aria-label={t("which node")} onChange={(event) => operate("connect", event.currentTarget.value || null)}>
            <option value={MANAGED}>{t("the workbench's own")}</option>
            {node.profiles.map((name) => (
              <option key={name} value={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      {node.project && node.profile === null && <div className="sesam-dim sesam-side-project" title={node.project}>{node.project.split("/").at(-1)}</div>}
      {told && <pre className="sesam-error" role="alert">{told}</pre>}
    </div>
  );
}

interface ListProps {
  section: Section;
  rows: Row[];
  note: string;
  source: PanelSource;
}

function List({ section, rows, note, source }: ListProps) {
  const t = useT();
  const [open, setOpen] = useState(true);
  const titles: Record<Section, string> = { pipes: t("Pipes"), datasets: t("Datasets"), systems: t("Systems") };
  return (
    <section className="sesam-side-section">
      <button className="sesam-side-title" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="sesam-side-fold" aria-hidden="true">{open ? "▾" : "▸"}</span>
        {titles[section]}
        <span className="sesam-dim">{rows.length}</span>
        {note && <span className="sesam-side-note">{note}</span>}
      </button>
      {open && rows.length > 0 && (
        <ul role="listbox" aria-label={titles[section]} onKeyDown={moveFocus}>
          {rows.map((row, place) => (
            <Line key={row.name} {...row} first={place === 0} source={source} />
          ))}
        </ul>
      )}
    </section>
  );
}

interface LineProps extends Row {
  first: boolean;
  source: PanelSource;
}

/** One thing. Only those that have changed are drawn again. */
const Line = memo(function Line({ kind, name, note, state, title, first, source }: LineProps) {
  const t = useT();
  const bad = state !== "" && isBad(state);
  return (
    <li
      role="option"
      aria-selected={false}
      aria-label={title.replaceAll("\n", ", ")}
      className="sesam-side-row"
      data-sesam-kind={kind}
      data-sesam-name={name}
      data-sesam-state={state}
      title={title}
      tabIndex={first ? 0 : -1}
      onDoubleClick={() => source.open(kind, name)}
      onKeyDown={(event) => {
        if (event.key === "Enter") source.open(kind, name);
        if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
          event.preventDefault();
          source.menu(event.currentTarget);
        }
      }}
    >
      <Dot look={state === "" ? `is-${kind}` : classOf(state)} word={state === "" ? "" : wordOf(state, t)} />
      <span className="sesam-side-name">{name}</span>
      <span className={`sesam-side-note${bad ? " is-bad" : ""}`}>{bad ? wordOf(state, t) : note}</span>
      {kind === "pipe" && (
        <button className="sesam-side-run" tabIndex={-1} aria-hidden="true" title={state === "running" ? t("Stop") : t("Run")} onClick={() => source.run(name)} onDoubleClick={(event) => event.stopPropagation()}>
          {state === "running" ? "■" : "▶"}
        </button>
      )}
    </li>
  );
});

function Dot({ look, word }: { look: string; word: string }) {
  return <span className={`sesam-dot ${look}`} title={word} aria-hidden="true" />;
}

/** Arrow keys walk through the rows of a list. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const rows = [...(event.currentTarget.closest(".sesam-side-lists")?.querySelectorAll<HTMLElement>(".sesam-side-row") ?? [])];
  const next = rows[rows.indexOf(document.activeElement as HTMLElement) + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
