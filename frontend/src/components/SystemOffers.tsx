/** What a system has to read: tables, views, files; one with its columns and first entities, and the pipe for it. */

import { useEffect, useState } from "react";

import { walkByArrows } from "./arrows";
import { EntityDiff } from "./EntityDiff";
import { content } from "../dtl/values";
import { messageOf, type Host } from "../host";
import { type Translate, useT } from "../words";

interface Column {
  name: string;
  type: string;
  primary_key?: boolean;
}

interface Offer {
  id: string;
  kind: string;
  columns: Column[];
  samples?: Record<string, unknown>[];
  pipe?: { _id: string } | null;
  problem?: string;
}

interface Offers {
  offers: Offer[];
  more: boolean;
}

function kindWord(kind: string, t: Translate): string {
  const words: Record<string, string> = { table: t("table"), view: t("view"), file: t("file"), topic: t("topic"), index: t("index"), collection: t("collection"), operation: t("operation") };
  return words[kind] ?? kind;
}

export function SystemOffers({ host, open }: { host: Host; open(pipe: string): void }) {
  const t = useT();
  const [search, setSearch] = useState("");
  const [found, setFound] = useState<Offers | null>(null);
  const [failure, setFailure] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  useEffect(() => {
    let ended = false;
    // With a pause, so that a word that is typed is one question.
    const timer = setTimeout(() => {
      host.request<Offers>("offers", { search }).then(
        (offers) => {
          if (ended) return;
          setFound(offers);
          setFailure("");
        },
        (error: Error) => !ended && setFailure(messageOf(error)),
      );
    }, found === null ? 0 : 250);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [host, search]);
  const isListed = found?.offers.some(({ id }) => id === chosen);
  return (
    <div className="sesam-box sesam-offers">
      <div className="sesam-bar">
        <strong className="sesam-title">{host.get<string>("name")}</strong>
        <input type="search" placeholder={t("find")} aria-label={t("find a table or file")} value={search} onInput={(event) => setSearch(event.currentTarget.value)} onChange={(event) => setSearch(event.currentTarget.value)} />
        <span className="sesam-dim" role="status">
          {found === null ? (failure ? "" : t("asking the system …")) : found.more ? t("{n} and more: type to find others", { n: found.offers.length }) : String(found.offers.length)}
        </span>
      </div>
      {failure && <pre className="sesam-error" role="alert">{failure}</pre>}
      <div className="sesam-offers-body">
        <ul role="listbox" aria-label={t("what it offers")} onKeyDown={(event) => walkByArrows(event, "option")}>
          {found?.offers.map((offer) => (
            <li key={offer.id} role="presentation">
              <button role="option" aria-selected={offer.id === chosen} tabIndex={offer.id === (isListed ? chosen : found.offers[0]?.id) ? 0 : -1} {...(offer.problem ? { title: offer.problem } : {})} onClick={() => setChosen(offer.id)}>
                <span className="sesam-offer-name">{offer.id}</span>
                <span className="sesam-dim">{offer.problem ? t("{kind}, with a note", { kind: kindWord(offer.kind, t) }) : kindWord(offer.kind, t)}</span>
              </button>
            </li>
          ))}
          {found?.offers.length === 0 && <li role="presentation" className="sesam-empty">{search ? t("nothing with that name") : t("it offers nothing")}</li>}
        </ul>
        {chosen === null ? <div className="sesam-empty">{t("Choose one to see its columns and first entities.")}</div> : <One key={chosen} host={host} id={chosen} open={open} />}
      </div>
    </div>
  );
}

function One({ host, id, open }: { host: Host; id: string; open(pipe: string): void }) {
  const t = useT();
  const [offer, setOffer] = useState<Offer | null>(null);
  const [failure, setFailure] = useState("");
  const [name, setName] = useState("");
  const [state, setState] = useState("");
  const [made, setMade] = useState("");
  useEffect(() => {
    let ended = false;
    host.request<Offer>("offer", { offer: id }).then(
      (told) => {
        if (ended) return;
        setOffer(told);
        setName(told.pipe?._id ?? "");
      },
      (error: Error) => !ended && setFailure(messageOf(error)),
    );
    return () => {
      ended = true;
    };
  }, [host, id]);
  const collect = () => {
    setState(t("making the pipe …"));
    setFailure("");
    host.request<string>("collect", { offer: id, name: name.trim() }).then(
      (pipe) => {
        setState(t('"{pipe}" is made and runs', { pipe }));
        setMade(pipe);
      },
      (error: Error) => {
        setState("");
        setFailure(messageOf(error));
      },
    );
  };
  return (
    <section className="sesam-offer" aria-label={t("{name}: columns and first entities", { name: id })}>
      {offer?.pipe && (
        <form
          className="sesam-bar"
          onSubmit={(event) => {
            event.preventDefault();
            collect();
          }}
        >
          <label>
            {t("pipe")} <input value={name} aria-label={t("name of the pipe")} onInput={(event) => setName(event.currentTarget.value)} onChange={(event) => setName(event.currentTarget.value)} />
          </label>
          <button className="sesam-main" type="submit" disabled={name.trim() === ""}>{t("Create pipe and run it")}</button>
          <span className="sesam-dim" role="status">{state}</span>
          {made && <button type="button" onClick={() => open(made)}>{t("Show its runs")}</button>}
        </form>
      )}
      {failure && <pre className="sesam-error" role="alert">{failure}</pre>}
      {offer === null && !failure && <div className="sesam-empty">{t("reading its first entities …")}</div>}
      {offer?.problem && <div className="sesam-failure">{offer.problem}</div>}
      {offer && (
        <table className="sesam-table">
          <thead>
            <tr>
              <th>{t("column")}</th>
              <th>{t("type")}</th>
            </tr>
          </thead>
          <tbody>
            {offer.columns.map((column) => (
              <tr key={column.name}>
                <td>{column.name}</td>
                <td>
                  {column.type}
                  {column.primary_key && <span className="sesam-tag">{t("key")}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {offer?.samples?.slice(0, 3).map((entity, number) => <EntityDiff key={number} entity={content(entity)} label={t("entity {n}", { n: number + 1 })} />)}
    </section>
  );
}
