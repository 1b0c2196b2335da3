/** The state of a pipe, as the node says it (`sesam_node/model/pumps.py`): its word for people, and how it looks.
 *
 * The look is by class: `is-failed`, `is-not-run`. No state is told by its colour alone.
 */

import { plain, type Translate } from "../words";

/** In the order in which they want attention. */
export const STATES = ["invalid", "failed", "tripped", "running", "waiting", "not run", "disabled", "on request", "ok"] as const;
export type PipeState = (typeof STATES)[number];

/** A state that somebody should look at. */
export function isBad(state: PipeState): boolean {
  return state === "failed" || state === "invalid" || state === "tripped";
}

/** May somebody start a pipe that is in this state? */
export function canStart(state: PipeState): boolean {
  return state === "ok" || state === "failed" || state === "not run" || state === "waiting";
}

export function classOf(state: PipeState): string {
  return `is-${state.replace(" ", "-")}`;
}

/** What is said where there is little room, and of many: "3 failed". */
export function shortWord(state: PipeState, t: Translate = plain): string {
  const words: Record<PipeState, string> = {
    invalid: t("invalid"),
    failed: t("failed"),
    tripped: t("tripped"),
    disabled: t("disabled"),
    waiting: t("waiting"),
    "not run": t("not run"),
    running: t("running"),
    "on request": t("on request"),
    ok: t("ok"),
  };
  return words[state];
}

/** What is said of a single pipe. */
export function wordOf(state: PipeState, t: Translate = plain): string {
  const words: Record<PipeState, string> = {
    invalid: t("invalid configuration"),
    failed: t("failed"),
    tripped: t("circuit breaker tripped"),
    disabled: t("disabled"),
    waiting: t("waits for datasets"),
    "not run": t("not run yet"),
    running: t("running"),
    "on request": t("runs on request"),
    ok: t("ok"),
  };
  return words[state];
}
