/** Source and target of the chosen entity side by side; the sample as a strip. */

import { useRef, useState } from "react";

import { walkByArrows } from "./arrows";
import { EntityDiff } from "./EntityDiff";
import type { Outcome, Result, Shown } from "../dtl/live";
import { content } from "../dtl/values";
import { type Translate, useT } from "../words";

/** What rules make of a sample: one entity of it, to be chosen, with what becomes of it; the others as marks. */
export function SampleResult({ shown, hasDeployed, choose }: { shown: Shown; hasDeployed: boolean; choose: (id: string) => void }) {
  const t = useT();
  const [wanted, setWanted] = useState<Against>("deployed");
  const against = wanted === "deployed" && !hasDeployed ? "source" : wanted;
  const { sample, chosen } = shown;
  const changed = sample.filter((one) => one.differs);
  const nextDifferent = () => choose((sample.find((one, position) => position > chosen && one.differs) ?? changed[0]!).id);
  return (
    <>
      <div className="sesam-bar">
        <button type="button" className="sesam-button" aria-label={t("entity before")} title={t("Alt+PageUp")} onClick={() => choose(turned(shown, -1))}>
          ‹
        </button>
        <PickEntity key={sample[chosen]?.id} sample={sample} chosen={chosen} choose={choose} />
        <button type="button" className="sesam-button" aria-label={t("next entity")} title={t("Alt+PageDown")} onClick={() => choose(turned(shown, 1))}>
          ›
        </button>
        <span className="sesam-grow" />
        <label>
          {t("marked against")}{" "}
          <select value={against} onChange={(event) => setWanted(event.currentTarget.value as Against)}>
            {hasDeployed && <option value="deployed">{t("deployed")}</option>}
            <option value="source">{t("source")}</option>
            <option value="nothing">{t("nothing")}</option>
          </select>
        </label>
      </div>
      <Strip sample={sample} chosen={chosen} choose={choose} />
      <div className="sesam-dim">
        {summary(sample, t)}
        {changed.length > 0 && (
          <>
            {"; "}
            <button type="button" className="sesam-link" onClick={nextDifferent}>
              {t(changed.length === 1 ? "{n} differs from deployed" : "{n} differ from deployed", { n: changed.length })}
            </button>
          </>
        )}
      </div>
      {shown.result && <Sides result={shown.result} deployed={shown.deployed} against={against} />}
    </>
  );
}

/** The id of the next entity of the sample, or with -1 of the one before. */
export function turned({ sample, chosen }: Shown, by: number): string {
  return sample[(chosen + by + sample.length) % sample.length]!.id;
}

/** The id of the chosen entity; another one may be written, also one outside of the sample. */
function PickEntity({ sample, chosen, choose }: { sample: Outcome[]; chosen: number; choose: (id: string) => void }) {
  const t = useT();
  const [written, setWritten] = useState(sample[chosen]?.id ?? "");
  const list = useRef(`ids-${Math.random().toString(36).slice(2)}`);
  return (
    <>
      <input
        className="sesam-input"
        aria-label={t("id of the entity")}
        list={list.current}
        value={written}
        onInput={(event) => setWritten(event.currentTarget.value)}
        onChange={(event) => setWritten(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
        onKeyDown={(event) => event.key === "Enter" && choose(written)}
        onBlur={() => written !== sample[chosen]?.id && choose(written)}
      />
      <datalist id={list.current}>
        {sample.map((one, position) => (
          <option key={position} value={one.id} />
        ))}
      </datalist>
    </>
  );
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

type Against = "deployed" | "source" | "nothing";

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
