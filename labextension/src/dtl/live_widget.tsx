/** The preview of the rules that are being written, as a widget beside the editors. */

import { ReactWidget } from "@jupyterlab/ui-components";
import type { Message } from "@lumino/messaging";
import { lazy, Suspense, useSyncExternalStore } from "react";

import type { Detail } from "../../../frontend/src/dtl/beside";
import { WordsProvider } from "../../../frontend/src/words";
import { sesamIcon } from "../icons";
import type { ISesamNode } from "../tokens";
import type { LiveRules } from "./live";

const LivePreview = lazy(() => import("../../../frontend/src/components/LivePreview").then((module) => ({ default: module.LivePreview })));

export interface LiveActions {
  debug(): void;
  setDetail(detail: Detail): void;
}

export class LiveWidget extends ReactWidget {
  constructor(
    private readonly rules: LiveRules,
    private readonly sesam: ISesamNode,
    private readonly actions: LiveActions,
  ) {
    super();
    this.id = "sesam-live";
    this.addClass("sesam-view-widget");
    this.node.tabIndex = -1;
    this.title.label = sesam.t("DTL preview");
    this.title.caption = sesam.t("What the rules that are being written make of real entities");
    this.title.icon = sesamIcon;
    this.title.closable = true;
    document.addEventListener("visibilitychange", this.turned);
  }

  override dispose(): void {
    document.removeEventListener("visibilitychange", this.turned);
    this.rules.active = false;
    super.dispose();
  }

  /** Closed, it is gone: it can be opened again, and the values beside the text go with it. */
  protected override onCloseRequest(message: Message): void {
    super.onCloseRequest(message);
    this.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.turned();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.turned();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.turned();
  }

  protected override onActivateRequest(): void {
    // Who types goes on typing.
    const isTyping = this.rules.current()?.editor.view.hasFocus;
    if (!isTyping && !this.node.contains(document.activeElement)) this.node.focus();
  }

  /** Nothing is asked for what nobody sees. */
  private readonly turned = (): void => {
    this.rules.active = this.isAttached && this.isVisible && document.visibilityState === "visible";
  };

  protected override render() {
    return (
      <WordsProvider value={this.sesam.t}>
        <div className="sesam sesam-main-view">
          <Suspense fallback={<div className="sesam-empty">…</div>}>
            <Followed rules={this.rules} sesam={this.sesam} actions={this.actions} />
          </Suspense>
        </div>
      </WordsProvider>
    );
  }
}

/** The panel as the rules are now. */
function Followed({ rules, sesam: { model }, actions }: { rules: LiveRules; sesam: ISesamNode; actions: LiveActions }) {
  useSyncExternalStore(
    (heard) => {
      rules.changed.connect(heard);
      model.changed.connect(heard);
      return () => {
        rules.changed.disconnect(heard);
        model.changed.disconnect(heard);
      };
    },
    () => rules.state,
  );
  const { written } = rules;
  return (
    <LivePreview
      view={written?.editor.view ?? null}
      title={written?.title ?? ""}
      live={rules.live}
      good={rules.good}
      failure={rules.failure}
      isThere={model.shown.live}
      hasDeployed={written?.hasDeployed ?? false}
      unknown={written?.unknown ?? []}
      detail={rules.detail}
      setDetail={actions.setDetail}
      choose={(id) => rules.choose(id)}
      again={() => void rules.again()}
      debug={actions.debug}
    />
  );
}
