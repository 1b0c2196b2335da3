/** Lays out the text of an editor: the rules of a cell, or a whole file; comments stay. */

import { smallest } from "../../../frontend/src/dtl/smallest";
import type { Asking } from "./asking";
import type { DtlEditor } from "./editors";

/** Lay the text out. Raises HostError where it is no JSON; what was typed meanwhile stays as it is. */
export async function formatEditor(asking: Asking, editor: DtlEditor): Promise<void> {
  const { view } = editor;
  const { doc } = view.state;
  const cell = editor.kind === "cell" ? editor.regions[0] : undefined;
  const [from, to] = [cell?.from ?? 0, cell?.to ?? doc.length];
  const before = doc.sliceString(from, to);
  if (before.trim() === "") return;
  const laidOut = await asking.format(before);
  // A cell ends with its last character, a file with the end of its line.
  const after = cell ? laidOut.trimEnd() : laidOut;
  if (view.state.doc !== doc || after === before) return;
  view.dispatch({ changes: smallest(before, after, from), userEvent: "format" });
}
