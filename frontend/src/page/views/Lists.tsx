/** The lists of datasets and of systems, and the head that all lists have. */

import { type ReactNode, useState } from "react";

import { useT } from "../../words";
import { usePage } from "../context";
import { useLive } from "../live";
import { hrefOf } from "../routes";
import { type ColumnOf, Table } from "../Table";

interface HeadProps {
  title: string;
  count: number;
  found: number;
  label: string;
  search: string;
  setSearch(text: string): void;
  children?: ReactNode;
}

export function ListHead({ title, count, found, label, search, setSearch, children }: HeadProps) {
  const t = useT();
  return (
    <div className="sesam-list-head">
      <h1>{title}</h1>
      <span className="sesam-dim" role="status">{found === count ? count.toLocaleString("en") : t("{n} of {all}", { n: found, all: count })}</span>
      <input type="search" placeholder={t("find")} aria-label={label} value={search} onInput={(event) => setSearch(event.currentTarget.value)} onChange={(event) => setSearch(event.currentTarget.value)} />
      {children}
    </div>
  );
}

interface DatasetRow {
  name: string;
  entities: number;
  deleted: number;
  pipe: string | null;
  readers: number;
}

export function DatasetsView() {
  const t = useT();
  const { things, live } = useLive(usePage().live);
  const [search, setSearch] = useState("");
  const pipes = Object.entries(things.pipes);
  const writer = new Map(pipes.filter(([, pipe]) => pipe.output !== null).map(([name, pipe]) => [pipe.output, name]));
  const all: DatasetRow[] = Object.entries(things.datasets).map(([name, { entities, deleted }]) => ({
    name,
    entities,
    deleted,
    pipe: writer.get(name) ?? null,
    readers: pipes.filter(([, pipe]) => pipe.inputs.includes(name)).length,
  }));
  const rows = all.filter(({ name }) => name.toLowerCase().includes(search.trim().toLowerCase()));
  const columns: ColumnOf<DatasetRow>[] = [
    { id: "name", label: t("Dataset"), value: ({ name }) => name, show: ({ name }) => <a href={hrefOf("datasets", name)}>{name}</a> },
    { id: "entities", label: t("Entities"), value: ({ entities }) => entities, isNumber: true },
    { id: "deleted", label: t("Deleted"), value: ({ deleted }) => deleted, isNumber: true, isExtra: true },
    { id: "pipe", label: t("Written by"), value: ({ pipe }) => pipe, show: ({ pipe }) => (pipe ? <a href={hrefOf("pipes", pipe)}>{pipe}</a> : ""), isExtra: true },
    { id: "readers", label: t("Read by pipes"), value: ({ readers }) => readers, isNumber: true, isExtra: true },
  ];
  return (
    <div className="sesam-box sesam-list-view">
      <ListHead title={t("Datasets")} count={all.length} found={rows.length} label={t("find a dataset")} search={search} setSearch={setSearch} />
      <Table label={t("datasets")} rows={rows} columns={columns} begin="name" empty={!live && all.length === 0 ? t("asking …") : all.length === 0 ? t("There are no datasets, or none that you may see.") : t("No dataset has that in its name.")} />
    </div>
  );
}

interface SystemRow {
  name: string;
  type: string;
  valid: boolean;
  pipes: number;
}

export function SystemsView() {
  const t = useT();
  const { things, live } = useLive(usePage().live);
  const [search, setSearch] = useState("");
  const pipes = Object.values(things.pipes);
  const all: SystemRow[] = Object.entries(things.systems).map(([name, { type, "is-valid-config": valid }]) => ({
    name,
    type: type.replace(/^system:/, ""),
    valid,
    pipes: pipes.filter(({ systems }) => systems.includes(name)).length,
  }));
  const wanted = search.trim().toLowerCase();
  const rows = all.filter(({ name, type }) => name.toLowerCase().includes(wanted) || type.includes(wanted));
  const columns: ColumnOf<SystemRow>[] = [
    { id: "name", label: t("System"), value: ({ name }) => name, show: ({ name }) => <a href={hrefOf("systems", name)}>{name}</a> },
    { id: "type", label: t("Type"), value: ({ type }) => type },
    { id: "valid", label: t("Configuration"), value: ({ valid }) => (valid ? 1 : 0), show: ({ valid }) => (valid ? t("valid") : <span className="sesam-state-word is-bad">{t("invalid")}</span>), isExtra: true },
    { id: "pipes", label: t("Used by pipes"), value: ({ pipes: count }) => count, isNumber: true },
  ];
  return (
    <div className="sesam-box sesam-list-view">
      <ListHead title={t("Systems")} count={all.length} found={rows.length} label={t("find a system")} search={search} setSearch={setSearch} />
      <Table label={t("systems")} rows={rows} columns={columns} begin="name" empty={!live && all.length === 0 ? t("asking …") : all.length === 0 ? t("There are no systems, or none that you may see.") : t("No system is like that.")} />
    </div>
  );
}
