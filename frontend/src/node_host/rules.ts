/** The rules in the text of a pipe's configuration: taken out, and put in. All else of the text stays as it is. */

import { bare, jsonWith } from "../dtl/bare";
import { type JsonNode, member, readJson, stringAt } from "../dtl/json_text";
import { HostError } from "../host";

/** What a pipe begins with that has no rules yet. */
export const NEW = '[["copy", "*"]]';

/** The transform that has the rules; null where the pipe has none. Raises HostError where none, or several, may be meant. */
function transformIn(config: string, wanted: number | null): JsonNode | null {
  const found = member(readJson(config) ?? undefined, "transform");
  if (found === undefined) return null;
  const isDtl = (one: JsonNode) => (stringAt(one, "type") ?? "dtl") === "dtl";
  if (found.kind !== "list") {
    if (isDtl(found)) return found;
    throw new HostError(`the transform is of type "${stringAt(found, "type")}"`);
  }
  const places = dtlTransforms(config);
  const at = wanted ?? (places.length === 1 ? places[0]! : null);
  if (at === null || !places.includes(at)) throw new HostError(`say which transform is meant; of type dtl: ${places.join(", ") || "none"}`);
  return found.items[at]!;
}

/** The positions of the transforms that have rules, of a pipe with a list of transforms. */
export function dtlTransforms(config: string): number[] {
  const found = member(readJson(config) ?? undefined, "transform");
  if (found?.kind !== "list") return [];
  return found.items.flatMap((one, at) => (stringAt(one, "type") === "dtl" ? [at] : []));
}

/** The rules as they stand in a configuration, or those that copy all. */
export function rulesIn(config: string, transform: number | null): string {
  const rules = member(transformIn(config, transform) ?? undefined, "rules");
  return rules === undefined ? NEW : config.slice(rules.from, rules.to);
}

/** The configuration with other rules. */
export function withRules(config: string, rules: string, transform: number | null): string {
  const whole = `${config.trimEnd()}`;
  const found = transformIn(whole, transform);
  const made = ruleSet(rules);
  if (found === null) return withMember(whole, readJson(whole), "transform", `{"type": "dtl", "rules": ${made}}`);
  const held = member(found, "rules");
  return held === undefined ? withMember(whole, found, "rules", made) : `${whole.slice(0, held.from)}${made}${whole.slice(held.to)}`;
}

function withMember(text: string, object: JsonNode | null, key: string, value: string): string {
  if (object?.kind !== "object") throw new HostError("the configuration is no object");
  const end = object.to - 1;
  return `${text.slice(0, end).trimEnd()}${object.items.length > 0 ? "," : ""} ${JSON.stringify(key)}: ${value}${text.slice(end)}`;
}

/** A text of rules as strict JSON, a list of transforms as the rule "default". Raises HostError for what is neither. */
export function ruleSet(text: string): string {
  const root = readJson(text);
  const rules = bare(text);
  try {
    JSON.parse(rules);
  } catch (error) {
    throw new HostError(`the rules are no JSON: ${(error as Error).message}`);
  }
  if (root?.kind === "list") return `{"default": ${rules}}`;
  if (root?.kind === "object" && member(root, "default") !== undefined) return rules;
  throw new HostError('expected a list of transforms, or rules by name with one called "default"');
}

/** A new pipe with these rules over a dataset, or over what another pipe reads. */
export function newPipe(name: string, rules: string, from: { dataset: string } | { config: string }): string {
  const raw: Record<string, string> = {};
  if ("config" in from) {
    const root = readJson(from.config) ?? undefined;
    for (const key of ["source", "pump"]) {
      const found = member(root, key);
      if (found) raw[key] = from.config.slice(found.from, found.to);
    }
  } else raw["source"] = JSON.stringify({ type: "dataset", dataset: from.dataset });
  raw["transform"] = `{"type": "dtl", "rules": ${ruleSet(rules)}}`;
  return jsonWith({ _id: name, type: "pipe" }, raw);
}
