/** One value in a grid: readable, to the right where it is a number, with the whole of it on hover. */

import { content, kindOf, lineOf, timeOf, type Entity, type Value } from "../entity/format";
import { isRight, type Column } from "../grid/columns";
import { type Translate, useT } from "../words";

const HOVER = 1500;

interface CellProps {
  id: string;
  column: Column;
  width: number;
  entity: Entity | undefined;
  active: boolean;
  choose(): void;
  open(): void;
}

export function Cell({ id, column, width, entity, active, choose, open }: CellProps) {
  const t = useT();
  const value = entity?.[column.name];
  const kind = kindOf(value);
  const right = kind === "null" || kind === "missing" ? isRight(column) : kind === "number" || kind === "decimal";
  const look = [
    "sesam-cell",
    `sesam-k-${kind}`,
    right ? "sesam-right" : "",
    column.name === "_id" ? "sesam-id" : "",
    active ? "sesam-active" : "",
  ];
  return (
    <div
      id={id}
      role="gridcell"
      className={look.join(" ")}
      style={{ width: `${width}px` }}
      title={hover(value, column.name, entity, t)}
      onMouseDown={choose}
      onDoubleClick={open}
    >
      {entity === undefined ? <span className="sesam-waits" /> : textOf(value, column.name)}
    </div>
  );
}

function textOf(value: Value | undefined, name: string): string {
  if (name === "_ts") return timeOf(value);
  return value === null ? "null" : lineOf(value);
}

function hover(value: Value | undefined, name: string, entity: Entity | undefined, t: Translate): string {
  if (entity === undefined) return "";
  if (name === "_id" && entity["_deleted"] === true) return t("deleted");
  if (value === undefined) return t("no {name}", { name });
  if (value === null || typeof value !== "object") return lineOf(value, HOVER);
  const text = JSON.stringify(Array.isArray(value) ? value : content(value), null, 1);
  return text.length <= HOVER ? text : `${text.slice(0, HOVER)}…`;
}
