/** The item of the status bar: how the node is. */

import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IStatusBar } from "@jupyterlab/statusbar";
import { ReactWidget } from "@jupyterlab/ui-components";

import { isBad } from "../../../frontend/src/live/states";
import { useShown } from "../shown";
import { ISesamNode } from "../tokens";

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: "sesam-interactive:status",
  description: "How the node is, in the status bar.",
  autoStart: true,
  requires: [ISesamNode],
  // Notebook 7 has none.
  optional: [IStatusBar],
  activate: (app, sesam: ISesamNode, statusBar: IStatusBar | null) => {
    if (statusBar === null) return;
    const item = new StatusItem(sesam, () => void app.commands.execute("sesam:panel"));
    statusBar.registerStatusItem("sesam-interactive:status", { item, align: "left", rank: 200 });
  },
};

class StatusItem extends ReactWidget {
  constructor(
    private readonly sesam: ISesamNode,
    private readonly clicked: () => void,
  ) {
    super();
    this.addClass("sesam-status-item");
  }

  protected override render() {
    return <Item sesam={this.sesam} clicked={this.clicked} />;
  }
}

function Item({ sesam, clicked }: { sesam: ISesamNode; clicked: () => void }) {
  const { t } = sesam;
  const { node, things, live } = useShown(sesam, (shown) => shown);
  if (node === null) return null;
  const states = Object.values(things.pipes).map(({ runtime }) => runtime.status);
  const bad = states.filter(isBad).length;
  const running = states.filter((state) => state === "running").length;
  const parts = [
    node.profile ?? "",
    node.starting ? t("node starting …") : !node.running ? t("no node") : t(states.length === 1 ? "{n} pipe" : "{n} pipes", { n: states.length }),
    running > 0 ? t("{n} running", { n: running }) : "",
    bad > 0 ? t("{n} failed", { n: bad }) : "",
  ];
  const look = bad > 0 ? "failed" : running > 0 ? "running" : node.running && live ? "ok" : "disabled";
  return (
    <button className="sesam-status-button" title={t("Sesam: show the panel of the node")} onClick={clicked}>
      <span className={`sesam-dot is-${look}`} aria-hidden="true" />
      {parts.filter((part) => part !== "").join(" · ")}
    </button>
  );
}
