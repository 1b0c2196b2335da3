/** The panel at the left. */

import { ILayoutRestorer, type JupyterFrontEndPlugin } from "@jupyterlab/application";

import { Panel } from "../panel";
import { ISesamNode } from "../tokens";

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: "sesam-interactive:panel",
  description: "The node, its pipes, datasets and systems at the left.",
  autoStart: true,
  requires: [ISesamNode],
  optional: [ILayoutRestorer],
  activate: (app, { model, t }: ISesamNode, restorer: ILayoutRestorer | null) => {
    const source = {
      shown: () => model.shown,
      listen: (listener: () => void) => {
        model.changed.connect(listener);
        return () => void model.changed.disconnect(listener);
      },
      operate: model.operate.bind(model),
      open: (kind: string, name: string) => void app.commands.execute("sesam:open", { kind, name }),
      flow: () => void app.commands.execute("sesam:flow"),
      addFolder: () => void app.commands.execute("sesam:add-folder"),
      run: (name: string) => void app.commands.execute("sesam:run-or-stop", { name }),
      menu: (element: HTMLElement) => {
        const { menu } = app.contextMenu;
        const closes = () => {
          menu.aboutToClose.disconnect(closes);
          // The menu had the focus, and leaves it to nobody.
          setTimeout(() => document.activeElement === document.body && element.focus());
        };
        menu.aboutToClose.connect(closes);
        const { left, bottom } = element.getBoundingClientRect();
        element.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, clientX: left + 30, clientY: bottom }));
      },
    };
    const panel = new Panel(source, t);
    app.shell.add(panel, "left", { rank: 350 });
    restorer?.add(panel, panel.id);
  },
};
