/** The properties of an entity, and what differs from another one. */

import { useState } from "react";

import { type Difference, difference, pretty, short, typeName } from "../dtl/values";
import { useT } from "../words";

const LINES = 14;
const MARKS = { added: "+", removed: "−", changed: "~", same: "" } as const;

interface Props {
  entity: Record<string, unknown>;
  /** What it is compared with; without it nothing is marked. */
  against?: Record<string, unknown> | null | undefined;
  /** Makes the properties buttons. */
  onPick?: ((name: string) => void) | undefined;
  picked?: string | null | undefined;
  label: string;
  /** What differs stands before what does not. */
  changesFirst?: boolean | undefined;
}

export function EntityDiff({ entity, against, onPick, picked, label, changesFirst }: Props) {
  const t = useT();
  const said = { added: t("added"), removed: t("removed"), changed: t("changed"), same: "" };
  const rows: Difference[] = against
    ? difference(against, entity)
    : Object.entries(entity).map(([name, value]) => ({ name, change: "same", new: value }));
  if (changesFirst) rows.sort((a, b) => Number(a.change === "same") - Number(b.change === "same"));
  if (rows.length === 0) return <div className="sesam-empty">{t("no properties")}</div>;
  return (
    <table className="sesam-entity" aria-label={label}>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name} className={`is-${row.change}${picked === row.name ? " is-picked" : ""}`}>
            <td className="sesam-entity-mark" title={said[row.change]}>
              {MARKS[row.change]}
            </td>
            <th scope="row">
              {onPick ? (
                <button type="button" className="sesam-link" onClick={() => onPick(row.name)} aria-pressed={picked === row.name}>
                  {row.name}
                </button>
              ) : (
                row.name
              )}
            </th>
            <td>
              {row.change === "changed" && <del title={t("before")}>{short(row.old, 80)}</del>}
              {row.change === "removed" ? <del>{short(row.old, 120)}</del> : <Value value={row.new} />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A value, long ones cut until they are asked for. */
export function Value({ value }: { value: unknown }) {
  const t = useT();
  const [isWhole, setWhole] = useState(false);
  const text = pretty(value);
  const lines = text.split("\n");
  const isLong = lines.length > LINES || text.length > 1200;
  const shown = isLong && !isWhole ? lines.slice(0, LINES).join("\n").slice(0, 1200) : text;
  return (
    <>
      <code className={`sesam-value is-${typeName(value)}`} title={typeName(value)}>
        {shown}
      </code>
      {isLong && (
        <button type="button" className="sesam-link sesam-more" onClick={() => setWhole(!isWhole)}>
          {isWhole ? t("less") : t("… all {n} lines", { n: lines.length })}
        </button>
      )}
    </>
  );
}
