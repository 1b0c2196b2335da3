/** The form that lets in: with a token, or as a user of the node. The node says whether it does. */

import { useEffect, useRef, useState, type FormEvent } from "react";

import { failureOf, NodeApi } from "../node_host/node";
import { useT } from "../words";
import { isToken, tidied } from "./token";

interface Props {
  base: URL;
  /** What the node said of the token that was used before. */
  reason: string;
  enter(token: string): void;
}

export function Login({ base, reason, enter }: Props) {
  const t = useT();
  const form = useRef<HTMLFormElement>(null);
  const [asUser, setAsUser] = useState(false);
  const [problem, setProblem] = useState(reason);
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    document.title = t("Log in · Sesam node");
  }, []);
  useEffect(() => form.current?.querySelector("input")?.focus(), [asUser]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const given = new FormData(form.current!);
    const field = (name: string) => String(given.get(name) ?? "");
    setAsking(true);
    setProblem("");
    try {
      const token = asUser ? await logIn(base, field("email").trim(), field("password")) : tidied(field("token"));
      if (token === "") throw new Error(t("paste a token first"));
      if (!isToken(token)) throw new Error(t("this is no token"));
      await new NodeApi(base, token, () => undefined).ask("status");
      enter(token);
    } catch (error) {
      setProblem((error as Error).message);
      setAsking(false);
      const inputs = form.current?.querySelectorAll("input");
      inputs?.[inputs.length - 1]?.select();
    }
  };
  const told = { "aria-describedby": "login-problem", "aria-invalid": problem !== "" };
  return (
    <main className="sesam sesam-login">
      <form ref={form} className="sesam-box" onSubmit={(event) => void submit(event)} aria-labelledby="login-title">
        <h1 id="login-title">{t("Sesam node")}</h1>
        <p className="sesam-dim">{base.host}</p>
        {asUser ? (
          <>
            <label htmlFor="login-email">{t("Email")}</label>
            <input id="login-email" name="email" type="email" autoComplete="username" required />
            <label htmlFor="login-password">{t("Password")}</label>
            <input id="login-password" name="password" type="password" autoComplete="current-password" required {...told} />
          </>
        ) : (
          <>
            <label htmlFor="login-token">{t("Token")}</label>
            <input id="login-token" name="token" type="password" autoComplete="off" spellCheck={false} {...told} />
          </>
        )}
        <div id="login-problem" className="sesam-failure" role="alert">
          {problem}
        </div>
        <button type="submit" className="sesam-main" disabled={asking}>
          {asking ? t("asking …") : t("Log in")}
        </button>
        <button
          type="button"
          className="sesam-link"
          onClick={() => {
            setAsUser(!asUser);
            setProblem("");
          }}
        >
          {asUser ? t("With a token instead") : t("With email and password instead")}
        </button>
        {!asUser && (
          <>
            <p className="sesam-dim">{t("On the machine of the node, this prints one, or opens this page with it:")}</p>
            <pre className="sesam-code">{"sesam-node token --data DIR\nsesam-node open --data DIR"}</pre>
          </>
        )}
        <p className="sesam-dim">{t("A token is kept in this tab until it is closed, and sent to this node only.")}</p>
      </form>
    </main>
  );
}

/** The token of a user of the node. Raises HostError with what the node says. */
async function logIn(base: URL, email: string, password: string): Promise<string> {
  const init = { method: "POST", body: new URLSearchParams({ email, password }), credentials: "omit", cache: "no-store" } as const;
  const answer = await fetch(new URL("api/jwt", base), init);
  const text = await answer.text();
  if (!answer.ok) throw failureOf(answer.status, text);
  return text;
}
