/** Problems while DTL is typed: checked a moment after the last key, marked in the text, never while hidden. */

import { forEachDiagnostic, nextDiagnostic, previousDiagnostic, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import type { Extension } from "@codemirror/state";
import { type EditorView, type PluginValue, ViewPlugin, type ViewUpdate } from "@codemirror/view";

import { componentsOf } from "../../../frontend/src/dtl/configuration";
import { diagnosticsOf, type PlacedProblem } from "../../../frontend/src/dtl/known";
import type { Translate } from "../../../frontend/src/words";
import type { ISesamEditors } from "../tokens";
import { type Asking, textOf } from "./asking";

/** How long after the last key the text is checked, in milliseconds. */
const PAUSE_MS = 300;
/** So many pipes and systems of one file are checked at most: those nearest to the cursor. */
const MOST = 60;

export class Checking {
  readonly extension: Extension;
  private readonly checkers = new Set<Checker>();
  private isOn = true;

  constructor(
    readonly asking: Asking,
    readonly editors: ISesamEditors,
    readonly t: Translate,
  ) {
    const plugin = ViewPlugin.define((view) => {
      const checker = new Checker(view, this);
      this.checkers.add(checker);
      return checker;
    });
    this.extension = plugin;
    document.addEventListener("visibilitychange", () => document.hidden || this.again(false));
  }

  get canCheck(): boolean {
    return this.isOn && this.asking.canAsk;
  }

  /** Turned on or off by a setting. */
  turn(isOn: boolean): void {
    if (this.isOn === isOn) return;
    this.isOn = isOn;
    this.again(true);
  }

  /** Check all editors again: the node is another one, or its datasets are (`anew`), or the page is seen. */
  again(anew: boolean): void {
    for (const checker of this.checkers) checker.again(anew);
  }

  forget(checker: Checker): void {
    this.checkers.delete(checker);
  }
}

class Checker implements PluginValue {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isDue = true;
  private isUnderWay = false;
  private isGone = false;
  /** By the text of a region, what was found in it, with places in it. */
  private known = new Map<string, PlacedProblem[]>();

  constructor(
    private readonly view: EditorView,
    private readonly checking: Checking,
  ) {
    this.soon();
  }

  update(update: ViewUpdate): void {
    if (!update.docChanged) return;
    this.isDue = true;
    this.soon();
  }

  again(anew: boolean): void {
    if (anew) {
      this.known.clear();
      this.isDue = true;
    }
    if (this.isDue) this.soon();
  }

  destroy(): void {
    this.isGone = true;
    clearTimeout(this.timer);
    this.checking.forget(this);
    // The editor holds something else now; its marks are of before.
    queueMicrotask(() => this.view.dom.isConnected && this.view.dispatch(setDiagnostics(this.view.state, [])));
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.check(), PAUSE_MS);
  }

  private async check(): Promise<void> {
    if (this.isGone || this.isUnderWay || document.hidden) return;
    if (!this.checking.canCheck) {
      this.show([]);
      return;
    }
    const editor = this.checking.editors.of(this.view);
    if (editor === null) return;
    this.isUnderWay = true;
    this.isDue = false;
    const { doc } = this.view.state;
    try {
      const found: PlacedProblem[] = [];
      const kept = new Map<string, PlacedProblem[]>();
      for (const region of nearest(editor.regions, this.view.state.selection.main.head)) {
        const text = textOf(editor, region);
        const problems = this.known.get(text) ?? moved(await this.checking.asking.check(editor, region), -region.from);
        // What was typed meanwhile is checked by itself, soon.
        if (this.isGone || this.view.state.doc !== doc) return;
        kept.set(text, problems);
        found.push(...moved(problems, region.from));
      }
      this.known = kept;
      // What is broken JSON has no other problems yet.
      if (editor.kind === "file" && !found.some(({ code }) => code === "broken-json")) {
        const components = nearest(componentsOf(doc.toString()), this.view.state.selection.main.head);
        if (components.length > 0) found.push(...(await this.checking.asking.checkConfiguration(components)));
        if (this.isGone || this.view.state.doc !== doc) return;
      }
      this.show(found);
    } catch {
      // A node that does not answer is told of elsewhere; old marks would be wrong.
      this.show([]);
      this.isDue = true;
    } finally {
      this.isUnderWay = false;
      if (!this.isGone && this.view.state.doc !== doc) this.soon();
    }
  }

  private show(problems: readonly PlacedProblem[]): void {
    if (this.isGone) return;
    this.view.dispatch(setDiagnostics(this.view.state, diagnosticsOf(this.view.state.doc.toString(), problems, this.checking.t)));
  }
}

function nearest<Part extends { from: number; to: number }>(regions: readonly Part[], at: number): Part[] {
  const away = ({ from, to }: Part) => (at < from ? from - at : at > to ? at - to : 0);
  return [...regions].sort((a, b) => away(a) - away(b)).slice(0, MOST);
}

function moved(problems: readonly PlacedProblem[], by: number): PlacedProblem[] {
  return problems.map((problem) => ({ ...problem, from: problem.from + by, to: problem.to + by }));
}

// -- going from one to the next ---------------------------------------------------------------------

/** The problems at a place of the text, the innermost first, with where they are now. */
export function problemsAt(view: EditorView, at: number): { diagnostic: Diagnostic; from: number; to: number }[] {
  const found: { diagnostic: Diagnostic; from: number; to: number }[] = [];
  forEachDiagnostic(view.state, (diagnostic, from, to) => {
    if (from <= at && at <= to) found.push({ diagnostic, from, to });
  });
  return found.sort((a, b) => a.to - a.from - (b.to - b.from));
}

/** Go to the next problem, or the one before, which CodeMirror then tells; gives whether there is one. */
export function goToProblem(view: EditorView, by: 1 | -1): boolean {
  view.focus();
  try {
    return by === 1 ? nextDiagnostic(view) : previousDiagnostic(view);
  } catch (error) {
    // The CodeMirror of JupyterLab before 4.6 cannot open what it tells there; it has gone there already.
    if (error instanceof TypeError) return true;
    throw error;
  }
}

/** The quick fixes at the cursor, else those of its line: the innermost first. */
export function fixesAt(view: EditorView): { label: string; apply(): void }[] {
  const at = view.state.selection.main.head;
  const line = view.state.doc.lineAt(at);
  const here = problemsAt(view, at).filter(({ diagnostic }) => diagnostic.actions?.length);
  const found = here.length > 0 ? here : linesOf(view, line.from, line.to);
  return found.flatMap(({ diagnostic, from, to }) => (diagnostic.actions ?? []).map((action) => ({ label: action.name, apply: () => action.apply(view, from, to) })));
}

function linesOf(view: EditorView, start: number, end: number) {
  const found: ReturnType<typeof problemsAt> = [];
  forEachDiagnostic(view.state, (diagnostic, from, to) => {
    if (from >= start && from <= end && diagnostic.actions?.length) found.push({ diagnostic, from, to });
  });
  return found;
}
