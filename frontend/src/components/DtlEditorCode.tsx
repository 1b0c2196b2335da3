/** The text of rules that is written: completion, hover, problems with fixes, values beside it. */

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldKeymap } from "@codemirror/language";
import { lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, dropCursor, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";

import type { Host } from "../host";
import { hovering, placeAt, rulesText } from "../dtl/codemirror";
import { type Completion, described, diagnosticsOf, insertOf, type Known, type PlacedProblem } from "../dtl/known";
import type { Vocabulary } from "../dtl/language";
import { clicking, goThroughUses, goTo, type NamedSymbol, uses } from "../dtl/symbols";
import { plain, type Translate } from "../words";

export interface CodeActions {
  t: Translate;
  /** What was recorded at a place of the rules, as a box; null for nothing. */
  recorded(path: string): HTMLElement | null;
  changed(text: string): void;
  save(): void;
  format(): void;
  /** Ask for another name of what is at the cursor. */
  rename(): void;
  /** Say something that needs no answer. */
  tell(text: string): void;
  /** Go to another entity: 1 the next, -1 the one before. */
  turn(by: number): void;
}

/** Makes the editor once; the actions may be others with each rendering. */
export function useCode(host: Host, text: string, actions: CodeActions) {
  const parent = useRef<HTMLDivElement | null>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(actions);
  latest.current = actions;

  useEffect(() => {
    const made = new EditorView({
      parent: parent.current!,
      state: EditorState.create({ doc: text, extensions: extensions(host, latest) }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  return { parent, view };
}

function extensions(host: Host, latest: { current: CodeActions }) {
  const does = (name: "save" | "format" | "rename") => () => {
    latest.current[name]();
    return true;
  };
  const turns = (by: number) => () => {
    latest.current.turn(by);
    return true;
  };
  const names = (go: (view: EditorView, symbol: NamedSymbol) => void) => (view: EditorView) => {
    void symbolAt(host, view, view.state.selection.main.head)
      .then((symbol) => (symbol ? go(view, symbol) : latest.current.tell(latest.current.t("There is no name of a rule, alias or dataset here"))))
      .catch((error: Error) => latest.current.tell(error.message));
    return true;
  };
  return [
    lineNumbers(),
    history(),
    drawSelection(),
    dropCursor(),
    EditorState.allowMultipleSelections.of(true),
    highlightActiveLine(),
    highlightSelectionMatches(),
    closeBrackets(),
    bracketMatching(),
    rulesText(host.get<Vocabulary>("vocabulary")),
    autocompletion({ override: [(context) => completions(host, context)], activateOnTypingDelay: 60, icons: false }),
    hovering((view, position) => known(host, view, position, latest.current)),
    uses,
    clicking((view, at) => {
      void symbolAt(host, view, at)
        .then((symbol) => symbol?.definition && goTo(view, symbol.definition))
        .catch(() => undefined);
    }),
    keymap.of([
      { key: "Mod-s", run: does("save"), preventDefault: true },
      { key: "Shift-Alt-f", run: does("format") },
      { key: "F2", run: does("rename") },
      { key: "F12", run: names((view, symbol) => symbol.definition && goTo(view, symbol.definition)), shift: names(goThroughUses) },
      { key: "Alt-PageDown", run: turns(1) },
      { key: "Alt-PageUp", run: turns(-1) },
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...lintKeymap,
      ...foldKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
    EditorView.contentAttributes.of({ "aria-label": latest.current.t("DTL rules") }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.changed(update.state.doc.toString());
    }),
  ];
}

/** The name at a place of the text; null for none. */
export function symbolAt(host: Host, view: EditorView, offset: number, rename?: string): Promise<NamedSymbol | null> {
  return host.request<NamedSymbol | null>("symbol", { text: view.state.doc.toString(), offset, ...(rename !== undefined && { rename }) });
}

async function completions(host: Host, context: CompletionContext): Promise<CompletionResult | null> {
  if (!context.explicit && !context.matchBefore(/[\w"$.:_-]/)) return null;
  try {
    const answer = await host.request<{ from: number; to: number; close: string; items: Completion[] }>("complete", {
      text: context.state.doc.toString(),
      offset: context.pos,
    });
    if (context.aborted || answer.items.length === 0) return null;
    return {
      from: answer.from,
      to: answer.to,
      filter: false,
      options: answer.items.map((item) => ({
        label: item.label,
        apply: insertOf(item, answer.close),
        detail: item.kind === "property" ? item.detail : item.kind,
        type: item.kind,
        info: () => described(item),
      })),
    };
  } catch {
    // No completion is no error for who types; the problems say what is wrong.
    return null;
  }
}

async function known(host: Host, view: EditorView, position: number, actions: CodeActions) {
  const place = placeAt(view.state, position);
  const dom = document.createElement("div");
  dom.className = "sesam-hover";
  const recorded = place && actions.recorded(place.path);
  if (recorded) dom.append(recorded);
  const text = view.state.doc.toString();
  const found = await host.request<Known | null>("hover", { text, offset: position }).catch(() => null);
  if (found) dom.append(described(found));
  if (!dom.hasChildNodes()) return null;
  const [from, to] = found ? [found.from, found.to] : [place!.from, place!.to];
  return { from, to: Math.min(to, view.state.doc.length), dom };
}

/** Shows problems in the text; what a hint proposes is a button there. */
export function showProblems(view: EditorView, problems: readonly PlacedProblem[], t: Translate = plain): void {
  view.dispatch(setDiagnostics(view.state, diagnosticsOf(view.state.doc.toString(), problems, t)));
}
