/** The variables at a position: what the step there changes in the target, the source, the caller. */

import { useState } from "react";

import { EntityDiff, Value } from "./EntityDiff";
import { takeFocus } from "./focus";
import type { Recording, State } from "../dtl/trace";
import { content, pretty, same } from "../dtl/values";
import { useT } from "../words";

interface Props {
  recording: Recording;
  position: number;
  /** Makes values editable: what would be with another one, in the source or in a stored entity? */
  whatIf?: WhatIf | undefined;
}

export type WhatIf = (changes: Record<string, unknown>, stored?: { dataset: string; id: string }) => void;

export function TraceViewState({ recording, position, whatIf }: Props) {
  const t = useT();
  const before = recording.at(position);
  const after = recording.at(position, true);
  // A rule as a whole would show all that it is about to do.
  const isRule = recording.events[position]?.kind === "rule";
  const isStep = position < recording.end && !isRule;
  const isOwn = isEntity(before._S) && same(before._S, recording.source);
  return (
    <div className="sesam-variables">
      <section>
        <h4>
          _T <span className="sesam-dim">{position >= recording.end ? t("at the end") : !isStep || same(before._T, after._T) ? t("as it is here") : t("what this step does to it")}</span>
        </h4>
        <EntityDiff entity={isRule ? before._T : after._T} against={isStep ? before._T : null} label={t("target")} changesFirst />
      </section>
      <section>
        <h4>
          _S <span className="sesam-dim">{t("of rule {name}", { name: before.rule })}</span>
        </h4>
        {isOwn && whatIf ? (
          <Editable entity={content(before._S as Record<string, unknown>)} label={t("source")} whatIf={whatIf} />
        ) : (
          <Source value={before._S} />
        )}
      </section>
      <Found recording={recording} position={position} whatIf={whatIf} />
      {callers(before).map((caller, depth) => (
        <details key={depth} open={depth === 0}>
          <summary>
            {"_P.".repeat(depth)}_P <span className="sesam-dim">{t("of rule {name}", { name: caller.rule })}</span>
          </summary>
          <h4>_T</h4>
          <EntityDiff entity={caller._T} label={t("target of the caller")} />
          <h4>_S</h4>
          <Source value={caller._S} />
        </details>
      ))}
    </div>
  );
}

function callers(state: State): State[] {
  return state._P === null ? [] : [state._P, ...callers(state._P)];
}

function isEntity(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function Source({ value }: { value: unknown }) {
  const t = useT();
  return isEntity(value) ? <EntityDiff entity={content(value)} label={t("source")} /> : <Value value={value} />;
}

/** What the hops that we are at, or in, have found. */
function Found({ recording, position, whatIf }: { recording: Recording; position: number; whatIf: WhatIf | undefined }) {
  const t = useT();
  if (position >= recording.end) return null;
  const number = [position, ...recording.ancestors(position)].find((one) => recording.events[one]!.rows);
  if (number === undefined) return null;
  const rows = recording.events[number]!.rows!;
  return (
    <section>
      <h4>
        {t("hops")} <span className="sesam-dim">{rows.length === 1 ? t("found one row") : t("found {n} rows", { n: rows.length })}</span>
      </h4>
      {rows.slice(0, ROWS).map((row, n) =>
        Object.entries(row).map(([alias, found]) => {
          const value = recording.value(found.value);
          const where = `${alias}: ${found.dataset} ${found.id}`;
          return (
            <div key={`${n} ${alias}`}>
              <div className="sesam-dim sesam-note">{where}</div>
              {isEntity(value) && whatIf ? (
                <Editable entity={content(value)} label={where} whatIf={(changes) => whatIf(changes, found)} />
              ) : (
                <Source value={value} />
              )}
            </div>
          );
        }),
      )}
      {rows.length > ROWS && <div className="sesam-empty">{t("and {n} more", { n: rows.length - ROWS })}</div>}
    </section>
  );
}

const ROWS = 5;

/** An entity with a field for each value; what is written is tried, and stored nowhere. */
function Editable({ entity, label, whatIf }: { entity: Record<string, unknown>; label: string; whatIf: (changes: Record<string, unknown>) => void }) {
  const t = useT();
  const [editing, setEditing] = useState<string | null>(null);
  return (
    <table className="sesam-entity" aria-label={label}>
      <tbody>
        {Object.entries(entity).map(([name, value]) => (
          <tr key={name}>
            <td className="sesam-entity-mark" />
            <th scope="row">{name}</th>
            <td>
              {editing === name ? (
                <ValueField
                  name={name}
                  value={value}
                  done={(changed) => {
                    setEditing(null);
                    if (changed !== undefined && !same(changed, value)) whatIf({ [name]: changed });
                  }}
                />
              ) : (
                <>
                  <Value value={value} />
                  {name !== "_id" && (
                    <button type="button" className="sesam-link sesam-pen" title={t("what if {name} were something else?", { name })} aria-label={t("edit {name}", { name })} onClick={() => setEditing(name)}>
                      ✎
                    </button>
                  )}
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ValueField({ name, value, done }: { name: string; value: unknown; done: (changed?: unknown) => void }) {
  const t = useT();
  const [text, setText] = useState(pretty(value, 30));
  const [error, setError] = useState("");
  const read = () => {
    try {
      done(JSON.parse(text));
    } catch (failure) {
      setError(t("that is no JSON: {problem}", { problem: (failure as Error).message }));
    }
  };
  return (
    <>
      <textarea
        className="sesam-input sesam-field"
        aria-label={t("value of {name}", { name })}
        rows={Math.min(8, text.split("\n").length)}
        value={text}
        ref={takeFocus}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") done();
          if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            read();
          }
        }}
      />
      <div className="sesam-dim">{error || t("Enter: what if; Escape: as it was; Shift+Enter: a new line")}</div>
    </>
  );
}
