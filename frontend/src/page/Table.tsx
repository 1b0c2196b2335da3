/** A list with a head that sorts it and a field that finds in it. */

import { type ReactNode, useState } from "react";

import { useT } from "../words";
import { type Cell, sorted } from "./facts";

/** So many rows are drawn at once; the rest is a click away. */
const MOST = 300;

export interface ColumnOf<Row> {
  id: string;
  label: string;
  /** What the rows are put in order by. */
  value(row: Row): Cell;
  show?(row: Row): ReactNode;
  isNumber?: boolean;
  /** Left out where the page is as narrow as a phone. */
  isExtra?: boolean;
}

interface Props<Row> {
  label: string;
  rows: Row[];
  columns: ColumnOf<Row>[];
  /** What makes the first order; "-" before it for the other way. */
  begin: string;
  empty: string;
}

export function Table<Row extends { name: string }>({ label, rows, columns, begin, empty }: Props<Row>) {
  const t = useT();
  const [order, setOrder] = useState({ id: begin.replace(/^-/, ""), down: begin.startsWith("-") });
  const [all, setAll] = useState(false);
  const column = columns.find(({ id }) => id === order.id) ?? columns[0]!;
  const found = sorted(rows, column.value, order.down);
  const shown = all ? found : found.slice(0, MOST);
  if (rows.length === 0) return <div className="sesam-empty">{empty}</div>;
  return (
    <>
      <table className="sesam-table sesam-list" aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ id, label: head, isNumber, isExtra }) => (
              <th key={id} scope="col" className={`${isNumber ? "is-number" : ""} ${isExtra ? "is-extra" : ""}`} aria-sort={id !== order.id ? "none" : order.down ? "descending" : "ascending"}>
                <button className="sesam-sort" onClick={() => setOrder({ id, down: id === order.id ? !order.down : isNumber === true })}>
                  {head}
                  <span aria-hidden="true">{id !== order.id ? "" : order.down ? " ▾" : " ▴"}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={row.name}>
              {columns.map(({ id, value, show, isNumber, isExtra }) => (
                <td key={id} className={`${isNumber ? "is-number" : ""} ${isExtra ? "is-extra" : ""}`}>
                  {show ? show(row) : figured(value(row))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < found.length && (
        <div className="sesam-pad">
          <button className="sesam-button" onClick={() => setAll(true)}>
            {t("Show all {n}", { n: found.length })}
          </button>
        </div>
      )}
    </>
  );
}

function figured(value: Cell): string {
  return typeof value === "number" ? value.toLocaleString("en") : (value ?? "");
}
