/** One entity beside the grid: its tree, its versions, what refers to it, and where to go on. */

import { useState } from "react";

import { copyText } from "../clipboard";
import { content, lineOf, type Entity } from "../entity/format";
import { hasDebugger, hasKernel, type Host, messageOf } from "../host";
import { useT } from "../words";
import { EntityPane } from "./EntityTree";
import { useVersions, VersionSlider } from "./EntityTreeVersions";

export function GridDetail({ host, entity, onClose }: { host: Host; entity: Entity; onClose(): void }) {
  const t = useT();
  const id = String(entity["_id"]);
  const versions = useVersions(host, id);
  const [told, setTold] = useState("");
  const shown = versions.entity ?? entity;
  const copy = (text: string, copied: string) => void copyText(text).then((done) => setTold(done ? copied : t("the browser does not let this page copy")));
  return (
    <section
      className="sesam-detail"
      aria-label={t("entity {id}", { id })}
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose();
      }}
    >
      <header className="sesam-bar">
        <strong className="sesam-title" title={id}>{lineOf(id, 60)}</strong>
        {shown["_deleted"] === true && <span className="sesam-tag sesam-tag-bad">{t("deleted")}</span>}
        <span className="sesam-gap" />
        <button onClick={() => copy(JSON.stringify(content(shown), null, 2), t("JSON copied"))}>{t("Copy JSON")}</button>
        <button aria-label={t("close")} title={t("Close (Esc)")} onClick={onClose}>✕</button>
      </header>
      {told && <div className="sesam-dim sesam-pad" role="status">{told}</div>}
      {versions.list.length > 1 && <VersionSlider versions={versions} />}
      {versions.list.length === 1 && <div className="sesam-dim sesam-pad">{t("one version, written {time}", { time: versions.list[0]?.time.slice(0, 19).replace("T", " ") ?? "" })}</div>}
      {versions.error && <pre className="sesam-error" role="alert">{versions.error}</pre>}
      <div className="sesam-scroll">
        <EntityPane entity={shown} before={versions.before} />
        {!host.get<string | null>("moment") && <Reasons host={host} key={`r${id}`} id={id} />}
        <References host={host} key={id} id={id} />
        {hasDebugger(host) && <Debugging host={host} key={`d${id}`} id={id} copy={copy} />}
      </div>
    </section>
  );
}

/** Why the entity is as it is: back through the pipe and the rules that made it to what came in. */
function Reasons({ host, id }: { host: Host; id: string }) {
  const t = useT();
  const [told, setTold] = useState("");
  const [state, setState] = useState("");
  const ask = () => {
    setState(t("looking …"));
    host.request<string>("reasons_of", { entity_id: id }).then(
      (text) => {
        setTold(text);
        setState("");
      },
      (error: Error) => setState(messageOf(error)),
    );
  };
  return (
    <div className="sesam-pad">
      {told === "" ? (
        <>
          <button onClick={ask} title={t("Its source goes through the rules again, recorded")}>{t("Why is it so?")}</button> <span className="sesam-dim" role="status">{state}</span>
        </>
      ) : (
        <pre className="sesam-code sesam-reasons" tabIndex={0} aria-label={t("why it is so")}>{told}</pre>
      )}
    </div>
  );
}

/** As the node tells it, for each pipe that hops to the dataset. */
interface Reference {
  pipe: string;
  datasets: string[];
  joins: string[];
  recorded: boolean;
  count: number;
  ids: string[];
}

/** Which entities of other datasets look this one up, by the rules of the pipes that hop here. */
function References({ host, id }: { host: Host; id: string }) {
  const t = useT();
  const [found, setFound] = useState<Reference[] | null>(null);
  const [state, setState] = useState("");
  const ask = () => {
    setState(t("looking …"));
    host.request<Reference[]>("references", { entity_id: id }).then(
      (references) => {
        setFound(references);
        setState("");
      },
      (error: Error) => setState(messageOf(error)),
    );
  };
  if (found === null) {
    return (
      <div className="sesam-pad">
        <button onClick={ask} title={t("By the rules of the pipes that hop to this dataset")}>{t("What references this?")}</button> <span className="sesam-dim">{state}</span>
      </div>
    );
  }
  return (
    <div className="sesam-pad">
      <strong>{t("Referenced by")}</strong>
      {found.length === 0 && <p className="sesam-dim">{t("No pipe hops to this dataset.")}</p>}
      {found.map((one, at) => (
        <div key={at} className="sesam-reference">
          <div>
            <b>{one.pipe}</b> <span className="sesam-dim" title={one.joins.join("\n")}>{one.recorded ? t("by what its last runs looked up") : one.joins[0]}</span>
          </div>
          <div>
            {one.count === 0 ? t("no entity") : `${t("{n} of {datasets}", { n: one.count, datasets: one.datasets.join(", ") || t("its source") })}: `}
            {one.ids.map((other) => <code key={other}>{other}</code>)}
            {one.count > one.ids.length && " …"}
          </div>
        </div>
      ))}
    </div>
  );
}

/** The debugger of this entity in one of the pipes that read it, opened below the grid. */
function Debugging({ host, id, copy }: { host: Host; id: string; copy(text: string, copied: string): void }) {
  const t = useT();
  const [pipes, setPipes] = useState<string[] | null>(null);
  const [state, setState] = useState("");
  const failed = (error: Error) => setState(messageOf(error));
  const open = (pipe: string) => {
    setState(t("opening …"));
    host.request("debug", { pipe, entity_id: id }).then(() => setState(hasKernel(host) ? t("opened below") : ""), failed);
  };
  const ask = () => {
    host.request<string[]>("debugging").then((found) => {
      setPipes(found);
      if (found.length === 1 && found[0]) open(found[0]);
    }, failed);
  };
  return (
    <div className="sesam-pad">
      {pipes === null && <button onClick={ask} title={t("In a pipe that reads this dataset")}>{t("Open in debugger")}</button>} <span className="sesam-dim" role="status">{state}</span>
      {pipes?.length === 0 && <p className="sesam-dim">{t("No pipe transforms the entities of this dataset.")}</p>}
      {pipes?.map((pipe) => {
        const call = `hub.pipes[${JSON.stringify(pipe)}].debug(${JSON.stringify(id)})`;
        return (
          <div key={pipe} className="sesam-call">
            <code>{call}</code>
            <button onClick={() => open(pipe)}>{t("Open")}</button> <button onClick={() => copy(call, t("call copied"))}>{t("Copy")}</button>
          </div>
        );
      })}
    </div>
  );
}
