/** A quote that is typed behind one that closes a text already: completion has brought it. */

import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

/** Does a line, up to the cursor, end with the quote that closes a text? There no other one can stand. */
export function isClosed(line: string): boolean {
  let open = false;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === "\\" && open) at++;
    else if (line[at] === '"') open = !open;
  }
  return line.endsWith('"') && !open;
}

/** Typing the quote that is there already goes over it, where `holds` says that the place is one of rules. */
export function overQuotes(holds: (view: EditorView, at: number) => boolean): Extension {
  return EditorView.inputHandler.of((view, from, to, text) => {
    if (text !== '"' || from !== to || !holds(view, from)) return false;
    return isClosed(view.state.sliceDoc(view.state.doc.lineAt(from).from, from));
  });
}
