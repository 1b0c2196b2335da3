/** Where an editor is: in a notebook, a console or a file, and what stands around it. */

import type { ISessionContext } from "@jupyterlab/apputils";
import type { IConsoleTracker } from "@jupyterlab/console";
import type { IEditorTracker } from "@jupyterlab/fileeditor";
import type { INotebookTracker } from "@jupyterlab/notebook";
import type { Widget } from "@lumino/widgets";

import type { DtlEditor } from "./editors";

export interface Origin {
  kind: "notebook" | "console" | "file";
  widget: Widget;
  /** The path of the document, "" where it has none. */
  path: string;
  session: ISessionContext | null;
  /** The texts of all code cells of it, in order. */
  cells(): string[];
  /** Go to one of them, to write in it. */
  reveal(cell: number): void;
}

/** The services that know documents; Notebook 7 lacks some on some pages. */
export interface Trackers {
  notebooks: INotebookTracker | null;
  consoles: IConsoleTracker | null;
  files: IEditorTracker | null;
}

/** The document that an editor belongs to; null where none of JupyterLab's own holds it. */
export function originOf(editor: DtlEditor, { notebooks, consoles, files }: Trackers): Origin | null {
  const { dom } = editor.view;
  const notebook = notebooks?.find(({ node }) => node.contains(dom));
  if (notebook) {
    const { content } = notebook;
    const code = () => content.widgets.filter(({ model }) => model.type === "code");
    return {
      kind: "notebook",
      widget: notebook,
      path: notebook.context.path,
      session: notebook.sessionContext,
      cells: () => code().map(({ model }) => model.sharedModel.getSource()),
      reveal: (cell) => {
        content.activeCellIndex = content.widgets.indexOf(code()[cell]!);
        content.mode = "edit";
      },
    };
  }
  const console = consoles?.find(({ node }) => node.contains(dom));
  if (console) {
    const cells = () => [...console.console.cells].map(({ model }) => model.sharedModel.getSource());
    return { kind: "console", widget: console, path: console.sessionContext.path, session: console.sessionContext, cells, reveal: () => undefined };
  }
  const file = files?.find(({ node }) => node.contains(dom));
  return file ? { kind: "file", widget: file, path: file.context.path, session: null, cells: () => [], reveal: () => undefined } : null;
}
