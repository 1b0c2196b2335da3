/** Completion by JupyterLab's own completer: what the node says of rules, the names of a cell's line. */

import type { EditorView } from "@codemirror/view";
import type { CodeEditor } from "@jupyterlab/codeeditor";
import type { CodeMirrorEditor } from "@jupyterlab/codemirror";
import type { CompletionHandler, ICompletionContext, ICompletionProvider, ICompletionProviderManager } from "@jupyterlab/completer";
import type { SourceChange } from "@jupyter/ydoc";

import { type Completion, insertOf } from "../../../frontend/src/dtl/known";
import { completeLine } from "../../../frontend/src/dtl/magic_line";
import { toCharacters } from "../../../frontend/src/dtl/offsets";
import { expressionAt } from "../../../frontend/src/dtl/parameters";
import { type Cell, regionAt } from "../../../frontend/src/dtl/region";
import type { ISesamEditors, ISesamNode } from "../tokens";
import type { Asking, Completions } from "./asking";
import type { DtlEditor } from "./editors";

type Reply = CompletionHandler.ICompletionItemsReply;

const ID = "CompletionProvider:sesam-dtl";
/** Above the debugger's, which at 1,000 would decide when completion appears. */
const RANK = 1_100;
/** JupyterLab throws away what comes later than that; its own setting may say otherwise. */
const LATE_MS = 900;
/** What opens the list while it is typed: a word, a quote, a dot of a path. */
const OPENS = /^["\w$.:{-]["}]?$/;

export class DtlCompletion implements ICompletionProvider {
  readonly identifier = ID;
  readonly rank = RANK;
  readonly renderer = null;
  /** Turned off by a setting. */
  isOn = true;
  /** An answer that came too late to be shown, and what it answers. */
  private late: { view: EditorView; asked: string; found: Completions } | null = null;

  constructor(
    private readonly asking: Asking,
    private readonly editors: ISesamEditors,
    private readonly sesam: ISesamNode,
    /** Ask for completion again in a widget, as a key would. */
    private readonly invoke: (widget: string) => void,
  ) {}

  isApplicable(context: ICompletionContext): Promise<boolean> {
    return Promise.resolve(this.isOn && this.editorOf(context) !== null);
  }

  shouldShowContinuousHint(isVisible: boolean, changed: SourceChange): boolean {
    const changes = changed.sourceChange ?? [];
    if (changes.some((one) => one.delete !== undefined)) return false;
    const typed = changes.map(({ insert }) => insert ?? "").join("");
    // Behind a dot there are other names; else the list that is there is narrowed.
    return OPENS.test(typed) && (!isVisible || typed === ".");
  }

  async fetch(request: CompletionHandler.IRequest, context: ICompletionContext): Promise<Reply> {
    const editor = this.editorOf(context);
    const found = editor && (await this.inTime(editor, context).catch(() => null));
    // No completion is no error for who types; the problems say what is wrong.
    if (!found) return { start: request.offset, end: request.offset, items: [] };
    const { text } = request;
    return { start: toCharacters(text, found.from), end: toCharacters(text, found.to), items: found.items.map((item) => itemOf(item, found.close)) };
  }

  /** An answer that comes too late is kept, and asked for again where nothing was typed meanwhile. */
  private async inTime(editor: DtlEditor, context: ICompletionContext): Promise<Completions | null> {
    const { view } = editor;
    const asked = stateOf(view);
    const { late } = this;
    this.late = null;
    if (late?.view === view && late.asked === asked) return late.found;
    const began = performance.now();
    const found = await this.found(editor, context);
    if (found?.items.length && performance.now() - began > LATE_MS && stateOf(view) === asked && view.hasFocus) {
      this.late = { view, asked, found };
      this.invoke(context.widget.id);
    }
    return found;
  }

  private async found(editor: DtlEditor, context: ICompletionContext): Promise<Completions | null> {
    const at = editor.view.state.selection.main.head;
    const region = regionAt(editor.regions, at);
    if (editor.kind === "cell") {
      const cell = editor.regions[0] as Cell;
      if (at < cell.from) return this.inLine(editor, cell, at);
      const expression = expressionAt(editor.view.state.sliceDoc(cell.from, at), at - cell.from);
      if (expression) return ofKernel(context, expression.code, at);
    }
    return region && this.asking.complete(editor, region, at);
  }

  private inLine(editor: DtlEditor, cell: Cell, at: number): Completions | null {
    if (at < cell.lineFrom) return null;
    const { pipes, datasets } = this.sesam.model.shown.things;
    const names = { pipes: Object.keys(pipes).sort(), datasets: Object.keys(datasets).sort(), rules: this.asking.rulesBeside(editor) };
    const { from, to, items } = completeLine(cell.line, at - cell.lineFrom, names);
    return { from: from + cell.lineFrom, to: to + cell.lineFrom, close: "", items };
  }

  private editorOf(context: ICompletionContext): DtlEditor | null {
    return this.editors.of(viewOf(context.editor));
  }
}

/** The text and where the cursor is: what an answer is about. */
function stateOf({ state }: EditorView): string {
  return `${state.selection.main.head} ${state.doc.toString()}`;
}

/** What Python knows of an expression that stands between braces. */
async function ofKernel(context: ICompletionContext, code: string, at: number): Promise<Completions | null> {
  const kernel = context.session?.kernel;
  if (!kernel) return null;
  const { content } = await kernel.requestComplete({ code, cursor_pos: toCharacters(code, code.length) });
  if (content.status !== "ok") return null;
  const items = content.matches.map((name): Completion => ({ label: name, insert: name, kind: "variable", detail: "", doc: "" }));
  return { from: at - (code.length - content.cursor_start), to: at, close: "", items };
}

function itemOf(item: Completion, close: string): CompletionHandler.ICompletionItem {
  const { label, detail, doc } = item;
  const documentation = [detail && `${label}  ${detail}`, doc].filter((part) => part).join("\n\n");
  return { label, insertText: insertOf(item, close), type: item.kind, documentation };
}

function viewOf(editor: CodeEditor.IEditor | null | undefined): EditorView | null {
  return (editor as CodeMirrorEditor | null | undefined)?.editor ?? null;
}

/**
 * Keeps the other providers out of editors that hold DTL.
 *
 * Words of the text and names of Python mean nothing there, and the kernel would say the same again.
 * JupyterLab has no way to do that: each provider that there is is asked here whether it applies.
 */
export function silenceOthers(manager: ICompletionProviderManager, own: DtlCompletion): void {
  const { getProviders } = manager as { getProviders?(): Map<string, ICompletionProvider> };
  const quiet = new WeakSet<ICompletionProvider>([own]);
  const silence = () => {
    for (const provider of getProviders?.call(manager).values() ?? []) {
      if (quiet.has(provider)) continue;
      quiet.add(provider);
      const applies = provider.isApplicable.bind(provider);
      provider.isApplicable = async (context) => !(await own.isApplicable(context)) && applies(context);
    }
  };
  silence();
  manager.activeProvidersChanged.connect(silence);
}
