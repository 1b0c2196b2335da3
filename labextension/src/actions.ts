/** What is done with pipes, datasets and systems. What cannot be undone is asked for first. */

import { Dialog, InputDialog, Notification, showDialog } from "@jupyterlab/apputils";

import { messageOf } from "../../frontend/src/host";
import type { ISesamNode } from "./tokens";

export type Kind = "pipe" | "dataset" | "system";

export interface Target {
  kind: Kind;
  name: string;
}

type Config = Record<string, unknown> & { sink?: Record<string, unknown>; pump?: Record<string, unknown> };

export class Actions {
  constructor(private readonly sesam: ISesamNode) {}

  async run(name: string): Promise<void> {
    await this.operate(name, { operation: "start" });
  }

  async stop(name: string): Promise<void> {
    await this.operate(name, { operation: "stop" });
  }

  async runOrStop(name: string): Promise<void> {
    const pipe = this.sesam.model.shown.things.pipes[name];
    await (pipe?.runtime.status === "running" ? this.stop(name) : this.run(name));
  }

  async fullRun(name: string): Promise<void> {
    const { t } = this.sesam;
    const sure = await this.ask(t('Run "{name}" in full?', { name }), t("It reads everything again from the beginning, and deletes what is gone."), t("Full run"));
    if (sure) await this.operate(name, { operation: "start-rescan" });
  }

  async reset(name: string): Promise<void> {
    const { t } = this.sesam;
    const sure = await this.ask(t('Reset "{name}"?', { name }), t("It forgets how far it has read: the next run begins at the start."), t("Reset"));
    if (sure) await this.operate(name, { operation: "update-last-seen", "last-seen": "" });
  }

  async enable(name: string): Promise<void> {
    await this.operate(name, { operation: "enable" });
  }

  async disable(name: string): Promise<void> {
    await this.operate(name, { operation: "disable" });
  }

  async duplicate(name: string): Promise<string | null> {
    const { server, t } = this.sesam;
    const given = await InputDialog.getText({
      title: t('Duplicate "{name}"', { name }),
      label: t("Name of the copy. It runs when it is told to, until the mode of its pump is changed."),
      text: `${name}-copy`,
      okLabel: t("Duplicate"),
    });
    const copy = given.value?.trim();
    if (!given.button.accept || !copy) return null;
    return (await this.told(async () => {
      const config = await server.node<Config>(`pipes/${encodeURIComponent(name)}/config`);
      const made: Config = { ...config, _id: copy, pump: { ...config.pump, mode: "manual" } };
      // Two pipes cannot write one dataset: the copy writes its own.
      if (made.sink && "dataset" in made.sink) made.sink = Object.fromEntries(Object.entries(made.sink).filter(([key]) => key !== "dataset"));
      await server.node("pipes", "POST", [made]);
    }))
      ? copy
      : null;
  }

  /** Make a system of a folder whose files become pipes; gives its name, null where none was made. */
  async addFolder(): Promise<string | null> {
    const { server, model, t } = this.sesam;
    const given = await InputDialog.getText({
      title: t("Add a folder of files"),
      label: t("A folder where the node runs. Its CSV, JSON, Excel and Parquet files are offered to be read."),
      placeholder: "/data/inbox",
      okLabel: t("Add"),
    });
    const folder = given.value?.trim().replace(/[\\/]+$/, "");
    if (!given.button.accept || !folder) return null;
    const wanted = folder.split(/[\\/]/).at(-1)!.toLowerCase().replace(/[^a-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "") || "files";
    const { systems } = model.shown.things;
    let name = wanted;
    for (let number = 2; name in systems; number++) name = `${wanted}-${number}`;
    const system = { _id: name, type: "system:url", url_pattern: `${folder}/%s` };
    return (await this.told(() => server.node("systems", "POST", [system]))) ? name : null;
  }

  async delete({ kind, name }: Target): Promise<void> {
    const { server, model, t } = this.sesam;
    const { pipes, datasets } = model.shown.things;
    const output = kind === "pipe" ? pipes[name]?.output : kind === "dataset" ? name : null;
    const readers = Object.entries(pipes).filter(([id, pipe]) => (id !== name || kind !== "pipe") && (kind === "system" ? pipe.systems.includes(name) : output != null && pipe.inputs.includes(output)));
    const count = output != null ? datasets[output]?.entities : undefined;
    const lines = [
      kind === "pipe" && count !== undefined ? t('Its dataset "{name}" goes with it: {n} entities.', { name: output!, n: count }) : "",
      kind === "dataset" && count !== undefined ? t("{n} entities are deleted; the pipe that fills it starts again from the beginning.", { n: count }) : "",
      kind === "system" ? t("Its secrets go with it.") : "",
      readers.length > 0 ? t("Used by: {names}.", { names: readers.map(([id]) => id).join(", ") }) : "",
      t("This cannot be undone."),
    ];
    const titles: Record<Kind, string> = { pipe: t('Delete the pipe "{name}"?', { name }), dataset: t('Delete the dataset "{name}"?', { name }), system: t('Delete the system "{name}"?', { name }) };
    if (!(await this.ask(titles[kind], lines.filter((line) => line !== "").join("\n"), t("Delete")))) return;
    await this.told(() => server.node(`${kind}s/${encodeURIComponent(name)}`, "DELETE"));
  }

  /** Do something; where it fails, it is told. Says whether it did not. */
  async told(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      Notification.error(messageOf(error as Error).slice(0, 500), { autoClose: 10_000 });
      return false;
    }
  }

  private async operate(name: string, fields: Record<string, string>): Promise<void> {
    await this.told(() => this.sesam.server.operate(name, fields));
  }

  private async ask(title: string, body: string, label: string): Promise<boolean> {
    const buttons = [Dialog.cancelButton({ label: this.sesam.t("Cancel") }), Dialog.warnButton({ label })];
    const { button } = await showDialog({ title, body, buttons, defaultButton: 0 });
    return button.accept;
  }
}
