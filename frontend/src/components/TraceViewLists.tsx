/** The recorded entities by the way that they took, and what the places of the rules cost. */

import type { Cost } from "../dtl/figures";
import { rulesPath, type FullTrace } from "../dtl/trace";
import type { Way } from "../dtl/ways";
import { duration, figure } from "../dtl/values";
import { type Translate, useT } from "../words";

export interface EntityRow {
  id: unknown;
  version: number | null;
  outcome: "ok" | "filtered" | "failed" | "nothing";
  signature: string;
}

/** What became of an entity, in words. */
export function outcomeWord(outcome: EntityRow["outcome"], t: Translate): string {
  return { ok: t("ok"), filtered: t("filtered"), failed: t("failed"), nothing: t("nothing") }[outcome];
}

const MANY = 40;

interface EntitiesProps {
  rows: EntityRow[];
  ways: Way[];
  /** Only these, where a place of the rules was picked. */
  filter: { label: string; entities: number[] } | null;
  chosen: number;
  choose: (entity: number) => void;
  clear: () => void;
}

export function TraceViewEntities({ rows, ways, filter, chosen, choose, clear }: EntitiesProps) {
  const t = useT();
  const chip = (number: number) => (
    <button
      key={number}
      type="button"
      className={`sesam-chip is-${rows[number]!.outcome}`}
      aria-pressed={number === chosen}
      title={`${String(rows[number]!.id)}: ${outcomeWord(rows[number]!.outcome, t)}`}
      onClick={() => choose(number)}
    >
      {String(rows[number]!.id)}
    </button>
  );
  const chips = (numbers: number[]) => (
    <>
      {numbers.slice(0, MANY).map(chip)}
      {numbers.length > MANY && <span className="sesam-dim">{t("and {n} more", { n: numbers.length - MANY })}</span>}
    </>
  );
  if (filter) {
    return (
      <div className="sesam-ways">
        <p>
          {filter.label}: {t("{n} of {all}", { n: filter.entities.length, all: rows.length })}{" "}
          <button type="button" className="sesam-link" onClick={clear}>
            {t("all entities")}
          </button>
        </p>
        {chips(filter.entities)}
      </div>
    );
  }
  return (
    <div className="sesam-ways">
      <p className="sesam-dim">
        {t(ways.length === 1 ? "{entities} took one way through the rules." : "{entities} took {ways} different ways through the rules.", {
          entities: t(rows.length === 1 ? "{n} entity" : "{n} entities", { n: rows.length }),
          ways: ways.length,
        })}
      </p>
      <table className="sesam-table">
        <tbody>
          {ways.map((way) => (
            <tr key={way.signature} className={way.entities.includes(chosen) ? "is-chosen" : ""}>
              <td className="is-number">{figure(way.entities.length)}</td>
              <td className="sesam-signature">{way.signature}</td>
              <td>{chips(way.entities)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The dearest places: a click goes there. */
export function TraceViewCosts({ document, costs, goPath }: { document: FullTrace; costs: readonly Cost[]; goPath: (path: string) => void }) {
  const t = useT();
  const total = costs.reduce((sum, cost) => sum + cost.self, 0) || 1;
  const base = rulesPath(document).length + 1;
  return (
    <div>
      <p className="sesam-dim">
        {t("{time} an entity, recording included: shares count more than times.", { time: duration(total / Math.max(1, document.entities.length)) })}
      </p>
      <table className="sesam-table">
        <thead>
          <tr>
            <th>{t("place")}</th>
            <th>{t("call")}</th>
            <th className="is-number">{t("runs")}</th>
            <th className="is-number">{t("itself")}</th>
            <th className="is-number">{t("share")}</th>
            <th>{t("look-ups")}</th>
          </tr>
        </thead>
        <tbody>
          {costs
            .filter(({ kind }) => kind !== "path")
            .slice(0, 15)
            .map((cost) => (
              <tr key={cost.path}>
                <td>
                  <button type="button" className="sesam-link" onClick={() => goPath(cost.path)}>
                    {cost.path.slice(base)}
                  </button>
                </td>
                <td>{cost.name}</td>
                <td className="is-number">{figure(cost.count)}</td>
                <td className="is-number">{duration(cost.self / cost.count)}</td>
                <td className="is-number">
                  <meter min={0} max={1} value={cost.self / total} /> {figure((100 * cost.self) / total)}%
                </td>
                <td>{lookupText(cost, t)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

function lookupText(cost: Cost, t: Translate) {
  if (!cost.lookups) return "";
  const found = t("{n}, {found} found each", { n: cost.lookups, found: figure(cost.found / cost.lookups) });
  return (
    <>
      {found}
      {cost.scans > 0 && <b className="sesam-warning"> {t("reads every entity")}</b>}
      {cost.repeated > 0 && <b className="sesam-warning"> {t("{n} repeated", { n: cost.repeated })}</b>}
    </>
  );
}
