/** The rows that are seen, out of millions; keys move through them, the head stays. */

import { memo, useCallback, useEffect, useId, useLayoutEffect, useMemo, useReducer, useRef, useState, type KeyboardEvent } from "react";

import { copyText } from "../clipboard";
import { content, type Entity } from "../entity/format";
import { ID, widthOf, type Column } from "../grid/columns";
import { PAGE } from "../grid/pages";
import { ScrollMap } from "../grid/scroll";
import type { Grid } from "../grid/useGrid";
import { useT } from "../words";
import type { Columns } from "./EntityGrid";
import { Cell } from "./EntityGridCell";
import { FilterRow, HeadRow } from "./EntityGridHead";

const ROW = 26;
const HEAD = 56;
const SETTLE_MS = 160;

export interface TableProps {
  grid: Grid;
  columns: Columns;
  order: string[];
  setOrder(order: string[]): void;
  filters: Record<string, string>;
  setFilters(filters: Record<string, string>): void;
  /** Is the detail open, so that it follows the row that is chosen? */
  follow: boolean;
  onOpen(row: number, entity: Entity): void;
  onClose(): void;
}

interface Place {
  row: number;
  column: number;
}

export function GridTable({ grid, columns, order, setOrder, filters, setFilters, follow, onOpen, onClose }: TableProps) {
  const t = useT();
  const view = useRef<HTMLDivElement>(null);
  const id = useId();
  const [height, setHeight] = useState(400);
  const [active, setActive] = useState<Place>({ row: 0, column: 0 });
  const [, redraw] = useReducer((number: number) => number + 1, 0);
  const map = useScrollMap(grid.rows, Math.max(ROW, height - HEAD));
  const moving = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  useLayoutEffect(() => {
    if (view.current === null) return;
    const observer = new ResizeObserver(() => view.current && setHeight(view.current.clientHeight));
    observer.observe(view.current);
    return () => {
      observer.disconnect();
      clearTimeout(moving.current);
    };
  }, []);

  // Another set of rows, or a new size: the bar is put where the rows are.
  useLayoutEffect(() => {
    if (view.current) view.current.scrollTop = map.settle();
    redraw();
  }, [map]);

  const { first, last, y } = map.window();
  const rows = Array.from({ length: Math.max(0, last - first) }, (_, at) => first + at);
  const { widths, resize } = useWidths(columns, grid, rows.map(grid.row));
  useEffect(() => grid.want(first, last), [grid.want, first, last]);

  const scrolled = useCallback(() => {
    if (view.current === null) return;
    map.scrolled(view.current.scrollTop);
    clearTimeout(moving.current);
    moving.current = setTimeout(() => {
      if (view.current) view.current.scrollTop = map.settle();
      redraw();
    }, SETTLE_MS);
    redraw();
  }, [map]);

  const go = (place: Place) => {
    const row = Math.max(0, Math.min(grid.rows - 1, place.row));
    const column = Math.max(0, Math.min(columns.shown.length - 1, place.column));
    setActive({ row, column });
    if (view.current) {
      view.current.scrollTop = map.reveal(row);
      reveal(view.current, columns.shown.slice(0, column + 1).map(({ name }) => widths(name)));
    }
    redraw();
  };

  // An open detail shows the chosen row, also one that is still to be read.
  const chosen = grid.row(active.row);
  useEffect(() => {
    if (follow && chosen) onOpen(active.row, chosen);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only another row opens another detail
  }, [active.row, chosen]);

  const pressed = (event: KeyboardEvent) => {
    const entity = grid.row(active.row);
    const moves: Record<string, () => void> = {
      ArrowDown: () => go({ ...active, row: active.row + 1 }),
      ArrowUp: () => go({ ...active, row: active.row - 1 }),
      ArrowRight: () => go({ ...active, column: active.column + 1 }),
      ArrowLeft: () => go({ ...active, column: active.column - 1 }),
      PageDown: () => go({ ...active, row: active.row + map.page }),
      PageUp: () => go({ ...active, row: active.row - map.page }),
      Home: () => go({ ...active, row: 0 }),
      End: () => go({ ...active, row: grid.rows - 1 }),
      Enter: () => entity && onOpen(active.row, entity),
      Escape: onClose,
      "/": () => view.current?.closest(".sesam-grid-box")?.querySelector<HTMLInputElement>(".sesam-find")?.focus(),
    };
    const copies = (event.ctrlKey || event.metaKey) && event.key === "c" && !getSelection()?.toString();
    if (copies && entity) {
      void copyText(JSON.stringify(content(entity), null, 2));
    } else if (moves[event.key] === undefined || event.altKey || event.metaKey || (event.ctrlKey && event.key.startsWith("Arrow"))) {
      return;
    } else {
      moves[event.key]?.();
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const choose = useCallback((row: number, column: number) => setActive({ row, column }), []);
  const opening = useRef(onOpen);
  opening.current = onOpen;
  const open = useCallback((row: number, entity: Entity) => opening.current(row, entity), []);
  const sizes = columns.shown.map(({ name }) => widths(name)).join(" ");
  const total = columns.shown.reduce((sum, { name }) => sum + widths(name), 0);
  // A cell that is not drawn cannot be pointed at: none is yet, or it was scrolled away from.
  const isDrawn = active.row >= first && active.row < last && active.column < columns.shown.length;
  return (
    <div
      ref={view}
      className="sesam-grid"
      role="grid"
      tabIndex={0}
      aria-rowcount={grid.rows + 1}
      aria-colcount={columns.shown.length}
      aria-label={t(grid.rows === 1 ? "entities of the dataset, {n} row" : "entities of the dataset, {n} rows", { n: grid.rows })}
      aria-activedescendant={isDrawn ? `${id}r${active.row}c${active.column}` : undefined}
      aria-busy={grid.loading}

      onScroll={scrolled}
      onKeyDown={pressed}
    >
      <div className="sesam-canvas" style={{ height: `${map.height + HEAD}px`, width: `${total}px` }}>
        <div className="sesam-head" role="rowgroup" style={{ width: `${total}px` }} onKeyDown={(event) => event.key !== "Escape" && event.stopPropagation()}>
          <HeadRow shown={columns.shown} widths={widths} resize={resize} order={order} setOrder={setOrder} />
          <FilterRow shown={columns.shown} widths={widths} filters={filters} setFilters={setFilters} leave={() => view.current?.focus()} />
        </div>
        <div role="rowgroup" className="sesam-rows" style={{ transform: `translateY(${y}px)`, width: `${total}px` }}>
          {rows.map((number) => (
            <Row
              key={number}
              number={number}
              id={id}
              entity={grid.row(number)}
              columns={columns.shown}
              sizes={sizes}
              chosen={number === active.row ? active.column : null}
              choose={choose}
              open={open}
            />
          ))}
        </div>
        {grid.rows === 0 && <Empty grid={grid} />}
      </div>
    </div>
  );
}

interface RowProps {
  number: number;
  id: string;
  entity: Entity | undefined;
  columns: Column[];
  /** The widths of the columns, joined: rows are drawn again only when something is different. */
  sizes: string;
  chosen: number | null;
  choose(row: number, column: number): void;
  open(row: number, entity: Entity): void;
}

const Row = memo(function Row({ number, id, entity, columns, sizes, chosen, choose, open }: RowProps) {
  const look = [
    "sesam-row",
    number % 2 ? "sesam-odd" : "",
    entity?.["_deleted"] === true ? "sesam-deleted" : "",
    chosen === null ? "" : "sesam-chosen",
  ];
  const widths = sizes.split(" ").map(Number);
  return (
    <div role="row" aria-rowindex={number + 2} aria-selected={chosen !== null} className={look.join(" ")} style={{ height: `${ROW}px` }}>
      {columns.map((column, at) => (
        <Cell
          key={column.name}
          id={`${id}r${number}c${at}`}
          column={column}
          width={widths[at] ?? 120}
          entity={entity}
          active={at === chosen}
          choose={() => choose(number, at)}
          open={() => entity && open(number, entity)}
        />
      ))}
    </div>
  );
});

function Empty({ grid }: { grid: Grid }) {
  const t = useT();
  const { where, text } = grid.view;
  const nothing = where !== null || text !== null ? t("No entity fulfils this.") : t("The dataset is empty.");
  return <div className="sesam-nothing">{grid.loading ? t("Reading …") : grid.error || grid.gone ? "" : nothing}</div>;
}

/** The map of a set of rows; a table that grows or is read again stays where it is. */
function useScrollMap(rows: number, height: number): ScrollMap {
  const last = useRef<ScrollMap | null>(null);
  return useMemo(() => {
    const map = new ScrollMap(rows, ROW, height);
    if (last.current) map.start(last.current.top);
    last.current = map;
    return map;
  }, [rows, height]);
}

/** Widths by what is in the first rows, until someone drags them. */
function useWidths(columns: Columns, grid: Grid, seen: (Entity | undefined)[]) {
  const [dragged, setDragged] = useState<Record<string, number>>({});
  const known = useRef<Record<string, number>>({});
  const rows = Array.from({ length: Math.min(grid.rows, PAGE) }, (_, at) => grid.row(at)).filter((one) => one !== undefined);
  if (rows.length > 0) {
    for (const column of columns.shown) known.current[column.name] ??= widthOf(column, rows);
  }
  // Ids are what one finds a row by: their column grows with them.
  const longest = widthOf(ID, seen.filter((one) => one !== undefined));
  if (longest > (known.current["_id"] ?? 0)) known.current["_id"] = longest;
  const widths = (name: string) => dragged[name] ?? known.current[name] ?? 120;
  const resize = (name: string, width: number) => setDragged((all) => ({ ...all, [name]: Math.max(48, width) }));
  return { widths, resize };
}

/** Bring the last of some columns into view; the first one stays in front of the others. */
function reveal(view: HTMLElement, widths: number[]): void {
  const front = widths[0] ?? 0;
  const end = widths.reduce((sum, width) => sum + width, 0);
  const start = end - (widths.at(-1) ?? 0);
  if (widths.length === 1 || start - front < view.scrollLeft) view.scrollLeft = Math.max(0, start - front);
  else if (end > view.scrollLeft + view.clientWidth) view.scrollLeft = end - view.clientWidth;
}
