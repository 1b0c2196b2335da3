/** The node that is shown: the way to it, and its state. */

import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";

import { plain } from "../../../frontend/src/words";
import { NodeModel } from "../node";
import { Server } from "../server";
import { ISesamNode } from "../tokens";

export const nodePlugin: JupyterFrontEndPlugin<ISesamNode> = {
  id: "sesam-interactive:node",
  description: "The node that the workbench shows.",
  autoStart: true,
  provides: ISesamNode,
  optional: [ITranslator],
  activate: (app, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load("sesam_interactive");
    const server = new Server(app.serviceManager.serverSettings);
    return { server, model: new NodeModel(server), t: (text, values) => plain(trans.__(text), values) };
  },
};
