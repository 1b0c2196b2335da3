/** What lets the editor's style sheet through a policy that allows no others. */

import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

/** The nonce of the page's own style sheet, where it has one: the node's page does, others have no such policy. */
export function styleNonce(): Extension {
  const nonce = document.querySelector<HTMLLinkElement>("link#looks")?.nonce;
  return nonce ? EditorView.cspNonce.of(nonce) : [];
}
