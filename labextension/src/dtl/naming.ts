/** What is done with a name in an editor of JupyterLab: go to it, show its uses, give it another one. */

import { InputDialog, Notification } from "@jupyterlab/apputils";

import { goThroughUses, goTo, movedSymbol, type NamedSymbol, rename } from "../../../frontend/src/dtl/symbols";
import { cellOf, regionAt } from "../../../frontend/src/dtl/region";
import type { ISesamEditors, ISesamNode, ISesamViews } from "../tokens";
import type { Asking } from "./asking";
import type { DtlEditor } from "./editors";

/** How long something is told that needs no answer, in milliseconds. */
const SHORT_MS = 3_000;

export class Naming {
  constructor(
    private readonly sesam: ISesamNode,
    private readonly asking: Asking,
    private readonly editors: ISesamEditors,
    private readonly views: ISesamViews | null,
  ) {}

  /** Go to where the name at a place is defined: here, in another cell, or the dataset itself. */
  async goToDefinition(editor: DtlEditor, at = editor.view.state.selection.main.head, isQuiet = false): Promise<void> {
    const symbol = await this.symbol(editor, at);
    if (symbol === null) return isQuiet ? undefined : this.tell(this.sesam.t("There is no name of a rule, alias or dataset here"));
    if (symbol.definition) return goTo(editor.view, symbol.definition);
    if (symbol.kind === "dataset" && this.views && Object.hasOwn(this.sesam.model.shown.things.datasets, symbol.name)) {
      return this.views.open({ view: "grid", name: symbol.name });
    }
    const origin = this.editors.originOf(editor);
    const cell = symbol.kind === "rule" ? (origin?.cells().findIndex((text) => cellOf(text)?.ruleName === symbol.name) ?? -1) : -1;
    if (cell >= 0) return origin!.reveal(cell);
    this.tell(this.sesam.t('"{name}" is defined nowhere here', { name: symbol.name }));
  }

  /** Mark all places of the name at the cursor, and go to the next one. */
  async showUses(editor: DtlEditor): Promise<void> {
    const symbol = await this.symbol(editor, editor.view.state.selection.main.head);
    if (symbol === null) return this.tell(this.sesam.t("There is no name of a rule, alias or dataset here"));
    goThroughUses(editor.view, symbol);
    const n = symbol.occurrences.length;
    this.tell(this.sesam.t(n === 1 ? '"{name}" stands here once' : '"{name}" stands here {n} times', { name: symbol.name, n }));
  }

  /** Ask for another name of what is at the cursor, until it has one that it can have. */
  async rename(editor: DtlEditor): Promise<void> {
    const { t } = this.sesam;
    const { view } = editor;
    const at = view.state.selection.main.head;
    const symbol = await this.symbol(editor, at);
    if (symbol === null) return this.tell(t("There is no name of a rule, alias or dataset here"));
    const title = symbol.kind === "rule" ? t('Rename the rule "{name}"', { name: symbol.name }) : t('Rename the alias "{name}"', { name: symbol.name });
    const { doc } = view.state;
    let text = symbol.name;
    let label = "";
    // What cannot be renamed at all is told before a name is asked for.
    const same = await this.symbol(editor, at, symbol.name);
    if (same?.problem) return this.tell(same.problem);
    for (;;) {
      const { button, value } = await InputDialog.getText({ title, label: label || t("New name"), text, okLabel: t("Rename") });
      if (!button.accept || value === null || value === symbol.name || view.state.doc !== doc) return view.focus();
      const found = await this.symbol(editor, at, value);
      if (found === null || view.state.doc !== doc) return;
      if (!found.problem) return rename(view, found);
      [text, label] = [value, found.problem];
    }
  }

  /** The name at a place; null for none. */
  private async symbol(editor: DtlEditor, at: number, rename?: string): Promise<NamedSymbol | null> {
    const region = regionAt(editor.regions, at);
    if (region === null) return null;
    const found = await this.asking.symbol(editor, region, at, rename);
    return found && movedSymbol(found, region.from);
  }

  private tell(text: string): void {
    Notification.info(text, { autoClose: SHORT_MS });
  }
}
