/** What needs an answer before it can be shown. */

import type { ReactNode } from "react";

import { useAsked } from "../asked";
import { HostError, messageOf } from "../host";
import { useT } from "../words";

export function Asked({ ask, children }: { ask(): Promise<unknown>; children: ReactNode }) {
  const t = useT();
  const { state, again } = useAsked(ask);
  if (state === "there") return children;
  if (state === "asking") return <div className="sesam-empty">{t("asking …")}</div>;
  const status = state instanceof HostError ? state.status : 0;
  return (
    <div className="sesam-box sesam-pad">
      {status === 403 && <p>{t("You have no permission to see this. Whoever keeps the node can give it.")}</p>}
      <pre className="sesam-error" role="alert">{messageOf(state)}</pre>
      {status !== 403 && <button onClick={again}>{t("Try again")}</button>}
    </div>
  );
}
