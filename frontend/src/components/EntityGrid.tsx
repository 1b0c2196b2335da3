/** A dataset of any size as a table: scrolled, filtered, put in order, each entity looked into. */

import { useEffect, useMemo, useRef, useState } from "react";

import type { Entity } from "../entity/format";
import { columnsOf, ID, RESERVED_COLUMNS, type Column } from "../grid/columns";
import { allOf, columnCondition } from "../grid/filters";
import { useGrid, type View } from "../grid/useGrid";
import type { Host } from "../host";
import { useEvery, useVisible } from "../visible";
import { type Translate, useT } from "../words";
import { GridBar } from "./EntityGridBar";
import { GridDetail } from "./EntityGridDetail";
import { GridTable } from "./EntityGridTable";
import { Notices } from "./EntityGridNotices";

const NEWS_MS = 2500;
const SHOWN_MOST = 40;

/** What is typed to choose rows; the condition is DTL as text. */
export interface Choice {
  text: string;
  condition: string;
  columns: Record<string, string>;
  deleted: boolean;
}

const NO_CHOICE: Choice = { text: "", condition: "", columns: {}, deleted: false };

export function EntityGrid({ host }: { host: Host }) {
  const t = useT();
  const [begin] = useState(() => beginning(host));
  const grid = useGrid(host, begin);
  const box = useRef<HTMLDivElement>(null);
  useEvery(useVisible(box), NEWS_MS, grid.checkNews);
  const columns = useColumns(host, grid.row, grid.rows, grid.asOf);
  const [choice, setChoice] = useState<Choice>(() => choiceOf(begin));
  const [order, setOrder] = useState<string[]>(begin.order_by);
  const [problem, setProblem] = useState("");
  const [open, setOpen] = useState<{ row: number; entity: Entity } | null>(null);

  const apply = (next: Choice, nextOrder = order) => {
    setChoice(next);
    setOrder(nextOrder);
    try {
      grid.setView({
        where: allOf([...columnConditions(next, columns.all), written(next.condition, t)]),
        text: next.text.trim() || null,
        order_by: nextOrder,
        deleted: next.deleted,
      });
      setProblem("");
    } catch (error) {
      setProblem((error as Error).message);
    }
  };

  const clear = () => apply(NO_CHOICE, []);
  const close = () => {
    setOpen(null);
    // What had the focus may be gone.
    box.current?.querySelector<HTMLElement>(".sesam-grid")?.focus();
  };
  const isChosen = order.length > 0 || grid.view.where !== null || grid.view.text !== null;
  return (
    <div ref={box} className="sesam-box sesam-grid-box">
      <GridBar host={host} grid={grid} columns={columns} choice={choice} apply={apply} clear={isChosen ? clear : null} />
      <Notices grid={grid} problem={problem} clear={clear} />
      <div className="sesam-grid-body" style={{ height: `${host.get<number>("height") || 460}px` }}>
        <GridTable
          grid={grid}
          columns={columns}
          order={order}
          setOrder={(next) => apply(choice, next)}
          filters={choice.columns}
          setFilters={(next) => apply({ ...choice, columns: next })}
          follow={open !== null}
          onOpen={(row, entity) => setOpen({ row, entity })}
          onClose={close}
        />
        {open && <GridDetail host={host} entity={open.entity} onClose={close} />}
      </div>
    </div>
  );
}

/** What the grid was opened with. */
function beginning(host: Host): View {
  const given = host.get<Partial<View>>("view");
  return { where: given.where ?? null, text: given.text ?? null, order_by: given.order_by ?? [], deleted: given.deleted ?? false };
}

function choiceOf({ where, text, deleted }: View): Choice {
  return { text: text ?? "", condition: where === null ? "" : JSON.stringify(where), columns: {}, deleted };
}

/** The condition that was written as DTL, with a plain word on what is wrong with its JSON. */
function written(text: string, t: Translate) {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(t("The condition is no JSON: {problem}. For example {example}", { problem: (error as Error).message, example: '["gt", "_S.age", 30]' }));
  }
}

function columnConditions(choice: Choice, all: Column[]) {
  const types = new Map(all.map(({ name, types }) => [name, types[0] ?? "string"]));
  return Object.entries(choice.columns).map(([name, typed]) => columnCondition(name, typed, types.get(name) ?? "string"));
}

export interface Columns {
  all: Column[];
  shown: Column[];
  hidden: Set<string>;
  setHidden(hidden: Set<string>): void;
}

/** The columns: of the schema once the node has told it, of the first rows until then. */
function useColumns(host: Host, row: (number: number) => Entity | undefined, rows: number, asOf: number | null): Columns {
  const [told, setTold] = useState<Column[] | null>(null);
  const [chosen, setHidden] = useState<Set<string> | null>(null);
  useEffect(() => {
    let ended = false;
    host.request<Column[]>("columns").then((found) => !ended && setTold(found), () => undefined);
    return () => {
      ended = true;
    };
  }, [host, asOf]);
  const first = Array.from({ length: Math.min(rows, 50) }, (_, number) => row(number)).filter((one) => one !== undefined);
  const seen = columnsOf(first);
  const names = [...(told ?? []), ...seen].map(({ name }) => name).join("\n");
  return useMemo(() => {
    const known = new Map<string, Column>();
    const properties = [...(told ?? []), ...seen].sort((one, other) => NATURAL.compare(one.name, other.name));
    for (const column of [ID, ...properties, ...RESERVED_COLUMNS]) {
      if (!known.has(column.name)) known.set(column.name, column);
    }
    const all = [...known.values()];
    const hidden = chosen ?? new Set(all.filter(({ name }, at) => at > SHOWN_MOST || (name !== "_id" && OWN.has(name))).map(({ name }) => name));
    return { all, hidden, setHidden, shown: all.filter(({ name }) => !hidden.has(name)) };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the names stand for what was seen
  }, [told, names, chosen]);
}

/** "line2" before "line10". */
const NATURAL = new Intl.Collator("en", { numeric: true });
const OWN = new Set(RESERVED_COLUMNS.map(({ name }) => name));
