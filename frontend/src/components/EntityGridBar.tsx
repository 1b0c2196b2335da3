/** Above the rows: how many there are, what to look for, which columns, and where to go from here. */

import { useEffect, useRef, useState, type ReactNode } from "react";

import { copyText } from "../clipboard";
import type { Grid } from "../grid/useGrid";
import { hasKernel, type Host, messageOf } from "../host";
import { type Translate, useT } from "../words";
import type { Choice, Columns } from "./EntityGrid";
import { Field } from "./EntityGridHead";

interface BarProps {
  host: Host;
  grid: Grid;
  columns: Columns;
  choice: Choice;
  apply(choice: Choice): void;
  /** Takes back what chooses and sorts rows, null where nothing does. */
  clear: (() => void) | null;
}

export function GridBar({ host, grid, columns, choice, apply, clear }: BarProps) {
  const t = useT();
  const focusGrid = () => document.activeElement instanceof HTMLElement && document.activeElement.blur();
  return (
    <div className="sesam-bar" role="toolbar" aria-label={t("rows and columns")}>
      <strong className="sesam-title">{host.get<string>("name")}</strong>
      <span className="sesam-dim sesam-count" role="status">{countText(host, grid, t)}</span>
      {clear && <button className="sesam-link" onClick={clear}>{t("clear")}</button>}
      <Field
        value={choice.text}
        label={t("find text")}
        hint={t("Entities with this text in any value ( / )")}
        className="sesam-find"
        placeholder={t("Find text")}
        apply={(text) => apply({ ...choice, text })}
        leave={focusGrid}
      />
      <Field
        value={choice.condition}
        label={t("DTL condition")}
        hint={t("A DTL condition over _S, evaluated on the node: {example}", { example: EXAMPLE })}
        className="sesam-where"
        placeholder={t("Condition: {example}", { example: EXAMPLE })}
        apply={(condition) => apply({ ...choice, condition })}
        leave={focusGrid}
      />
      <ColumnChooser columns={columns} deleted={choice.deleted} setDeleted={(deleted) => apply({ ...choice, deleted })} />
      <ToFrame host={host} grid={grid} />
    </div>
  );
}

const EXAMPLE = '["gt", "_S.age", 30]';

function countText(host: Host, grid: Grid, t: Translate): string {
  const asked = grid.view.where !== null || grid.view.text !== null;
  const then = host.get<string | null>("moment");
  if (grid.error) return "";
  if (grid.count === null) return asked ? t("counting …") : t("reading …");
  const n = grid.count;
  const told = asked ? t(n === 1 ? "{n} match" : "{n} matches", { n }) : t(n === 1 ? "{n} entity" : "{n} entities", { n });
  return then ? t("{count}, as of {time}", { count: told, time: then }) : told;
}

/** A button with something that opens below it, closed by Escape or a click elsewhere. */
function Menu({ label, title, children }: { label: string; title: string; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <span
      className="sesam-menu"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        setOpen(false);
        button.current?.focus();
      }}
      onBlur={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && setOpen(false)}
      tabIndex={-1}
    >
      <button ref={button} aria-expanded={open} title={title} onClick={() => setOpen(!open)}>
        {label} ▾
      </button>
      {open && <div className="sesam-popup">{children}</div>}
    </span>
  );
}

function ColumnChooser({ columns, deleted, setDeleted }: { columns: Columns; deleted: boolean; setDeleted(deleted: boolean): void }) {
  const t = useT();
  const [search, setSearch] = useState("");
  const listed = columns.all.filter(({ name }) => name !== "_id" && name.toLowerCase().includes(search.toLowerCase()));
  const toggle = (name: string) => {
    const hidden = new Set(columns.hidden);
    if (!hidden.delete(name)) hidden.add(name);
    columns.setHidden(hidden);
  };
  const all = (shown: boolean) => {
    const hidden = new Set(columns.hidden);
    for (const { name } of listed) shown ? hidden.delete(name) : hidden.add(name);
    columns.setHidden(hidden);
  };
  return (
    <Menu label={t("Columns {n}/{all}", { n: columns.shown.length, all: columns.all.length })} title={t("Which columns are shown")}>
      <input type="search" placeholder={t("Find a column")} aria-label={t("find a column")} value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
      <div className="sesam-popup-bar">
        <button onClick={() => all(true)}>{t("Show all")}</button>
        <button onClick={() => all(false)}>{t("Hide all")}</button>
        <label>
          <input type="checkbox" checked={deleted} onChange={() => setDeleted(!deleted)} /> {t("deleted entities")}
        </label>
      </div>
      <div className="sesam-choices">
        {listed.map(({ name, types, filled }) => (
          <label key={name}>
            <input type="checkbox" checked={!columns.hidden.has(name)} onChange={() => toggle(name)} />
            <span className="sesam-choice-name">{name}</span>
            <span className="sesam-dim">{types.slice(0, 2).join(", ")}{filled !== null && filled < 1 ? ` ${Math.round(filled * 100)} %` : ""}</span>
          </label>
        ))}
      </div>
    </Menu>
  );
}

/** The Python that gives these rows as a frame; it can be bound to a name at once. */
function ToFrame({ host, grid }: { host: Host; grid: Grid }) {
  const t = useT();
  const [told, setTold] = useState("");
  const [name, setName] = useState("frame");
  const [done, setDone] = useState("");
  const ask = (request: string, more = {}) => host.request<string>(request, { view: grid.view, as_of: grid.asOf, ...more });
  const failed = (error: Error) => setDone(messageOf(error));
  return (
    <Menu label={t("To frame")} title={t("These rows as a polars frame")}>
      <Loaded load={() => void ask("expression").then(setTold, failed)} again={JSON.stringify(grid.view)} />
      <pre className="sesam-code sesam-told">{told || "…"}</pre>
      <div className="sesam-popup-bar">
        <button onClick={() => void copyText(told).then((copied) => setDone(copied ? t("copied") : t("select the text and copy it")))}>{t("Copy")}</button>
        {hasKernel(host) && (
          <>
            <span>{t("or bind it to")}</span>
            <input className="sesam-short" value={name} aria-label={t("name of the variable")} onInput={(event) => setName(event.currentTarget.value)} />
            <button
              onClick={() => {
                setDone(t("reading …"));
                void ask("bind", { name }).then(setDone, failed);
              }}
            >
              {t("Bind")}
            </button>
          </>
        )}
      </div>
      {done && <div className="sesam-dim" role="status">{done}</div>}
    </Menu>
  );
}

/** Calls `load` once it is shown, and again when `again` is another. */
function Loaded({ load, again }: { load(): void; again: string }) {
  useEffect(load, [again]);
  return null;
}
