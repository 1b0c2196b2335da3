/** What other plugins may ask for. */

import { Token } from "@lumino/coreutils";

import type { Translate } from "../../frontend/src/words";
import type { DtlEditor, Editors } from "./dtl/editors";
import type { Origin } from "./dtl/origin";
import type { NodeModel } from "./node";
import type { Server } from "./server";
import type { Opened, Place } from "./views";

/** The node that is shown, and the way to it. */
export interface ISesamNode {
  readonly server: Server;
  readonly model: NodeModel;
  readonly t: Translate;
}

export const ISesamNode = new Token<ISesamNode>("sesam-interactive:ISesamNode", "The node that the workbench shows, and the way to it.");

/** The views of the main area. */
export interface ISesamViews {
  /** Show a view; one that is open comes to the front. */
  open(opened: Opened, place?: Place): void;
}

export const ISesamViews = new Token<ISesamViews>("sesam-interactive:ISesamViews", "Opens views of the node's pipes, datasets and systems.");

/** The editors of notebooks, consoles and files that hold DTL. */
export interface ISesamEditors extends Pick<Editors, "all" | "current" | "currentChanged" | "extend" | "refresh" | "of"> {
  /** The document that an editor belongs to. */
  originOf(editor: DtlEditor): Origin | null;
}

export const ISesamEditors = new Token<ISesamEditors>("sesam-interactive:ISesamEditors", "The editors of JupyterLab that hold DTL: %%dtl cells and files of configuration.");
