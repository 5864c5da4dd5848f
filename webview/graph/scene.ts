import type { GraphNode, ModelGraph } from '../../engine/shared/protocol/model';
import { layeredLayout, type Point, type Size } from './layeredLayout';

/** A node, or a group: closed ones look like nodes, open ones hold others. */
export interface Box extends Size, Point {
  /** Index in the graph's nodes; `null` for a group. */
  node: number | null;
  /** Index in the graph's groups; `null` for a node. */
  group: number | null;
  isOpen: boolean;
  /** How many nodes it holds. */
  nodes: number;
}

/** An edge between two boxes, over points from the lower side of one to the upper side of the other. */
export interface Link {
  from: number;
  to: number;
  points: Point[];
  /** Index of the first of the graph's edges that it stands for. */
  edge: number;
}

/** A graph as it is drawn; boxes that hold others come before them. */
export interface Scene extends Size {
  boxes: Box[];
  links: Link[];
}

const PAD = { side: 12, top: 30, bottom: 12 };

/** The part of a name that tells it from its neighbours. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/', name.length - 2) + 1);
}

function sizeOf({ kind, layer, name, opType }: GraphNode): Size {
  const isLarge = kind !== 'operator' || layer !== null;
  const letters = isLarge ? Math.max(opType.length + 9, shortName(name).length) : opType.length;
  return { width: Math.min(Math.max(letters * 7 + 24, isLarge ? 110 : 60), 190), height: isLarge ? 40 : 24 };
}

/**
 * Lays out what is to be seen of a graph: groups that are not open are single boxes, open ones are laid out by themselves and
 * take their place as boxes of that size.
 * @param open indices of open groups; one in a closed group does not show
 */
export function layoutScene({ nodes, groups, edges }: ModelGraph, open: ReadonlySet<number>): Scene {
  const count = nodes.length;
  // Items: nodes by their index, groups behind them, and last the whole.
  const whole = count + groups.length;
  const up = [
    ...nodes.map(({ group }) => (group === null ? whole : count + group)),
    ...groups.map(({ parent }) => (parent === null ? whole : count + parent)),
  ];
  const isOpen = (item: number) => item === whole || open.has(item - count);
  const shown = new Array<number>(whole);
  const depth = new Array<number>(whole + 1).fill(0);
  const held = new Array<number>(whole + 1).fill(0);
  const first = new Array<number>(whole + 1).fill(Infinity);
  for (let item = count; item < whole; item++) {
    const around = up[item] ?? whole;
    depth[item] = (depth[around] ?? 0) + 1;
    const isHidden = around !== whole && (shown[around] !== around || !isOpen(around));
    shown[item] = isHidden ? (shown[around] ?? around) : item;
  }
  for (let node = 0; node < count; node++) {
    const around = up[node] ?? whole;
    depth[node] = (depth[around] ?? 0) + 1;
    const isHidden = around !== whole && (shown[around] !== around || !isOpen(around));
    shown[node] = isHidden ? (shown[around] ?? around) : node;
    for (let item = node; item !== whole; item = up[item] ?? whole) {
      first[item] = Math.min(first[item] ?? Infinity, node);
      held[item] = (held[item] ?? 0) + 1;
    }
  }

  const children = new Map<number, number[]>([[whole, []]]);
  for (let item = 0; item < whole; item++) {
    if (shown[item] !== item || held[item] === 0) continue;
    const around = up[item] ?? whole;
    const list = children.get(around);
    if (list === undefined) children.set(around, [item]);
    else list.push(item);
  }
  const slot = new Array<number>(whole).fill(0);
  for (const list of children.values()) {
    list.sort((a, b) => (first[a] ?? 0) - (first[b] ?? 0));
    list.forEach((item, i) => (slot[item] = i));
  }

  // Each edge belongs to the innermost group that holds both its ends.
  const visible = new Map<string, { from: number; to: number; edge: number; around: number; key: string }>();
  const local = new Map<number, Map<string, { index: number; ends: [number, number] }>>();
  edges.forEach(({ from, to }, edge) => {
    const a = shown[from] ?? from;
    const b = shown[to] ?? to;
    const name = `${a} ${b}`;
    if (a === b || visible.has(name)) return;
    let [outerA, outerB] = [a, b];
    while (up[outerA] !== up[outerB]) {
      if ((depth[outerA] ?? 0) >= (depth[outerB] ?? 0)) outerA = up[outerA] ?? whole;
      else outerB = up[outerB] ?? whole;
    }
    const around = up[outerA] ?? whole;
    const key = `${outerA} ${outerB}`;
    const inside = local.get(around) ?? new Map<string, { index: number; ends: [number, number] }>();
    local.set(around, inside);
    if (!inside.has(key))
      inside.set(key, { index: inside.size, ends: [slot[outerA] ?? 0, slot[outerB] ?? 0] });
    visible.set(name, { from: a, to: b, edge, around, key });
  });

  const sizes = new Map<number, Size>();
  const layouts = new Map<number, ReturnType<typeof layeredLayout>>();
  for (const item of [...children.keys()].sort((a, b) => (depth[b] ?? 0) - (depth[a] ?? 0) || b - a)) {
    if (item === whole) continue;
    layOut(item);
  }
  layOut(whole);

  function layOut(item: number): void {
    const list = children.get(item) ?? [];
    const layout = layeredLayout(
      list.map((child) => sizes.get(child) ?? itemSize(child)),
      [...(local.get(item)?.values() ?? [])].map(({ ends }) => ends),
    );
    layouts.set(item, layout);
    sizes.set(item, {
      width: layout.width + 2 * PAD.side,
      height: layout.height + PAD.top + PAD.bottom,
    });
  }
  function itemSize(item: number): Size {
    const node = nodes[item];
    return node === undefined ? { width: 150, height: 40 } : sizeOf(node);
  }

  const boxes: Box[] = [];
  const boxOf = new Map<number, number>();
  const origins = new Map<number, Point>([[whole, { x: 0, y: 0 }]]);
  const place = (around: number): void => {
    const origin = origins.get(around) ?? { x: 0, y: 0 };
    const layout = layouts.get(around);
    (children.get(around) ?? []).forEach((item, i) => {
      const corner = layout?.corners[i] ?? { x: 0, y: 0 };
      const [x, y] = [origin.x + corner.x, origin.y + corner.y];
      const size = sizes.get(item) ?? itemSize(item);
      boxOf.set(item, boxes.length);
      boxes.push({
        x,
        y,
        ...size,
        node: item < count ? item : null,
        group: item < count ? null : item - count,
        isOpen: children.has(item),
        nodes: held[item] ?? 1,
      });
      if (!children.has(item)) return;
      origins.set(item, { x: x + PAD.side, y: y + PAD.top });
      place(item);
    });
  };
  place(whole);

  // Points that edges share stay shared: there is less to send, and to draw.
  const moved = new Map<Point, Point>();
  const move = (point: Point, { x, y }: Point): Point => {
    const known = moved.get(point) ?? { x: x + point.x, y: y + point.y };
    moved.set(point, known);
    return known;
  };
  const links = [...visible.values()].flatMap(({ from, to, edge, around, key }): Link[] => {
    const [a, b] = [boxOf.get(from), boxOf.get(to)];
    const [source, target] = [boxes[a ?? -1], boxes[b ?? -1]];
    if (a === undefined || b === undefined || source === undefined || target === undefined) return [];
    const origin = origins.get(around) ?? { x: 0, y: 0 };
    const bends = layouts.get(around)?.bends[local.get(around)?.get(key)?.index ?? -1] ?? [];
    const points = [
      { x: source.x + source.width / 2, y: source.y + source.height },
      ...bends.map((bend) => move(bend, origin)),
      { x: target.x + target.width / 2, y: target.y },
    ];
    return [{ from: a, to: b, points, edge }];
  });
  const { width = 0, height = 0 } = layouts.get(whole) ?? {};
  return { width, height, boxes, links };
}
