/** Follows the editors that hold DTL: cells of notebooks and consoles, files of configuration. */

import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import type { Cell } from "@jupyterlab/cells";
import type { CodeEditor } from "@jupyterlab/codeeditor";
import { type CodeMirrorEditor, IEditorExtensionRegistry } from "@jupyterlab/codemirror";
import { IConsoleTracker } from "@jupyterlab/console";
import { IEditorTracker } from "@jupyterlab/fileeditor";
import { INotebookTracker } from "@jupyterlab/notebook";

import { Editors } from "../dtl/editors";
import { originOf, type Trackers } from "../dtl/origin";
import { ISesamEditors } from "../tokens";

export const editorsPlugin: JupyterFrontEndPlugin<ISesamEditors> = {
  id: "sesam-interactive:editors",
  description: "Finds the editors that hold DTL.",
  autoStart: true,
  provides: ISesamEditors,
  optional: [IEditorExtensionRegistry, INotebookTracker, IConsoleTracker, IEditorTracker],
  activate: (
    _app,
    registry: IEditorExtensionRegistry | null,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    files: IEditorTracker | null,
  ) => {
    const editors = new Editors();
    const trackers: Trackers = { notebooks, consoles, files };
    registry?.addExtension({
      name: "sesam-dtl",
      factory: ({ model, inline }) => {
        const extension = editors.watching(model, inline);
        return { instance: () => extension, reconfigure: () => null };
      },
    });
    // A cell is chosen without the focus too, in command mode; a tab brings its editor along.
    notebooks?.activeCellChanged.connect((_, cell: Cell | null) => editors.activate(viewOf(cell?.editor)));
    consoles?.currentChanged.connect((_, panel) => panel && editors.activate(viewOf(panel.console.promptCell?.editor)));
    files?.currentChanged.connect((_, file) => file && editors.activate(viewOf(file.content.editor)));
    return Object.assign(editors, { originOf: (editor: Parameters<typeof originOf>[0]) => originOf(editor, trackers) });
  },
};

function viewOf(editor: CodeEditor.IEditor | null | undefined) {
  return (editor as CodeMirrorEditor | null | undefined)?.editor ?? null;
}
