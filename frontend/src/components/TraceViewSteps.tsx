/** Going forwards and back in what was recorded: buttons, a slider, the frames that we are in. */

import { told } from "../dtl/beside";
import { runTo, stepBack, stepInto, stepOut, stepOver } from "../dtl/steps";
import type { Recording } from "../dtl/trace";
import { type Translate, useT } from "../words";

export type Go = (position: number) => void;

interface Props {
  recording: Recording;
  position: number;
  breakpoints: ReadonlySet<string>;
  go: Go;
}

/** What each key does; F10 and its like as in other debuggers, and letters for those without. */
export function stepFor(key: string, shift: boolean, { recording, position, breakpoints }: Omit<Props, "go">): number | null {
  switch (key) {
    case "F10":
    case "n":
    case "ArrowDown":
      return stepOver(recording, position);
    case "F11":
      return shift ? stepOut(recording, position) : stepInto(recording, position);
    case "s":
    case "ArrowRight":
      return stepInto(recording, position);
    case "o":
      return stepOut(recording, position);
    case "b":
    case "ArrowLeft":
    case "ArrowUp":
      return stepBack(recording, position);
    case "c":
    case "F8":
      return runTo(recording, position, breakpoints, shift);
    case "Home":
      return 0;
    case "End":
      return recording.end;
    default:
      return null;
  }
}

export function TraceViewSteps({ recording, position, breakpoints, go }: Props) {
  const t = useT();
  const here = { recording, position, breakpoints };
  const isFirst = position <= 0;
  const isLast = position >= recording.end;
  const button = (label: string, text: string, key: string, disabled: boolean, shift = false) => (
    <button
      type="button"
      className="sesam-button"
      title={`${label} (${KEYS[key] ?? key})`}
      aria-label={label}
      disabled={disabled}
      onClick={() => go(stepFor(key, shift, here)!)}
    >
      {text}
    </button>
  );
  return (
    <div className="sesam-steps">
      <div className="sesam-bar" role="toolbar" aria-label={t("steps")}>
        {button(t("to the beginning"), "|◀", "Home", isFirst)}
        {button(t("one step back"), "◀", "b", isFirst)}
        {button(t("step into"), t("↓ into"), "s", isLast)}
        {button(t("step over"), t("→ over"), "n", isLast)}
        {button(t("step out"), t("↑ out"), "o", isLast)}
        {button(breakpoints.size ? t("run to the next breakpoint") : t("run to the end"), t("▶ run"), "c", isLast)}
        {button(t("to the end"), "▶|", "End", isLast)}
        <input
          type="range"
          className="sesam-slider"
          aria-label={t("step")}
          min={0}
          max={recording.end}
          value={position}
          aria-valuetext={stepText(recording, position, t)}
          onInput={(event) => go(Number(event.currentTarget.value))}
          onChange={(event) => go(Number(event.currentTarget.value))}
        />
        <span className="sesam-dim sesam-step-number">
          {t("{n} of {all}", { n: position, all: recording.end })}
        </span>
      </div>
      <div className="sesam-here">
        <Frames recording={recording} position={position} go={go} />
        <code>{stepText(recording, position, t)}</code>
      </div>
    </div>
  );
}

const KEYS: Record<string, string> = { n: "n, F10", s: "s, F11", o: "o, Shift+F11", b: "b, ←", c: "c, F8" };

/** What happens at a position, in words. */
export function stepText(recording: Recording, position: number, t: Translate): string {
  const event = recording.events[position];
  if (event === undefined) {
    const { error } = recording.entity;
    if (error) return t("failed: {error}", { error: error.message });
    return recording.entity.truncated ? t("the recording ends here: it has too many events") : t("the end");
  }
  const gave = told(recording, event, 60, t);
  const { name } = event;
  const what = { rule: t("rule {name}", { name }), transform: t("transform {name}", { name }), function: t("function {name}", { name }), path: name };
  return `${what[event.kind]}${gave ? ` → ${gave}` : ""}`;
}

/** The runs of rules around the position, outermost first: a click goes to where one began. */
function Frames({ recording, position, go }: Omit<Props, "breakpoints">) {
  const t = useT();
  const last = Math.min(position, recording.end - 1);
  if (last < 0) return null;
  const stack = position >= recording.end ? [0] : recording.stack(last).reverse();
  return (
    <nav className="sesam-frames" aria-label={t("frames")}>
      {stack.map((number) => {
        const frame = recording.entity.frames[number]!;
        const run = runOf(recording, number);
        const began = recording.events.findIndex((event) => event.frame === number && event.kind === "rule");
        return (
          <button key={number} type="button" className="sesam-link" onClick={() => go(Math.max(began, 0))}>
            {frame.rule}
            {run.of > 1 && ` ${t("{n} of {all}", { n: run.number, all: run.of })}`}
            {frame.entity && ` (${frame.entity.dataset} ${frame.entity.id})`}
          </button>
        );
      })}
    </nav>
  );
}

/** Which of the runs that one `apply` began a frame is. */
function runOf(recording: Recording, number: number): { number: number; of: number } {
  const { event } = recording.entity.frames[number]!;
  if (event === null) return { number: 1, of: 1 };
  const runs = recording.entity.frames.flatMap((frame, n) => (frame.event === event ? [n] : []));
  return { number: runs.indexOf(number) + 1, of: runs.length };
}
