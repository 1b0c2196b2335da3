/** The versions of an entity: a slider over them, and the choice to compare with the one before. */

import { useEffect, useState } from "react";

import type { Entity } from "../entity/format";
import { messageOf, type Host } from "../host";
import { type Translate, useT } from "../words";

/** One change in the life of an entity. */
export interface VersionFacts {
  _updated: number;
  time: string;
  change: string;
}

export interface Versions {
  /** Oldest first. */
  list: VersionFacts[];
  complete: boolean;
  at: number;
  choose(at: number): void;
  compare: boolean;
  setCompare(compare: boolean): void;
  entity: Entity | null;
  /** The version before the chosen one, where they are to be compared. */
  before: Entity | null;
  error: string;
}

/** The versions of an entity of the host's dataset, and the chosen one; none without an id. */
export function useVersions(host: Host, id: string | null): Versions {
  const [list, setList] = useState<VersionFacts[]>([]);
  const [complete, setComplete] = useState(true);
  const [at, choose] = useState(-1);
  const [compare, setCompare] = useState(false);
  const [pair, setPair] = useState<[Entity | null, Entity | null]>([null, null]);
  const [error, setError] = useState("");
  useEffect(() => {
    setPair([null, null]);
    setError("");
    setList([]);
    if (!id) return;
    let ended = false;
    host.request<{ changes: VersionFacts[]; complete: boolean }>("versions", { entity_id: id }).then(
      (found) => {
        if (ended) return;
        setList(found.changes);
        setComplete(found.complete);
        choose(found.changes.length - 1);
      },
      (failure: Error) => !ended && setError(messageOf(failure)),
    );
    return () => {
      ended = true;
    };
  }, [host, id]);
  useEffect(() => {
    const wanted = list[at];
    if (!id || wanted === undefined) return;
    let ended = false;
    const earlier = compare ? list[at - 1] : undefined;
    const read = (one: VersionFacts | undefined) =>
      one ? host.request<Entity>("version", { entity_id: id, offset: one._updated }) : Promise.resolve(null);
    Promise.all([read(wanted), read(earlier)]).then(
      (found) => !ended && setPair(found),
      (failure: Error) => !ended && setError(messageOf(failure)),
    );
    return () => {
      ended = true;
    };
  }, [host, id, list, at, compare]);
  return { list, complete, at, choose, compare, setCompare, entity: pair[0], before: pair[1], error };
}

/** A change as the node calls it, in words. */
function changeWord(change: string, t: Translate): string {
  const words: Record<string, string> = { added: t("added"), changed: t("changed"), deleted: t("deleted") };
  return words[change] ?? change;
}

export function VersionSlider({ versions }: { versions: Versions }) {
  const t = useT();
  const { list, at, choose } = versions;
  const chosen = list[at];
  const facts = [
    t("{n} of {all}", { n: at + 1, all: list.length }) + (versions.complete ? "" : "+"),
    changeWord(chosen?.change ?? "", t),
    chosen?.time.slice(0, 19).replace("T", " ") ?? "",
    at === list.length - 1 ? t("latest") : "",
  ];
  return (
    <div className="sesam-versions">
      <button className="sesam-step" aria-label={t("older version")} disabled={at <= 0} onClick={() => choose(at - 1)}>‹</button>
      <input
        type="range"
        aria-label={t("version")}
        aria-valuetext={chosen ? `${chosen.time}, ${changeWord(chosen.change, t)}` : ""}
        min={0}
        max={list.length - 1}
        value={at}
        onInput={(event) => choose(Number(event.currentTarget.value))}
      />
      <button className="sesam-step" aria-label={t("newer version")} disabled={at >= list.length - 1} onClick={() => choose(at + 1)}>›</button>
      <span className="sesam-version-facts">{facts.filter((fact) => fact !== "").join(" · ")}</span>
      <label>
        <input type="checkbox" checked={versions.compare} onChange={() => versions.setCompare(!versions.compare)} /> {t("changes")}
      </label>
    </div>
  );
}
