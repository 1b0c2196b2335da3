/** One entity as a tree that folds, or two versions of one with what is different between them. */

import { useMemo, useState } from "react";

import type { Host } from "../host";
import { useT } from "../words";
import { content, type Entity, type Value } from "../entity/format";
import { TreeView } from "./EntityTreeView";
import { VersionSlider, useVersions } from "./EntityTreeVersions";

/** The widget: an entity with its versions, where it has some. */
export function EntityTree({ host }: { host: Host }) {
  const versions = useVersions(host, host.get<string | null>("entity_id"));
  const first = host.get<Entity | null>("entity");
  const compared = host.get<Entity | null>("before");
  const entity = versions.entity ?? first;
  const before = versions.entity ? versions.before : compared;
  return (
    <div className="sesam-box sesam-tree-box">
      {versions.list.length > 1 && <VersionSlider versions={versions} />}
      {versions.error && <div className="sesam-error" role="alert">{versions.error}</div>}
      {entity && <EntityPane entity={entity} before={before ?? null} />}
    </div>
  );
}

/** A tree with its search field; `before` is the version that it is compared with. */
export function EntityPane({ entity, before }: { entity: Entity; before: Entity | null }) {
  const t = useT();
  const [search, setSearch] = useState("");
  const [reserved, setReserved] = useState(false);
  const shown = useMemo<Value>(() => (reserved ? entity : content(entity)), [entity, reserved]);
  const old = useMemo<Value | undefined>(() => {
    if (before === null) return undefined;
    return reserved ? before : content(before);
  }, [before, reserved]);
  return (
    <div className="sesam-box sesam-tree-pane">
      <div className="sesam-bar">
        <input
          type="search"
          placeholder={t("Search names and values")}
          aria-label={t("Search in this entity")}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <label title="_updated, _previous, _ts, _hash, _deleted">
          <input type="checkbox" checked={reserved} onChange={() => setReserved(!reserved)} /> {t("node's own")}
        </label>
      </div>
      <TreeView value={shown} before={old} search={search} />
    </div>
  );
}
