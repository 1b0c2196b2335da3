/** The lines of a tree: folded, searched, coloured by type, marked by what changed. */

import { useState, type KeyboardEvent } from "react";

import { walkByArrows } from "./arrows";
import { copyText } from "../clipboard";
import { branches, mentions, type Branch } from "../entity/diff";
import { kindOf, lineOf, plain, shortJson, type Value } from "../entity/format";
import { useT } from "../words";

const AT_ONCE = 100;
const LONG = 240;
const OPEN_SIZE = 30;

export interface TreeProps {
  value: Value;
  before?: Value | undefined;
  search?: string;
}

export function TreeView({ value, before, search = "" }: TreeProps) {
  const t = useT();
  const folded = search.trim().toLowerCase();
  const compared = before !== undefined;
  const all = branches("", value, before, compared) ?? [];
  const shown = folded === "" ? all : all.filter((one) => found(one, folded));
  return (
    <div className="sesam-tree" {...(shown.length > 0 ? { role: "tree", "aria-label": t("entity") } : {})} onKeyDown={(event) => walkByArrows(event, "treeitem")}>
      {shown.length === 0 && <p className="sesam-dim">{folded ? t("nothing has “{text}”", { text: search.trim() }) : t("no properties")}</p>}
      <Lines all={shown} depth={0} first folded={folded} compared={compared} />
    </div>
  );
}

const found = (one: Branch, folded: string) =>
  mentions(one.name, one.value, folded) || mentions("", one.before, folded);

interface Shared {
  depth: number;
  folded: string;
  compared: boolean;
}

/** Branches in portions: a list of ten thousand shows its first hundred. */
function Lines({ all, first = false, ...shared }: Shared & { all: Branch[]; first?: boolean }) {
  const t = useT();
  const [most, setMost] = useState(AT_ONCE);
  const left = all.length - most;
  return (
    <>
      {all.slice(0, most).map((one, place) => <Line key={`${one.path}:${one.change}`} branch={one} first={first && place === 0} {...shared} />)}
      {left > 0 && (
        <div className="sesam-tree-line" style={{ paddingLeft: indent(shared.depth) }}>
          <button className="sesam-link" onClick={() => setMost(most + 5 * AT_ONCE)}>
            {t("{n} more", { n: left })}
          </button>
        </div>
      )}
    </>
  );
}

const indent = (depth: number) => `${depth * 14 + 4}px`;

function Line({ branch, first, ...shared }: Shared & { branch: Branch; first: boolean }) {
  const t = useT();
  const { name, path, change, value, before } = branch;
  const current = value === undefined ? before : value;
  const inner = branches(path, value, before, shared.compared && change !== "added");
  const size = inner?.length ?? 0;
  const changedInside = inner !== null && change === "changed" && kindOf(value) === kindOf(before);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? (shared.folded !== "" || changedInside || (shared.depth < 2 && size <= OPEN_SIZE && change !== "removed"));
  const hits = shared.folded === "" || name.toLowerCase().includes(shared.folded) ? inner : inner?.filter((one) => found(one, shared.folded));
  const foldable = size > 0;
  const pressed = (event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget) return;
    if (event.key === "Enter") void copyText(path);
    else if (foldable && event.key === (open ? "ArrowLeft" : "ArrowRight")) setChosen(!open);
    else if (event.key === "ArrowLeft") outerOf(event.currentTarget, shared.depth)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <>
      <div
        className={`sesam-tree-line sesam-${changedInside ? "same" : change}`}
        style={{ paddingLeft: indent(shared.depth) }}
        role="treeitem"
        aria-level={shared.depth + 1}
        tabIndex={first ? 0 : -1}
        onKeyDown={pressed}
        {...(foldable ? { "aria-expanded": open } : {})}
      >
        <button
          className="sesam-fold"
          tabIndex={-1}
          aria-label={open ? t("fold {path}", { path }) : t("unfold {path}", { path })}
          disabled={!foldable}
          onClick={() => setChosen(!open)}
        >
          {foldable ? (open ? "▾" : "▸") : ""}
        </button>
        <CopyName name={name} path={path} />
        {changedInside || (foldable && open) ? <Size value={current} /> : <Plain value={value} before={before} change={change} />}
      </div>
      {open && hits && <Lines all={hits} {...shared} depth={shared.depth + 1} />}
    </>
  );
}

/** The line that a line of this depth is in. */
function outerOf(line: HTMLElement, depth: number): HTMLElement | undefined {
  const lines = [...(line.closest(".sesam-tree")?.querySelectorAll<HTMLElement>("[role=treeitem]") ?? [])];
  return lines.slice(0, lines.indexOf(line)).findLast((one) => one.getAttribute("aria-level") === String(depth));
}

/** The name of a property; its path is told, and copied with a click. */
function CopyName({ name, path }: { name: string; path: string }) {
  const t = useT();
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void copyText(path).then(setCopied);
  };
  return (
    <button className="sesam-name" tabIndex={-1} title={copied ? t("copied") : t("{path} (click copies the path)", { path })} onClick={copy} onMouseLeave={() => setCopied(false)}>
      {name}
      {copied && <span className="sesam-copied"> ✓</span>}
    </button>
  );
}

function Size({ value }: { value: Value | undefined }) {
  const t = useT();
  if (value === null || typeof value !== "object") return null;
  const size = Object.keys(value).length;
  const told = Array.isArray(value) ? t(size === 1 ? "{n} item" : "{n} items", { n: size }) : t(size === 1 ? "{n} property" : "{n} properties", { n: size });
  return <span className="sesam-dim">{told}</span>;
}

function Plain({ value, before, change }: { value: Value | undefined; before: Value | undefined; change: string }) {
  if (change === "changed") {
    return (
      <span className="sesam-both">
        <del><Typed value={before} /></del> <ins><Typed value={value} /></ins>
      </span>
    );
  }
  if (change === "removed") return <del><Typed value={before} /></del>;
  if (change === "added") return <ins><Typed value={value} /></ins>;
  return <Typed value={value} />;
}

/** A value in the colour of its type, with a tag where the colour alone would not tell. */
export function Typed({ value }: { value: Value | undefined }) {
  const t = useT();
  const [whole, setWhole] = useState(false);
  const kind = kindOf(value);
  const text = textOf(value);
  const long = text.length > LONG && !whole;
  const tagged = !["string", "number", "boolean", "null", "missing", "list", "dict"].includes(kind);
  return (
    <span className={`sesam-typed sesam-k-${kind}`} title={kind}>
      {long ? lineOf(text.startsWith("~") ? `~${text}` : text, LONG) : text}
      {text.length > LONG && (
        <button className="sesam-link" onClick={() => setWhole(!whole)}>
           {whole ? t("less") : t("all {n} characters", { n: text.length })}
        </button>
      )}
      {tagged && <span className="sesam-tag">{kind}</span>}
    </span>
  );
}

function textOf(value: Value | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "string") return plain(value) === "" ? '""' : plain(value);
  if (value === null || typeof value !== "object") return String(value);
  return Object.keys(value).length === 0 ? (Array.isArray(value) ? "[]" : "{}") : shortJson(value, 120);
}
