/** The drawing of the graph: moved by dragging and keys, zoomed by buttons and Ctrl with the wheel. */

import { useEffect, useId, useLayoutEffect, useMemo, useRef } from "react";

import { type FlowEdge, type FlowNode, kindWord, type Neighbours } from "../flow/graph";
import { type Placed, curve } from "../flow/layout";
import { factsOf, queueOf, shortName, sizeOf } from "../flow/sizes";
import { classOf, shortWord } from "../live/states";
import { useT } from "../words";

const MARGIN = 16;
const HIGHEST = 560;
const BARS = 44;
const [SMALLEST, LARGEST] = [0.12, 2.5];
/** Below this scale the second lines cannot be read, and are not drawn. */
const FAR = 0.55;

interface Props {
  nodes: FlowNode[];
  edges: FlowEdge[];
  layout: Placed;
  neighbours: Neighbours;
  chosen: string | null;
  lit: ReadonlySet<string> | null;
  choose: (id: string | null) => void;
}

export function FlowGraphCanvas({ nodes, edges, layout, neighbours, chosen, lit, choose }: Props) {
  const t = useT();
  const svg = useRef<SVGSVGElement | null>(null);
  const arrow = useId();
  const camera = useRef<Camera | null>(null);
  camera.current ??= new Camera();
  const look = camera.current;

  useLayoutEffect(() => {
    look.attach(svg.current!, layout);
    return look.detach;
  }, [layout]);

  useEffect(() => {
    const at = chosen === null ? undefined : layout.nodes.get(chosen);
    if (at) look.reveal(at.x, at.y, 160, 40);
  }, [chosen, layout]);

  const curves = useMemo(() => layout.edges.map(curve), [layout]);
  const isLit = (id: string) => lit === null || lit.has(id);

  const onKey = (event: { key: string; shiftKey: boolean; ctrlKey: boolean; metaKey: boolean; altKey: boolean; preventDefault(): void; stopPropagation(): void }) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = () => {
      if (event.key === "+" || event.key === "=") look.zoom(1.25);
      else if (event.key === "-") look.zoom(0.8);
      else if (event.key === "0") look.fit();
      else if (event.key === "Escape") choose(null);
      else if (event.key.startsWith("Arrow") && event.shiftKey) look.move(...STEPS[event.key]!);
      else if (event.key.startsWith("Arrow")) choose(neighbourOf(event.key, chosen, layout, neighbours));
      else return false;
      return true;
    };
    if (act()) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  return (
    <div
      className="sesam-flow-canvas"
      tabIndex={0}
      role="group"
      aria-label={t("graph of pipes: arrows go along it, plus and minus zoom, 0 shows all")}
      onKeyDown={onKey}
    >
      <svg
        ref={svg}
        onClick={(event) => !look.wasDragged && event.target === svg.current && choose(null)}
      >
        <defs>
          <marker id={arrow} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto-start-reverse">
            <path d="M0 0.8 7 4 0 7.2z" className="sesam-flow-head" />
          </marker>
        </defs>
        <g>
          {edges.map((edge, number) => (
            <g key={`${edge.from} ${edge.to} ${edge.kind}`} className={`sesam-edge is-${edge.kind}${isLit(edge.from) && isLit(edge.to) ? "" : " is-dim"}${edge.from === chosen || edge.to === chosen ? " is-near" : ""}`}>
              <path d={curves[number]} markerEnd={`url(#${arrow})`} />
            </g>
          ))}
          {nodes.map((node) => (
            <Node
              key={node.id}
              node={node}
              at={layout.nodes.get(node.id)!}
              isChosen={node.id === chosen}
              isDim={!isLit(node.id)}
              choose={() => !look.wasDragged && choose(node.id)}
            />
          ))}
        </g>
      </svg>
      <div className="sesam-flow-buttons">
        <button type="button" className="sesam-button" aria-label={t("zoom in")} title={t("zoom in (+, Ctrl and wheel)")} onClick={() => look.zoom(1.25)}>
          +
        </button>
        <button type="button" className="sesam-button" aria-label={t("zoom out")} title={t("zoom out (−)")} onClick={() => look.zoom(0.8)}>
          −
        </button>
        <button type="button" className="sesam-button" aria-label={t("show all")} title={t("show all (0)")} onClick={() => look.fit()}>
          ⤢
        </button>
      </div>
    </div>
  );
}

const STEPS: Record<string, [number, number]> = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

function Node({ node, at, isChosen, isDim, choose }: { node: FlowNode; at: { x: number; y: number }; isChosen: boolean; isDim: boolean; choose: () => void }) {
  const { width, height } = sizeOf(node);
  const t = useT();
  const facts = factsOf(node, t);
  const queue = queueOf(node);
  const state = shortWord(node.state, t);
  const told = [state, facts === state ? "" : facts, queue && t("{n} waiting", { n: queue })].filter((fact) => fact !== "");
  const said = `${kindWord(node.kind, t)} ${node.name}: ${told.join(", ")}${node.message ? `. ${node.message}` : ""}`;
  const middle = facts ? height / 2 - 3 : height / 2 + 4;
  return (
    <g
      className={`sesam-node is-${node.kind} ${classOf(node.state)}${isChosen ? " is-chosen" : ""}${isDim ? " is-dim" : ""}`}
      transform={`translate(${at.x} ${at.y})`}
      role="button"
      aria-label={said}
      aria-pressed={isChosen}
      onClick={choose}
    >
      <title>{said}</title>
      <rect width={width} height={height} rx={node.kind === "dataset" ? height / 2 : node.kind === "system" ? 0 : 5} className="sesam-node-box" />
      {node.kind !== "dataset" && <rect width={5} height={height} rx={node.kind === "system" ? 0 : 2} className="sesam-node-mark" />}
      {node.kind === "dataset" && <circle cx={14} cy={height / 2} r={4} className="sesam-node-mark" />}
      <text x={node.kind === "dataset" ? 24 : 14} y={middle} className="sesam-node-name">
        {shortName(node.name)}
      </text>
      {facts && (
        <text x={node.kind === "dataset" ? 24 : 14} y={height / 2 + 12} className="sesam-node-facts">
          {facts}
        </text>
      )}
      {queue && (
        <g transform={`translate(${width - 4} -7)`} className="sesam-node-queue">
          <rect x={-queue.length * 6.5 - 8} width={queue.length * 6.5 + 10} height={15} rx={7.5} />
          <text x={-queue.length * 3.25 - 3} y={11} textAnchor="middle">
            {queue}
          </text>
        </g>
      )}
    </g>
  );
}

/** Where an arrow key leads: along the graph to the left and right, else to the nearest node there. */
function neighbourOf(key: string, chosen: string | null, layout: Placed, neighbours: Neighbours): string | null {
  const ids = [...layout.nodes.keys()];
  const here = chosen === null ? undefined : layout.nodes.get(chosen);
  if (here === undefined || chosen === null) return ids[0] ?? null;
  const near = (candidates: string[]) =>
    candidates
      .filter((id) => id !== chosen && layout.nodes.has(id))
      .sort((a, b) => distance(layout, a, here) - distance(layout, b, here))[0] ?? chosen;
  if (key === "ArrowLeft") return near(neighbours.before.get(chosen) ?? []);
  if (key === "ArrowRight") return near(neighbours.after.get(chosen) ?? []);
  const sign = key === "ArrowUp" ? -1 : 1;
  return near(ids.filter((id) => (layout.nodes.get(id)!.y - here.y) * sign > 0));
}

function distance(layout: Placed, id: string, from: { x: number; y: number }): number {
  const at = layout.nodes.get(id)!;
  return 3 * Math.abs(at.x - from.x) + Math.abs(at.y - from.y);
}

/** What part of the drawing is seen. It changes without rendering the drawing anew. */
class Camera {
  /** The click that ends a drag is none. */
  wasDragged = false;
  private svg: SVGSVGElement | null = null;
  private layout: Placed | null = null;
  private watcher: ResizeObserver | null = null;
  private scale = 1;
  private x = 0;
  private y = 0;
  private drag: { x: number; y: number; pointer: number } | null = null;
  private touched = false;

  attach(svg: SVGSVGElement, layout: Placed): void {
    this.svg = svg;
    this.layout = layout;
    svg.addEventListener("wheel", this.onWheel, { passive: false });
    svg.addEventListener("pointerdown", this.onDown);
    svg.addEventListener("pointermove", this.onMove);
    svg.addEventListener("pointerup", this.onUp);
    svg.addEventListener("pointercancel", this.onUp);
    // The place of an output may get its width after it is shown.
    this.watcher = new ResizeObserver(() => this.touched || this.fit());
    this.watcher.observe(svg.parentElement!);
    this.touched = false;
    this.fit();
  }

  readonly detach = (): void => {
    const { svg } = this;
    if (!svg) return;
    svg.removeEventListener("wheel", this.onWheel);
    svg.removeEventListener("pointerdown", this.onDown);
    svg.removeEventListener("pointermove", this.onMove);
    svg.removeEventListener("pointerup", this.onUp);
    svg.removeEventListener("pointercancel", this.onUp);
    this.watcher?.disconnect();
  };

  /** Shows all of it, not larger than it is. */
  fit(): void {
    const { svg, layout } = this;
    if (!svg || !layout || svg.parentElement!.clientWidth === 0) return;
    const width = svg.parentElement!.clientWidth;
    const [wide, high] = [layout.width + 2 * MARGIN, layout.height + 2 * MARGIN];
    // A view that has a place of its own fills it; in a notebook it takes what it needs.
    const place = svg.closest<HTMLElement>(".sesam-main-view");
    const highest = place ? Math.max(160, place.clientHeight - BARS) : HIGHEST;
    this.scale = Math.max(SMALLEST, Math.min(1, width / wide, highest / high));
    const needed = Math.max(160, Math.min(highest, Math.ceil(high * this.scale)));
    svg.style.height = `${place ? highest : needed}px`;
    this.x = Math.max(MARGIN, (width - layout.width * this.scale) / 2);
    this.y = Math.max(MARGIN * this.scale, (svg.clientHeight - layout.height * this.scale) / 2);
    this.touched = false;
    this.apply();
  }

  zoom(by: number, at?: { x: number; y: number }): void {
    const { svg } = this;
    if (!svg) return;
    const fixed = at ?? { x: svg.clientWidth / 2, y: svg.clientHeight / 2 };
    const scale = Math.max(SMALLEST, Math.min(LARGEST, this.scale * by));
    this.x = fixed.x - ((fixed.x - this.x) * scale) / this.scale;
    this.y = fixed.y - ((fixed.y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.touched = true;
    this.apply();
  }

  move(x: number, y: number): void {
    this.x += x;
    this.y += y;
    this.touched = true;
    this.apply();
  }

  /** Moves as far as is needed to see a node. */
  reveal(x: number, y: number, width: number, height: number): void {
    const { svg } = this;
    if (!svg) return;
    const [left, top] = [this.x + x * this.scale, this.y + y * this.scale];
    const [right, bottom] = [left + width * this.scale, top + height * this.scale];
    const shift = (from: number, to: number, room: number) => (from < MARGIN ? MARGIN - from : to > room - MARGIN ? room - MARGIN - to : 0);
    const [dx, dy] = [shift(left, right, svg.clientWidth), shift(top, bottom, svg.clientHeight)];
    if (dx || dy) this.move(dx, dy);
  }

  private apply(): void {
    const drawing = this.svg?.querySelector(":scope > g");
    drawing?.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.scale})`);
    this.svg?.classList.toggle("is-far", this.scale < FAR);
  }

  // A plain wheel scrolls the notebook.
  private readonly onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = this.svg!.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY / 300), { x: event.clientX - box.left, y: event.clientY - box.top });
  };

  private readonly onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.wasDragged = false;
    this.drag = { x: event.clientX, y: event.clientY, pointer: event.pointerId };
  };

  private readonly onMove = (event: PointerEvent): void => {
    if (!this.drag || event.pointerId !== this.drag.pointer) return;
    const [dx, dy] = [event.clientX - this.drag.x, event.clientY - this.drag.y];
    if (!this.wasDragged && Math.hypot(dx, dy) < 4) return;
    if (!this.wasDragged) this.svg!.setPointerCapture(event.pointerId);
    this.wasDragged = true;
    this.drag = { ...this.drag, x: event.clientX, y: event.clientY };
    this.move(dx, dy);
  };

  private readonly onUp = (): void => {
    this.drag = null;
  };
}
