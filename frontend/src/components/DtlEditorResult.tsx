/** Source and target of the chosen entity side by side; the sample as a strip. */

import { walkByArrows } from "./arrows";
import { EntityDiff } from "./EntityDiff";
import { content } from "../dtl/values";
import { type Translate, useT } from "../words";

export interface Result {
  source: Record<string, unknown>;
  emitted: Record<string, unknown>[];
  filtered: boolean;
  error: { message: string } | null;
}

export interface Outcome {
  id: string;
  outcome: "emitted" | "filtered" | "failed" | "nothing";
  differs?: boolean;
}

/** Every entity of the sample as a mark: what became of it, and is it another than deployed? */
export function Strip({ sample, chosen, choose }: { sample: Outcome[]; chosen: number; choose: (id: string) => void }) {
  const t = useT();
  return (
    <div className="sesam-strip" role="listbox" aria-label={t("entities of the sample")} aria-orientation="horizontal" onKeyDown={(event) => walkByArrows(event, "option", true)}>
      {sample.map((one, position) => {
        const said = `${one.id}: ${outcomeWord(one.outcome, t)}${one.differs ? `, ${t("differs from deployed")}` : ""}`;
        return (
          <button
            key={`${one.id}.${position}`}
            type="button"
            role="option"
            aria-selected={position === chosen}
            tabIndex={position === chosen ? 0 : -1}
            aria-label={said}
            title={said}
            className={`is-${one.outcome}${one.differs ? " is-different" : ""}`}
            onClick={() => choose(one.id)}
          />
        );
      })}
    </div>
  );
}

function outcomeWord(outcome: Outcome["outcome"], t: Translate): string {
  return { emitted: t("emitted"), filtered: t("filtered"), failed: t("failed"), nothing: t("nothing") }[outcome];
}

export function summary(sample: Outcome[], t: Translate): string {
  const count = (outcome: Outcome["outcome"]) => sample.filter((one) => one.outcome === outcome).length;
  const told = (["emitted", "filtered", "failed", "nothing"] as const)
    .filter((outcome) => count(outcome) > 0)
    .map((outcome) => `${count(outcome)} ${outcomeWord(outcome, t)}`);
  return `${t(sample.length === 1 ? "{n} entity" : "{n} entities", { n: sample.length })}: ${told.join(", ")}`;
}

export type Against = "deployed" | "source" | "nothing";

interface Props {
  result: Result;
  deployed: Result | null;
  against: Against;
}

export function Sides({ result, deployed, against }: Props) {
  const t = useT();
  const source = content(result.source);
  return (
    <div className="sesam-sides">
      <section>
        <h4>{t("source")}</h4>
        <EntityDiff entity={source} label={t("source entity")} />
      </section>
      <section>
        <h4>{t("target")}</h4>
        <Target result={result} against={compared(result, deployed, against)} />
      </section>
    </div>
  );
}

/** What each emitted entity is compared with. */
function compared(result: Result, deployed: Result | null, against: Against): (position: number) => Record<string, unknown> | null {
  if (against === "source") return () => content(result.source);
  if (against === "nothing" || deployed === null) return () => null;
  return (position) => {
    const id = result.emitted[position]?.["_id"];
    const other = deployed.emitted.find((one) => one["_id"] === id) ?? deployed.emitted[position];
    return other ? content(other) : {};
  };
}

function Target({ result, against }: { result: Result; against: (position: number) => Record<string, unknown> | null }) {
  const t = useT();
  if (result.error) return <div className="sesam-failure">{result.error.message}</div>;
  if (result.filtered) return <div className="sesam-empty">{t("filtered: a target of this id is deleted")}</div>;
  if (result.emitted.length === 0) return <div className="sesam-empty">{t("nothing comes out")}</div>;
  return (
    <>
      {result.emitted.slice(0, 20).map((entity, position) => (
        <EntityDiff key={position} entity={content(entity)} against={against(position)} label={t("target entity {n}", { n: position + 1 })} />
      ))}
      {result.emitted.length > 20 && <div className="sesam-empty">{t("and {n} more", { n: result.emitted.length - 20 })}</div>}
    </>
  );
}
