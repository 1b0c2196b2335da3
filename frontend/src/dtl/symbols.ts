/** Names in a text of rules: to where they are defined, to all their places, and to another name. */

import { EditorSelection, type Extension, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";

export interface Range {
  from: number;
  to: number;
}

/** A name and its places in a text, in UTF-16 units. */
export interface NamedSymbol extends Range {
  kind: "rule" | "alias" | "dataset";
  name: string;
  /** Where it is defined; null where that is elsewhere. */
  definition: Range | null;
  occurrences: Range[];
  /** What gives it the name that was asked for. */
  changes?: (Range & { insert: string })[];
  /** Why it cannot have that name. */
  problem?: string;
}

/** A symbol with its places moved: those of a part of a text as those of the whole. */
export function movedSymbol(symbol: NamedSymbol, by: number): NamedSymbol {
  const moved = <One extends Range>(one: One): One => ({ ...one, from: one.from + by, to: one.to + by });
  return {
    ...moved(symbol),
    definition: symbol.definition && moved(symbol.definition),
    occurrences: symbol.occurrences.map(moved),
    ...(symbol.changes && { changes: symbol.changes.map(moved) }),
  };
}

const showUses = StateEffect.define<readonly Range[]>();
const use = Decoration.mark({ class: "dtl-use" });

/** Marks all places of a name until something is typed or chosen elsewhere. */
export const uses: Extension = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(showUses)) return marked(effect.value);
    return transaction.docChanged || transaction.selection ? Decoration.none : value;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function marked(ranges: readonly Range[]): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of ranges) if (from < to) builder.add(from, to, use);
  return builder.finish();
}

/** Choose a place, which comes into sight. */
export function goTo(view: EditorView, { from, to }: Range): void {
  view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: "nearest", yMargin: 40 }) });
  view.focus();
}

/** Mark every place of a symbol, and go to the one behind the cursor. */
export function goThroughUses(view: EditorView, { occurrences }: NamedSymbol): void {
  const { head } = view.state.selection.main;
  const next = occurrences.find(({ from }) => from > head) ?? occurrences[0];
  if (next) goTo(view, next);
  view.dispatch({ effects: showUses.of(occurrences) });
}

/** Rename in the text that was asked about, with the cursor where it was in the name. */
export function rename(view: EditorView, { changes = [] }: NamedSymbol): void {
  const set = view.state.changes(changes);
  const { anchor } = view.state.selection.main;
  view.dispatch({ changes: set, selection: EditorSelection.cursor(set.mapPos(anchor, -1)), userEvent: "rename" });
  view.focus();
}

/** A click with Ctrl (Cmd on a Mac): to where the name is defined. */
export function clicking(go: (view: EditorView, at: number) => void): Extension {
  return EditorView.domEventHandlers({
    click(event, view) {
      if (!(event.ctrlKey || event.metaKey) || event.button !== 0) return false;
      const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
      if (at !== null) go(view, at);
      return false;
    },
  });
}
