/** A place to try rules: over a dataset, or over what a pipe reads. Nothing is written until it is saved as a new pipe. */

import { lazy, Suspense } from "react";

import { useT } from "../../words";
import { usePage } from "../context";
import { useLive } from "../live";
import { hrefOf } from "../routes";

const RulesEditor = lazy(() => import("./Rules").then((module) => ({ default: module.RulesEditor })));
const NATURAL = new Intl.Collator("en", { numeric: true });

export function TryView({ kind, name }: { kind: "pipe" | "dataset" | ""; name: string }) {
  const t = useT();
  const { things, live } = useLive(usePage().live);
  const chosen = kind === "" ? "" : `${kind}/${name}`;
  const options = (names: string[], of: string) =>
    [...new Set([...names, ...(of === kind ? [name] : [])])].sort(NATURAL.compare).map((one) => (
      <option key={one} value={`${of}/${one}`}>{one}</option>
    ));
  const choose = (value: string) => {
    const [of = "", ...rest] = value.split("/");
    location.hash = value === "" ? hrefOf("try") : hrefOf("try", of, rest.join("/"));
  };
  return (
    <div className="sesam-thing">
      <div className="sesam-thing-head">
        <h1>{t("Try DTL")}</h1>
        <label>
          <span className="sesam-dim">{t("over")}</span>{" "}
          <select className="sesam-over" value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">{live ? t("choose a dataset or a pipe") : t("asking …")}</option>
            <optgroup label={t("Datasets")}>{options(Object.keys(things.datasets), "dataset")}</optgroup>
            <optgroup label={t("What a pipe reads, beginning with its rules")}>{options(Object.keys(things.pipes), "pipe")}</optgroup>
          </select>
        </label>
      </div>
      {kind === "" ? (
        <p className="sesam-dim">{t("Write rules and see at once what they make of real entities, with the value of every part beside it. Nothing is written; what is good is saved as a pipe.")}</p>
      ) : (
        <Suspense fallback={<div className="sesam-empty">…</div>}>
          <RulesEditor key={chosen} drafted={{ place: kind === "pipe" ? { pipe: name } : { dataset: name }, own: false, transform: null }} />
        </Suspense>
      )}
    </div>
  );
}
