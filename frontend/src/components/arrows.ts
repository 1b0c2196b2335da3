/** Arrow keys in lists, tabs and trees: the whole of it is one stop of the Tab key, arrows walk within. */

import type { KeyboardEvent } from "react";

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** Moves the focus among the elements of a role within what heard the key; with `choose` it is chosen as well. */
export function walkByArrows(event: KeyboardEvent<HTMLElement>, role: "option" | "tab" | "treeitem", choose = false): void {
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>(`[role="${role}"]`)];
  const here = all.indexOf(document.activeElement as HTMLElement);
  const step = STEPS[event.key];
  const next = event.key === "Home" ? all[0] : event.key === "End" ? all.at(-1) : step === undefined || here < 0 ? undefined : all[here + step];
  if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  next.focus();
  if (choose) next.click();
}
