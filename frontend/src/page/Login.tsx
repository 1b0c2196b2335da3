/** The form that takes a token. The node says whether it is good for anything. */

import { useEffect, useRef, useState, type FormEvent } from "react";

import { NodeApi } from "../node_host/node";
import { useT } from "../words";
import { tidied } from "./token";

export function Login({ base, reason, enter }: { base: URL; reason: string; enter(token: string): void }) {
  const t = useT();
  const field = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState(reason);
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    document.title = t("Log in · Sesam node");
    field.current?.focus();
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const token = tidied(field.current?.value ?? "");
    if (token === "") {
      setProblem(t("paste a token first"));
      field.current?.focus();
      return;
    }
    setAsking(true);
    setProblem("");
    // What cannot stand in a header is no token, and is not sent.
    const asked = /^[\x21-\x7e]+$/.test(token) ? new NodeApi(base, token, () => undefined).ask("status") : Promise.reject(new Error(t("this is no token")));
    asked.then(
      () => enter(token),
      (error: Error) => {
        setProblem(error.message);
        setAsking(false);
        field.current?.select();
      },
    );
  };
  return (
    <main className="sesam sesam-login">
      <form className="sesam-box" onSubmit={submit} aria-labelledby="login-title">
        <h1 id="login-title">{t("Sesam node")}</h1>
        <p className="sesam-dim">{base.host}</p>
        <label htmlFor="login-token">{t("Token")}</label>
        <input id="login-token" ref={field} type="password" autoComplete="off" spellCheck={false} aria-describedby="login-hint login-problem" aria-invalid={problem !== ""} />
        <div id="login-problem" className="sesam-failure" role="alert">
          {problem}
        </div>
        <button type="submit" className="sesam-main" disabled={asking}>
          {asking ? t("asking …") : t("Log in")}
        </button>
        <p id="login-hint" className="sesam-dim">
          {t("On the machine of the node, this prints one, or opens this page with it:")}
        </p>
        <pre className="sesam-code">{"sesam-node token --data DIR\nsesam-node open --data DIR"}</pre>
        <p className="sesam-dim">{t("The token is kept in this tab until it is closed, and sent to this node only.")}</p>
      </form>
    </main>
  );
}
