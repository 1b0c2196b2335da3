/** Tells of pipes that begin to fail while somebody works. */

import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { Notification } from "@jupyterlab/apputils";
import { ISettingRegistry } from "@jupyterlab/settingregistry";

import type { Shown } from "../../../frontend/src/components/NodePanel";
import { wordOf } from "../../../frontend/src/live/states";
import { newlyBad } from "../../../frontend/src/live/things";
import type { NodeModel } from "../node";
import { ISesamNode, ISesamViews } from "../tokens";

const ID = "sesam-interactive:notices";
const SHOWN_MS = 10_000;
/** More at once are told as one. */
const MOST = 3;

export const noticesPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: "Notifications of pipes that fail.",
  autoStart: true,
  requires: [ISesamNode, ISesamViews],
  optional: [ISettingRegistry],
  activate: (app, { model, t }: ISesamNode, views: ISesamViews, registry: ISettingRegistry | null) => {
    let wanted = true;
    void registry?.load(ID).then((settings) => {
      const take = () => {
        wanted = settings.get("failures").composite !== false;
      };
      take();
      settings.changed.connect(take);
    });
    const tell = (_model: NodeModel, before: Shown) => {
      const now = model.shown;
      const known = before.node?.url === now.node?.url && Object.keys(before.things.pipes).length > 0;
      if (!wanted || !known || before.things === now.things) return;
      const failing = newlyBad(before.things, now.things);
      if (failing.length > MOST) {
        const actions = [{ label: t("Show the panel"), callback: () => void app.commands.execute("sesam:panel") }];
        Notification.error(t("{n} pipes fail", { n: failing.length }), { autoClose: SHOWN_MS, actions });
        return;
      }
      for (const name of failing) {
        const { runtime } = now.things.pipes[name]!;
        const reason = runtime.message.split("\n")[0]?.slice(0, 200);
        const actions = [{ label: t("Open log"), callback: () => views.open({ view: "status", name }) }];
        Notification.error(`${name}: ${reason || wordOf(runtime.status, t)}`, { autoClose: SHOWN_MS, actions });
      }
    };
    model.changed.connect(tell);
  },
};
