/** Is an element on the screen? What is not seen need not be kept up to date. */

import { useEffect, useState, type RefObject } from "react";

export function useVisible(element: RefObject<Element | null>): boolean {
  const [seen, setSeen] = useState(false);
  const [front, setFront] = useState(document.visibilityState === "visible");
  useEffect(() => {
    if (element.current === null) return;
    const observer = new IntersectionObserver((entries) => setSeen(entries.at(-1)?.isIntersecting ?? false));
    observer.observe(element.current);
    const turned = () => setFront(document.visibilityState === "visible");
    document.addEventListener("visibilitychange", turned);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", turned);
    };
  }, [element]);
  return seen && front;
}

/** Call again and again while `active`, `every` milliseconds after the last call has ended. */
export function useEvery(active: boolean, every: number, call: () => Promise<void>): void {
  useEffect(() => {
    if (!active) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const turn = async () => {
      await call().catch(() => undefined);
      if (!ended) timer = setTimeout(turn, every);
    };
    void turn();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [active, every, call]);
}
