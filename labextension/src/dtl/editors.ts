/** The editors of JupyterLab that hold DTL: found as they are made, and told when that changes. */

import { Compartment, EditorState, type Extension, type Text } from "@codemirror/state";
import { EditorView, type PluginValue, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import type { CodeEditor } from "@jupyterlab/codeeditor";
import { Signal } from "@lumino/signaling";

import { cellOf, fileRegions, isCell, type Region, regionAt } from "../../../frontend/src/dtl/region";

/** The MIME type of files of configuration in the editor. */
export const DTL_MIME = "application/x-sesam-dtl";
/** The class of editors that hold DTL, for style sheets and shortcuts. */
export const DTL_CLASS = "sesam-dtl-editor";
/** As much of a text as must be read to know whether it is a cell. */
const HEAD = 400;
const NOTHING: Extension = [];

type Holds = "cell" | "file";

/** An editor that holds DTL now. */
export class DtlEditor {
  /** Told after each change of the text. */
  readonly changed = new Signal<this, void>(this);
  private read: { doc: Text; regions: readonly Region[] } | null = null;

  constructor(
    readonly kind: Holds,
    readonly view: EditorView,
    readonly model: CodeEditor.IModel,
  ) {}

  /** The texts of DTL within: one of a cell, one for each pipe of a file. */
  get regions(): readonly Region[] {
    const { doc } = this.view.state;
    if (this.read?.doc !== doc) this.read = { doc, regions: regionsOf(this.kind, doc.toString()) };
    return this.read.regions;
  }

  /** That which the cursor is in, else the first one; null where there is none yet. */
  get region(): Region | null {
    return regionAt(this.regions, this.view.state.selection.main.head) ?? this.regions[0] ?? null;
  }
}

function regionsOf(kind: Holds, text: string): readonly Region[] {
  if (kind === "file") return fileRegions(text);
  const cell = cellOf(text);
  return cell === null ? [] : [cell];
}

/** What an editor of JupyterLab holds; null for what is no DTL. */
function holds(model: CodeEditor.IModel, inline: boolean, doc: Text): Holds | null {
  if (model.mimeType === DTL_MIME) return "file";
  if (!inline || /markdown|gfm/.test(model.mimeType)) return null;
  return isCell(doc.sliceString(0, HEAD)) ? "cell" : null;
}

export class Editors {
  /** Told with the editor that is the current one now. */
  readonly currentChanged = new Signal<this, DtlEditor | null>(this);
  private readonly slots = new Map<EditorView, Slot>();
  private readonly features: (() => Extension)[] = [() => EditorView.editorAttributes.of({ class: DTL_CLASS })];
  private shown: DtlEditor | null = null;

  /** Those that hold DTL now. */
  get all(): DtlEditor[] {
    return [...this.slots.values()].flatMap(({ editor }) => editor ?? []);
  }

  /** The one that had the focus last, or whose cell is the active one; null where that holds no DTL. */
  get current(): DtlEditor | null {
    return this.shown;
  }

  /** The editor of a view of CodeMirror; null where it holds no DTL. */
  of(view: EditorView | null | undefined): DtlEditor | null {
    return (view && this.slots.get(view)?.editor) ?? null;
  }

  /**
   * Give each editor something as long as it holds DTL; those that are open get it too.
   *
   * State fields and plugins that `make` gives again and again, not made anew, live on in `refresh`.
   */
  extend(make: () => Extension): void {
    this.features.push(make);
    this.refresh();
  }

  /** Ask anew for what editors are given. */
  refresh(): void {
    for (const slot of this.slots.values()) if (slot.editor) slot.fill();
  }

  /** Make an editor the current one. */
  activate(view: EditorView | null | undefined): void {
    const editor = this.of(view);
    if (editor === this.shown) return;
    this.shown = editor;
    this.currentChanged.emit(editor);
  }

  /** What each editor of JupyterLab gets, whatever it holds. */
  watching(model: CodeEditor.IModel, inline: boolean): Extension {
    const filling = new Compartment();
    const fits = (doc: Text): Extension => (holds(model, inline, doc) === null ? NOTHING : this.given);
    return [
      filling.of(fits(EditorState.create({ doc: model.sharedModel.getSource() }).doc)),
      // In the transaction of the change: no text is shown for a moment as what it is not.
      EditorState.transactionExtender.of((transaction) => {
        if (!transaction.docChanged) return null;
        const wanted = fits(transaction.newDoc);
        const isAnother = (wanted === NOTHING) !== (filling.get(transaction.startState) === NOTHING);
        return isAnother ? { effects: filling.reconfigure(wanted) } : null;
      }),
      ViewPlugin.define((view) => {
        const slot = new Slot(this, view, model, () => holds(model, inline, view.state.doc), () => filling.reconfigure(fits(view.state.doc)));
        this.slots.set(view, slot);
        return slot;
      }),
    ];
  }

  /** An editor is gone. */
  forget(slot: Slot): void {
    this.slots.delete(slot.view);
    if (this.shown !== null && this.shown === slot.editor) this.activate(null);
  }

  private get given(): Extension {
    return this.features.map((make) => make());
  }
}

/** The place of one editor of JupyterLab, whatever it holds. */
class Slot implements PluginValue {
  editor: DtlEditor | null = null;
  private isTold = true;

  constructor(
    private readonly editors: Editors,
    readonly view: EditorView,
    private readonly model: CodeEditor.IModel,
    private readonly holds: () => Holds | null,
    private readonly filling: () => ReturnType<Compartment["reconfigure"]>,
  ) {
    model.mimeTypeChanged.connect(this.fill, this);
    this.look();
  }

  update(update: ViewUpdate): void {
    if (!update.docChanged && !update.focusChanged) return;
    const before = this.editor;
    if (update.docChanged) this.look();
    const hasFocus = this.view.hasFocus && (update.focusChanged || before !== this.editor);
    // Listeners may change the text, which an update that is under way forbids.
    this.soon(update.docChanged, hasFocus);
  }

  /** Give the editor what it shall have by what it holds. */
  fill(): void {
    this.look();
    this.view.dispatch({ effects: this.filling() });
  }

  destroy(): void {
    this.model.mimeTypeChanged.disconnect(this.fill, this);
    this.editors.forget(this);
    if (this.editor) Signal.clearData(this.editor);
    this.editor = null;
  }

  private look(): void {
    const kind = this.holds();
    if (kind === (this.editor?.kind ?? null)) return;
    if (this.editor && this.editors.current === this.editor) queueMicrotask(() => this.editors.activate(this.view));
    if (this.editor) Signal.clearData(this.editor);
    this.editor = kind === null ? null : new DtlEditor(kind, this.view, this.model);
  }

  private soon(isChanged: boolean, hasFocus: boolean): void {
    if (hasFocus) queueMicrotask(() => this.view.hasFocus && this.editors.activate(this.view));
    if (!isChanged || !this.isTold) return;
    this.isTold = false;
    queueMicrotask(() => {
      this.isTold = true;
      this.editor?.changed.emit();
    });
  }
}
