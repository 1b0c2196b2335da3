/** Another name for a rule or an alias, wherever it stands. */

import type { EditorView } from "@codemirror/view";
import { useEffect, useState } from "react";

import { symbolAt } from "./DtlEditorCode";
import { takeFocus } from "./focus";
import type { Host } from "../host";
import { type NamedSymbol, rename } from "../dtl/symbols";
import { useT } from "../words";

interface Props {
  host: Host;
  view: EditorView;
  /** Where the name stands. */
  at: number;
  /** Told what there is to say; "" for nothing. */
  close: (said: string) => void;
}

export function RenamePanel({ host, view, at, close }: Props) {
  const t = useT();
  const [symbol, setSymbol] = useState<NamedSymbol | null>(null);
  const [name, setName] = useState("");
  const [error, setError] = useState("");

  useEffect(() => {
    let isThere = true;
    const look = async () => {
      const found = await symbolAt(host, view, at);
      if (found === null) return close(t("There is no name of a rule, alias or dataset here"));
      // What cannot be renamed at all is told before a name is asked for.
      const same = await symbolAt(host, view, at, found.name);
      if (!isThere) return;
      if (same?.problem) return close(same.problem);
      setSymbol(found);
      setName(found.name);
    };
    look().catch((failure: Error) => isThere && close(failure.message));
    return () => {
      isThere = false;
    };
  }, [at]);

  const give = async () => {
    const { doc } = view.state;
    try {
      const found = await symbolAt(host, view, at, name);
      if (found?.problem) return setError(found.problem);
      if (found && view.state.doc === doc) rename(view, found);
      close("");
    } catch (failure) {
      setError((failure as Error).message);
    }
  };

  if (symbol === null) return null;
  const n = symbol.occurrences.length;
  return (
    <div className="sesam-panel" role="dialog" aria-label={t("rename")} onKeyDown={(event) => event.key === "Escape" && close("")}>
      <div className="sesam-bar">
        <label>
          {t('new name of "{name}"', { name: symbol.name })}{" "}
          <input
            className="sesam-input"
            value={name}
            ref={takeFocus}
            onInput={(event) => setName(event.currentTarget.value)}
            onChange={(event) => setName(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Enter" && void give()}
          />
        </label>
        <span className="sesam-dim">{t(n === 1 ? "stands here once" : "stands here {n} times", { n })}</span>
        <button type="button" className="sesam-button is-main" onClick={() => void give()}>
          {t("Rename")}
        </button>
        <button type="button" className="sesam-button" onClick={() => close("")}>
          {t("Cancel")}
        </button>
      </div>
      {error && (
        <div className="sesam-failure" role="alert">
          {error}
        </div>
      )}
    </div>
  );
}
