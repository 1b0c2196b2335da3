/** The preview while one types, with values beside the text; the debugger of the rules that are being written. */

import { EditorView } from "@codemirror/view";
import { ILabShell, ILayoutRestorer, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, Notification, WidgetTracker } from "@jupyterlab/apputils";
import { ISettingRegistry } from "@jupyterlab/settingregistry";

import type { Detail } from "../../../frontend/src/dtl/beside";
import { besideText, hovering } from "../../../frontend/src/dtl/codemirror";
import { LiveRules } from "../dtl/live";
import { LiveWidget } from "../dtl/live_widget";
import { sesamIcon } from "../icons";
import { ISesamEditors, ISesamNode, ISesamViews } from "../tokens";

const ID = "sesam-interactive:live";
const LIVE = "sesam:live";
const DEBUG = "sesam:debug-rules";
const NO_ARGS = { describedBy: { args: { type: "object", properties: {} } } };

export const livePlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: "What rules make of real entities while they are written, and their debugger.",
  autoStart: true,
  requires: [ISesamNode, ISesamViews, ISesamEditors],
  optional: [ILabShell, ILayoutRestorer, ICommandPalette, ISettingRegistry],
  activate: (
    app,
    sesam: ISesamNode,
    views: ISesamViews,
    editors: ISesamEditors,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
  ) => {
    const { t } = sesam;
    const rules = new LiveRules(sesam, editors);
    const tracker = new WidgetTracker<LiveWidget>({ namespace: "sesam-interactive-live" });
    const extension = [
      besideText,
      hovering((view, position) => Promise.resolve(rules.recorded(view, position))),
      EditorView.updateListener.of((update) => {
        if (update.selectionSet && !update.docChanged) queueMicrotask(() => rules.pointed(update.view));
      }),
    ];
    editors.extend(() => extension);

    const settings = registry?.load(ID).then((found) => {
      const take = () => {
        rules.detail = found.get("values").composite as Detail;
      };
      take();
      found.changed.connect(take);
      return found;
    });
    const setDetail = (detail: Detail) => {
      rules.detail = detail;
      void settings?.then((found) => found.set("values", detail));
    };

    const beside = () => {
      const editor = editors.current ?? rules.written?.editor;
      return editor && editors.originOf(editor)?.widget.id;
    };
    const debug = () => {
      const written = rules.current();
      if (written === null) {
        Notification.info(t("Put the cursor into a %%dtl cell, or into the rules of a *.conf.json file."), { autoClose: 5_000 });
        return;
      }
      const chosen = rules.good?.sample[rules.good.chosen]?.id ?? written.entity;
      const about = { ...written.about, text: written.text, ...(chosen ? { ids: [chosen] } : {}) };
      const live = tracker.find(({ isVisible }) => isVisible);
      const place = live ? ({ mode: "tab-after", ref: live.id } as const) : splitFrom(beside());
      views.open({ view: "debug", name: written.title, about: JSON.stringify(about), from: "rules" }, place);
    };

    app.commands.addCommand(LIVE, {
      ...NO_ARGS,
      label: t("DTL preview"),
      caption: t("What the rules of the cell or file make of real entities, while you type"),
      icon: sesamIcon,
      execute: () => {
        let widget = tracker.find(({ isDisposed }) => !isDisposed);
        if (widget === undefined) {
          widget = new LiveWidget(rules, sesam, { debug, setDetail });
          // A notebook on a page of its own has one place in the middle, which it takes.
          if (labShell) labShell.add(widget, "main", { ...splitFrom(beside()), activate: false });
          else app.shell.add(widget, "right");
          void tracker.add(widget);
        }
        app.shell.activateById(widget.id);
      },
    });
    app.commands.addCommand(DEBUG, {
      ...NO_ARGS,
      label: t("Debug the rules that are being written"),
      caption: t("The chosen entity of the preview, step by step through the rules of the cell or file"),
      execute: debug,
    });
    for (const command of [LIVE, DEBUG]) palette?.addItem({ command, category: "Sesam" });
    if (restorer) void restorer.restore(tracker, { command: LIVE, name: ({ id }) => id });
  },
};

/** At the right of a document; behind the others where there is none. */
function splitFrom(ref: string | undefined) {
  return ref ? ({ mode: "split-right", ref } as const) : ({ mode: "split-right" } as const);
}
