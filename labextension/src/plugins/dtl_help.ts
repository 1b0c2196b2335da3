/** Help while DTL is written: completion, problems with fixes, what a word means, layout. */

import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, InputDialog, Notification } from "@jupyterlab/apputils";
import { ICompletionProviderManager } from "@jupyterlab/completer";
import { ISettingRegistry } from "@jupyterlab/settingregistry";

import { hovering } from "../../../frontend/src/dtl/codemirror";
import { described } from "../../../frontend/src/dtl/known";
import { overQuotes } from "../../../frontend/src/dtl/quotes";
import { regionAt } from "../../../frontend/src/dtl/region";
import { clicking, uses } from "../../../frontend/src/dtl/symbols";
import { messageOf } from "../../../frontend/src/host";
import { Asking } from "../dtl/asking";
import { Checking, fixesAt, goToProblem } from "../dtl/checking";
import { DtlCompletion, silenceOthers } from "../dtl/completion";
import type { DtlEditor } from "../dtl/editors";
import { formatEditor } from "../dtl/formatting";
import { Naming } from "../dtl/naming";
import { ISesamEditors, ISesamNode, ISesamViews } from "../tokens";

const ID = "sesam-interactive:dtl";
const CATEGORY = "Sesam";

export const dtlHelpPlugin: JupyterFrontEndPlugin<void> = {
  id: "sesam-interactive:dtl-help",
  description: "Completion, problems, hover and layout of DTL in cells and files.",
  autoStart: true,
  requires: [ISesamNode, ISesamEditors],
  optional: [ISesamViews, ICompletionProviderManager, ICommandPalette, ISettingRegistry],
  activate: (
    app,
    sesam: ISesamNode,
    editors: ISesamEditors,
    views: ISesamViews | null,
    completers: ICompletionProviderManager | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
  ) => {
    const { t, model } = sesam;
    const asking = new Asking(sesam, editors);
    const completion = new DtlCompletion(asking, editors, sesam, (widget) => completers?.invoke(widget));
    const checking = new Checking(asking, editors, t);
    if (completers) {
      completers.registerProvider(completion);
      silenceOthers(completers, completion);
    }
    const telling = hovering(async (view, at) => {
      const editor = editors.of(view);
      const region = editor && regionAt(editor.regions, at);
      const found = editor && region && (await asking.hover(editor, region, at).catch(() => null));
      if (!found) return null;
      const dom = document.createElement("div");
      dom.className = "sesam-hover";
      dom.append(described(found));
      return { from: found.from, to: found.to, dom };
    });
    const over = overQuotes((view, at) => {
      const editor = editors.of(view);
      return editor !== null && regionAt(editor.regions, at) !== null;
    });
    editors.extend(() => [checking.extension, telling, over]);
    model.changed.connect((_, before) => {
      const { live, things } = model.shown;
      const isOther = (kind: "datasets" | "pipes") => Object.keys(before.things[kind]).join() !== Object.keys(things[kind]).join();
      if (live !== before.live || isOther("datasets") || isOther("pipes")) checking.again(true);
    });
    const follow = async () => {
      const settings = await registry?.load(ID);
      const read = () => {
        completion.isOn = settings?.get("completion").composite !== false;
        checking.turn(settings?.get("problems").composite !== false);
      };
      settings?.changed.connect(read);
      read();
    };
    // Without its settings all is as it comes.
    follow().catch((error: Error) => console.warn("sesam-interactive:", error.message));

    const add = (id: string, label: string, execute: (editor: DtlEditor) => unknown) => {
      app.commands.addCommand(id, {
        label,
        describedBy: { args: { type: "object", properties: {} } },
        isEnabled: () => editors.current !== null,
        execute: async () => {
          try {
            if (editors.current) await execute(editors.current);
          } catch (error) {
            Notification.error(messageOf(error as Error), { autoClose: 5_000 });
          }
        },
      });
      palette?.addItem({ command: id, category: CATEGORY });
    };
    add("sesam:format", t("Format DTL"), (editor) => formatEditor(asking, editor));
    add("sesam:quick-fix", t("Quick fix of DTL"), async ({ view }) => {
      const fixes = fixesAt(view);
      if (fixes.length === 0) Notification.info(t("There is no quick fix here"), { autoClose: 3_000 });
      else if (fixes.length === 1) fixes[0]!.apply();
      else {
        const labels = fixes.map(({ label }, number) => `${number + 1}: ${label}`);
        const { button, value } = await InputDialog.getItem({ title: t("Which fix?"), items: labels, okLabel: t("Fix") });
        if (button.accept && value !== null) fixes[labels.indexOf(value)]?.apply();
      }
      view.focus();
    });
    const go = (by: 1 | -1) => ({ view }: DtlEditor) => {
      if (!goToProblem(view, by)) Notification.info(t("There are no problems"), { autoClose: 3_000 });
    };
    add("sesam:next-problem", t("Next problem of DTL"), go(1));
    add("sesam:previous-problem", t("Previous problem of DTL"), go(-1));
    editors.currentChanged.connect(() => app.commands.notifyCommandChanged());
    const naming = new Naming(sesam, asking, editors, views);
    add("sesam:go-to-definition", t("Go to where a name of DTL is defined"), (editor) => naming.goToDefinition(editor));
    add("sesam:show-uses", t("Show all places of a name of DTL"), (editor) => naming.showUses(editor));
    add("sesam:rename", t("Rename a rule or alias of DTL…"), (editor) => naming.rename(editor));
    const click = clicking((view, at) => {
      const editor = editors.of(view);
      if (editor) void naming.goToDefinition(editor, at, true).catch(() => undefined);
    });
    editors.extend(() => [uses, click]);
  },
};
