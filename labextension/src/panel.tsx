/** The left panel, as a widget of JupyterLab. */

import { ReactWidget } from "@jupyterlab/ui-components";

import { NodePanel, type PanelSource } from "../../frontend/src/components/NodePanel";
import { type Translate, WordsProvider } from "../../frontend/src/words";
import { sesamIcon } from "./icons";

export class Panel extends ReactWidget {
  constructor(
    private readonly source: PanelSource,
    private readonly t: Translate,
  ) {
    super();
    this.id = "sesam-interactive-panel";
    this.title.icon = sesamIcon;
    this.title.caption = t("Sesam: node, pipes, datasets");
    this.addClass("sesam-panel-widget");
  }

  protected override render() {
    return (
      <WordsProvider value={this.t}>
        <NodePanel source={this.source} />
      </WordsProvider>
    );
  }
}
