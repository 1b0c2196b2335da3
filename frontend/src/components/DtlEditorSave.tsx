/** What saving would change, and saving. */

import { useEffect, useState } from "react";

import { takeFocus } from "./focus";
import { HostError, type Host } from "../host";
import { type Translate, useT } from "../words";

interface Changes {
  pipe: string;
  lines: string[];
  counts: Record<string, number> | null;
}

interface Props {
  host: Host;
  text: string;
  /** The pipe that the rules are of; "" for new ones, which need a name. */
  pipe: string;
  close: (saved: boolean) => void;
}

export function SavePanel({ host, text, pipe, close }: Props) {
  const t = useT();
  const [name, setName] = useState(pipe);
  const [asked, setAsked] = useState(pipe);
  const [changes, setChanges] = useState<Changes | null>(null);
  const [error, setError] = useState("");
  const [isSaving, setSaving] = useState(false);

  useEffect(() => {
    if (!asked) return;
    let isThere = true;
    setError("");
    setChanges(null);
    host
      .request<Changes>("changes_of", { text, pipe: asked })
      .then((found) => isThere && setChanges(found))
      .catch((failure: Error) => isThere && setError(failureText(failure)));
    return () => {
      isThere = false;
    };
  }, [text, asked]);

  const save = async () => {
    setSaving(true);
    try {
      await host.request("save_text", { text, pipe: asked });
      close(true);
    } catch (failure) {
      setError(failureText(failure as Error));
      setSaving(false);
    }
  };

  const nothing = changes !== null && changes.lines.length === 0;
  return (
    <div
      className="sesam-panel"
      role="dialog"
      aria-label={t("save the rules")}
      onKeyDown={(event) => event.key === "Escape" && close(false)}
    >
      {error && <div className="sesam-failure">{error}</div>}
      {!pipe && (
        <div className="sesam-bar">
          <label>
            {t("as pipe")}{" "}
            <input
              className="sesam-input"
              value={name}
              ref={takeFocus}
              onInput={(event) => setName(event.currentTarget.value)}
              onChange={(event) => setName(event.currentTarget.value)}
              onKeyDown={(event) => event.key === "Enter" && setAsked(name.trim())}
            />
          </label>
          <button type="button" className="sesam-button" disabled={!name.trim()} onClick={() => setAsked(name.trim())}>
            {t("Show changes")}
          </button>
        </div>
      )}
      {asked && !changes && !error && <div className="sesam-empty">{t("comparing with what is deployed…")}</div>}
      {nothing && <div className="sesam-empty">{t("nothing would change: this is what is deployed")}</div>}
      {changes && !nothing && (
        <>
          <pre className="sesam-code sesam-difference">
            {changes.lines.map((line, number) => (
              <div key={number} className={lineClass(line)}>
                {line}
              </div>
            ))}
          </pre>
          {changes.counts && <p>{outputText(changes.counts, t)}</p>}
          {text.includes("//") || text.includes("/*") ? <p className="sesam-dim">{t("Comments of the text are not kept on the node.")}</p> : null}
        </>
      )}
      <div className="sesam-bar">
        {changes && !nothing && (
          <button type="button" className="sesam-button is-main" disabled={isSaving} onClick={() => void save()} ref={takeFocus}>
            {isSaving ? t("Saving…") : t("Save to {pipe}", { pipe: changes.pipe })}
          </button>
        )}
        <button type="button" className="sesam-button" onClick={() => close(false)}>
          {nothing ? t("Close") : t("Cancel")}
        </button>
      </div>
    </div>
  );
}

function lineClass(line: string): string {
  if (line.startsWith("+++") || line.startsWith("---")) return "is-head";
  return line[0] === "+" ? "is-added" : line[0] === "-" ? "is-removed" : "";
}

function outputText(counts: Record<string, number>, t: Translate): string {
  const told: Record<string, string> = {
    added: t("{n} added", { n: counts["added"] ?? 0 }),
    changed: t("{n} changed", { n: counts["changed"] ?? 0 }),
    deleted: t("{n} deleted", { n: counts["deleted"] ?? 0 }),
    errors: t("{n} failing", { n: counts["errors"] ?? 0 }),
  };
  const changes = Object.keys(told).filter((what) => counts[what]).map((what) => told[what]);
  return t("Over {n} source entities the output would have {changes}.", { n: counts["read"] ?? 0, changes: changes.join(", ") || t("no changes") });
}

function failureText(failure: Error): string {
  const problems = failure instanceof HostError ? failure.problems : [];
  return [failure.message, ...problems.map(({ path, message, hint }) => `${path}  ${message}${hint ? `; ${hint}` : ""}`)].join("\n");
}
