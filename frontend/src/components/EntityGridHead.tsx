/** The head of a grid: names and types, order by click, width by dragging, and filters below. */

import { useEffect, useState, type KeyboardEvent, type MouseEvent, type PointerEvent } from "react";

import { isRight, type Column } from "../grid/columns";
import { type Translate, useT } from "../words";

interface HeadProps {
  shown: Column[];
  widths(name: string): number;
}

interface HeadRowProps extends HeadProps {
  resize(name: string, width: number): void;
  order: string[];
  setOrder(order: string[]): void;
}

export function HeadRow({ shown, widths, resize, order, setOrder }: HeadRowProps) {
  return (
    <div className="sesam-row sesam-names" role="row" aria-rowindex={1}>
      {shown.map((column) => (
        <HeadCell key={column.name} column={column} width={widths(column.name)} resize={resize} order={order} setOrder={setOrder} />
      ))}
    </div>
  );
}

function HeadCell({ column, width, resize, order, setOrder }: Omit<HeadRowProps, "shown" | "widths"> & { column: Column; width: number }) {
  const t = useT();
  const { name, types, filled } = column;
  const direction = order.includes(name) ? "ascending" : order.includes(`-${name}`) ? "descending" : "none";
  const next = direction === "none" ? [name] : direction === "ascending" ? [`-${name}`] : [];
  const others = order.filter((one) => one !== name && one !== `-${name}`);
  const sort = (event: MouseEvent | KeyboardEvent) => setOrder(event.shiftKey ? [...others, ...next] : next);
  const facts = [
    `${name}: ${types.join(` ${t("or")} `) || t("no values")}`,
    filled === null || filled >= 1 ? "" : filled < 0.01 ? t("in less than 1 %") : t("in {n} %", { n: Math.round(filled * 100) }),
  ];
  const drag = (event: PointerEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const start = event.clientX - width;
    const moved = (now: globalThis.PointerEvent) => resize(name, now.clientX - start);
    const ended = () => {
      removeEventListener("pointermove", moved);
      removeEventListener("pointerup", ended);
    };
    addEventListener("pointermove", moved);
    addEventListener("pointerup", ended);
  };
  return (
    <div
      role="columnheader"
      aria-sort={direction}
      className={`sesam-cell sesam-name-cell ${name === "_id" ? "sesam-id" : ""} ${isRight(column) ? "sesam-right" : ""}`}
      style={{ width: `${width}px` }}
      title={`${facts.filter((fact) => fact !== "").join(", ")}\n${t("click to sort, Shift for a further column")}`}
    >
      <button className="sesam-sort" onClick={sort}>
        <span className="sesam-sort-name">{name}</span>
        {direction !== "none" && <span aria-hidden="true">{direction === "ascending" ? " ▲" : " ▼"}</span>}
      </button>
      <span className="sesam-grip" onPointerDown={drag} aria-hidden="true" />
    </div>
  );
}

interface FilterRowProps extends HeadProps {
  filters: Record<string, string>;
  setFilters(filters: Record<string, string>): void;
  leave(): void;
}

export function FilterRow({ shown, widths, filters, setFilters, leave }: FilterRowProps) {
  const t = useT();
  return (
    <div className="sesam-row sesam-filters" role="row">
      {shown.map(({ name, types }) => (
        <div key={name} className={`sesam-cell ${name === "_id" ? "sesam-id" : ""}`} style={{ width: `${widths(name)}px` }} role="gridcell">
          <Field
            value={filters[name] ?? ""}
            label={t("filter {name}", { name })}
            hint={hintOf(types[0] ?? "string", t)}
            apply={(value) => setFilters({ ...filters, [name]: value })}
            leave={leave}
          />
        </div>
      ))}
    </div>
  );
}

function hintOf(type: string, t: Translate): string {
  const more = t("null, !null, =value, !=value");
  if (type === "boolean") return ["true", "false", more].join(", ");
  if (["integer", "float", "decimal"].includes(type)) return `>10, <=20, ${more}`;
  if (["datetime", "date"].includes(type)) return `>2024, <2024-06-30, ${more}`;
  return `${t("a piece of text, with * and ?")}; ${more}`;
}

interface FieldProps {
  value: string;
  label: string;
  hint: string;
  className?: string;
  placeholder?: string;
  apply(value: string): void;
  leave(): void;
}

/** A field that applies what is typed on Enter, or once it is left. */
export function Field({ value, label, hint, className = "", placeholder = "", apply, leave }: FieldProps) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const done = () => typed !== value && apply(typed);
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "Enter") done();
    if (event.key === "Escape") {
      setTyped(value);
      leave();
    }
    event.stopPropagation();
  };
  return (
    <input
      className={`${className} ${value ? "sesam-set" : ""}`}
      value={typed}
      aria-label={label}
      title={hint}
      placeholder={placeholder}
      spellCheck={false}

      onInput={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={pressed}
      onBlur={done}
    />
  );
}
