/** Opens the views, and opens them again where a workspace had them. */

import { ILabShell, ILayoutRestorer, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { WidgetTracker } from "@jupyterlab/apputils";

import { put } from "../place";
import { ISesamNode, ISesamViews } from "../tokens";
import { idOf, type Opened, type Place, VIEWS, ViewWidget } from "../views";

const OPEN = "sesam:open-view";

export const viewsPlugin: JupyterFrontEndPlugin<ISesamViews> = {
  id: "sesam-interactive:views",
  description: "Datasets, rules, runs and the flow in the main area.",
  autoStart: true,
  requires: [ISesamNode],
  optional: [ILabShell, ILayoutRestorer],
  provides: ISesamViews,
  activate: (app, sesam: ISesamNode, labShell: ILabShell | null, restorer: ILayoutRestorer | null) => {
    const tracker = new WidgetTracker<ViewWidget>({ namespace: "sesam-interactive" });
    const views: ISesamViews = {
      open: (opened: Opened, place: Place = {}) => {
        let widget = tracker.find((one) => one.id === idOf(opened));
        if (widget !== undefined && widget.opened.about !== opened.about) {
          const before = widget;
          widget = undefined;
          place = { mode: "tab-before", ref: before.id };
          // Its place is taken first, else there is none.
          queueMicrotask(() => before.dispose());
        }
        if (widget === undefined) {
          widget = new ViewWidget(opened, sesam, views.open);
          put(app.shell, labShell !== null, widget, place);
          void tracker.add(widget);
        }
        app.shell.activateById(widget.id);
      },
    };
    app.commands.addCommand(OPEN, {
      label: sesam.t("Open a view of the node"),
      isVisible: () => false,
      describedBy: {
        args: {
          type: "object",
          properties: { view: { type: "string", enum: [...VIEWS] }, name: { type: "string" }, about: { type: "string" }, from: { type: "string" } },
          required: ["view", "name"],
        },
      },
      execute: ({ view, name, about, from }) =>
        views.open({
          view: VIEWS.find((one) => one === view) ?? "flow",
          name: String(name ?? ""),
          ...(typeof about === "string" ? { about } : {}),
          ...(typeof from === "string" ? { from } : {}),
        }),
    });
    if (restorer) void restorer.restore(tracker, { command: OPEN, args: ({ opened }) => ({ ...opened }), name: ({ id }) => id });
    return views;
  },
};
