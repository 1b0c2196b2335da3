/** The node's own page: asks for a token, then shows the node that it is served by. */

import { createRoot } from "react-dom/client";
import { useEffect, useState } from "react";

import { App } from "./App";
import { Login } from "./Login";
import { forgetToken, keepToken, takeToken } from "./token";

// Before anything else: a token does not stay in the address.
const given = takeToken(location, history, sessionStorage);
const base = new URL(".", location.href);

// The components ask whether it is dark as they ask JupyterLab.
const dark = matchMedia("(prefers-color-scheme: dark)");
const shade = () => document.documentElement.setAttribute("data-jp-theme-light", String(!dark.matches));
dark.addEventListener("change", shade);
shade();

function Main() {
  const [token, setToken] = useState(given);
  const [reason, setReason] = useState("");
  useEffect(() => {
    const linked = () => setToken(takeToken(location, history, sessionStorage));
    addEventListener("hashchange", linked);
    return () => removeEventListener("hashchange", linked);
  }, []);
  const leave = (why: string) => {
    forgetToken(sessionStorage);
    setToken(null);
    setReason(why);
  };
  if (token !== null) return <App key={token} base={base} token={token} leave={leave} />;
  const enter = (found: string) => {
    keepToken(found, sessionStorage);
    setReason("");
    setToken(found);
  };
  return <Login base={base} reason={reason} enter={enter} />;
}

createRoot(document.getElementById("page")!).render(<Main />);
