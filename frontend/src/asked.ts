/** What needs an answer before it can be shown: asked for when it is there to be shown, and again where it failed. */

import { useEffect, useState } from "react";

export type AskedState = "asking" | "there" | Error;

export function useAsked(ask: () => Promise<unknown>): { state: AskedState; again: () => void } {
  const [state, setState] = useState<AskedState>("asking");
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let ended = false;
    setState("asking");
    ask().then(
      () => !ended && setState("there"),
      (error: Error) => !ended && setState(error),
    );
    return () => {
      ended = true;
    };
  }, [turn]);
  return { state, again: () => setTurn(turn + 1) };
}
