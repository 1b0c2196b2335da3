/** The margin of the debugger: breakpoints, and bars that say how the places of a line did. */

import { type Extension, RangeSet, StateEffect, StateField } from "@codemirror/state";
import { type EditorView, GutterMarker, gutter } from "@codemirror/view";

export interface Bar {
  /** Where the line begins. */
  at: number;
  path: string;
  title: string;
  /** Shares of the width, from 0 to 1: all of it, and what of it is null or failed. */
  full: number;
  null: number;
  error: number;
  kind: "coverage" | "cost";
}

class BreakpointMarker extends GutterMarker {
  constructor(private readonly word: string) {
    super();
  }

  override toDOM(): HTMLElement {
    const dot = document.createElement("span");
    dot.className = "dtl-breakpoint";
    dot.title = this.word;
    return dot;
  }
}

class BarMarker extends GutterMarker {
  constructor(readonly bar: Bar) {
    super();
  }

  override eq(other: BarMarker): boolean {
    const [a, b] = [this.bar, other.bar];
    return a.title === b.title && a.full === b.full && a.null === b.null && a.error === b.error;
  }

  override toDOM(): HTMLElement {
    const { bar } = this;
    const whole = document.createElement("span");
    whole.className = `dtl-bar dtl-bar-${bar.kind}${bar.full === 0 ? " is-never" : ""}`;
    whole.title = bar.title;
    for (const part of ["full", "null", "error"] as const) {
      const shown = document.createElement("i");
      shown.className = `is-${part}`;
      shown.dataset["what"] = part;
      shown.style.width = `${Math.max(bar[part] * 100, bar[part] > 0 ? 6 : 0)}%`;
      whole.append(shown);
    }
    return whole;
  }
}

export const showBreakpoints = StateEffect.define<readonly number[]>();
export const showBars = StateEffect.define<readonly Bar[]>();

function breakpointsField(word: string): StateField<RangeSet<GutterMarker>> {
  const dot = new BreakpointMarker(word);
  return StateField.define<RangeSet<GutterMarker>>({
    create: () => RangeSet.empty,
    update(value, transaction) {
      for (const effect of transaction.effects) {
        if (effect.is(showBreakpoints)) return RangeSet.of(effect.value.map((at) => dot.range(at)), true);
      }
      return value;
    },
  });
}

const bars = StateField.define<RangeSet<GutterMarker>>({
  create: () => RangeSet.empty,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(showBars)) return RangeSet.of(effect.value.map((bar) => new BarMarker(bar).range(bar.at)), true);
    }
    return value;
  },
});

export interface MarginActions {
  /** The breakpoint of the line that begins at an offset is switched. */
  toggle(line: number): void;
  /** A bar was clicked, or the part of it that is null or failed. */
  pick(path: string, what: "fired" | "null" | "error"): void;
}

/** Both margins; what is shown in them comes by `showBreakpoints` and `showBars`. `word` says what a breakpoint is. */
export function margins(word: string, actions: () => MarginActions): Extension {
  const breakpoints = breakpointsField(word);
  return [
    breakpoints,
    bars,
    gutter({
      class: "dtl-breakpoints",
      markers: (view: EditorView) => view.state.field(breakpoints),
      renderEmptyElements: true,
      domEventHandlers: {
        mousedown(_view, line) {
          actions().toggle(line.from);
          return true;
        },
      },
    }),
    gutter({
      class: "dtl-bars",
      markers: (view: EditorView) => view.state.field(bars),
      domEventHandlers: {
        mousedown(view, line, event) {
          view.state.field(bars).between(line.from, line.from, (_from, _to, marker) => {
            const what = (event.target as HTMLElement).dataset?.["what"];
            if (marker instanceof BarMarker) actions().pick(marker.bar.path, what === "null" || what === "error" ? what : "fired");
          });
          return true;
        },
      },
    }),
  ];
}
