/** Where a view of the main area goes. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { Widget } from "@lumino/widgets";

import type { Place } from "./views";

/** How high a view below a notebook is at least. */
const BELOW = "340px";

/** Put a view into JupyterLab's main area, or beside the one notebook that a page of Notebook 7 has. */
export function put(shell: JupyterFrontEnd.IShell, isLab: boolean, widget: Widget, place: Place = {}): void {
  if (isLab) {
    shell.add(widget, "main", place);
    return;
  }
  // The notebook is on a page of its own and takes the one place in the middle.
  widget.node.style.minHeight = BELOW;
  shell.add(widget, "down");
  // Notebook has an area below since 7.4; before, it takes nothing there, and only its console says so.
  if (widget.parent === null) shell.add(widget, "right");
}
