import type { ModelGraph } from '../../engine/shared/protocol/model';
import { formatCount } from '../../engine/shared/format';
import { MARGIN } from '../export/caption';
import { captioned } from '../export/captioned';
import { PNG_SCALE, pngBase64 } from '../export/pngBase64';
import { xmlText } from '../export/xmlText';
import { boxLooks } from './boxLooks';
import type { Drawing } from './drawScene';
import { GraphCanvas } from './graphCanvas';
import { LayoutClient } from './layoutClient';
import type { Point } from './layeredLayout';
import { nodeLooks } from './nodeLooks';
import { openAround, openAtFirst } from './openGroups';
import { onThemeChange, readPalette } from './palette';
import type { Scene } from './scene';
import { sceneSvg } from './sceneSvg';
import { searchGraph } from './searchGraph';
import type { State } from '../state/state';
import { add, addButton, type Host, type Update } from '../ui/dom';
import { graphCaption, mountGraphBar } from './graphBar';
import { describeBox, fillCard } from './graphCard';

const KEYS =
  'Arrows go along edges; Enter opens a layer’s detail or a group, Backspace closes the group around; 0 shows all, slash searches.';

/** The network, drawn. */
export function mountGraph(parent: HTMLElement, host: Host): Update {
  const view = new GraphView(parent, host);
  return (state) => view.update(state);
}

class GraphView {
  private readonly message: HTMLElement;
  private readonly retry: HTMLButtonElement;
  private readonly stage: HTMLElement;
  private readonly card: HTMLElement;
  private readonly live: HTMLElement;
  private readonly canvas: GraphCanvas;
  private readonly bar: ReturnType<typeof mountGraphBar>;
  private readonly layout = new LayoutClient(
    ({ scene, milliseconds }) => this.laidOut(scene, milliseconds),
    (text) => this.say(`The graph could not be laid out: ${text}`),
  );
  private state: State | null = null;
  private asked = '';
  private graph: ModelGraph | null = null;
  private open: ReadonlySet<number> = new Set();
  private scene: Scene | null = null;
  private drawing: Drawing | null = null;
  private drawn: readonly unknown[] = [];
  /** A group or node that is to have the focus after the layout, and where it stood. */
  private wanted: { node: number | null; group: number | null; at: Point | null } | null = null;
  private found: number[] = [];
  private lastSelected: string | null = null;

  constructor(
    parent: HTMLElement,
    private readonly host: Host,
  ) {
    this.bar = mountGraphBar(parent, host, {
      zoomIn: () => this.canvas.zoomIn(),
      zoomOut: () => this.canvas.zoomOut(),
      fit: () => this.canvas.fit(),
      openAll: () => this.setOpen(new Set(this.graph?.groups.keys() ?? [])),
      closeAll: () => this.setOpen(new Set()),
      search: (text, step) => this.search(text, step),
      leaveSearch: () => this.canvas.canvas.focus(),
      picture: {
        svg: () => this.svg(),
        png: () => this.png(),
      },
    });
    this.stage = add(parent, 'div', 'graph-stage');
    this.canvas = new GraphCanvas(this.stage, {
      focus: (box) => this.focus(box),
      open: (box) => this.openBox(box),
      close: (box) => this.closeAround(box),
      hover: (box, at) => this.hover(box, at),
      rest: (camera) => host.dispatch({ type: 'graphView', change: { camera } }),
    });
    const keys = add(this.stage, 'p', 'for-readers', KEYS);
    keys.id = 'graph-keys';
    this.canvas.canvas.setAttribute('aria-describedby', keys.id);
    this.canvas.canvas.setAttribute('aria-label', 'Graph of the network');
    this.card = add(this.stage, 'div', 'graph-card');
    this.card.hidden = true;
    const notice = add(this.stage, 'div', 'graph-message');
    this.message = add(notice, 'p', 'muted');
    this.message.setAttribute('role', 'status');
    this.retry = addButton(notice, 'retryGraph', 'Try Again', 'secondary', () => this.ask());
    this.live = add(this.stage, 'div', 'for-readers');
    this.live.setAttribute('aria-live', 'polite');
    parent.addEventListener('keydown', (event) => {
      if (event.key !== '/' || event.target === this.bar.search) return;
      event.preventDefault();
      this.bar.search.focus();
      this.bar.search.select();
    });
    onThemeChange(() => this.redraw());
  }

  update(state: State): void {
    this.state = state;
    this.bar.update(state);
    if (state.view.tab !== 'graph' || state.model === null) return;
    const { graph } = state;
    if (graph === null && this.asked !== state.model.hash) this.ask();
    this.retry.hidden = graph?.kind !== 'failed';
    if (graph?.kind === 'failed') this.say(`${graph.error.message} ${graph.error.hint}`);
    else if (graph?.kind !== 'done') this.say('Reading the network…');
    if (graph?.kind === 'done' && graph.result !== this.graph) this.take(graph.result, state);
    const { report, measured, decided, view } = state;
    const now = [report, measured, decided, view.graph.colouring, view.graph.focus, this.scene];
    if (now.some((value, i) => value !== this.drawn[i])) {
      this.drawn = now;
      this.redraw();
    }
    if (view.selected !== this.lastSelected) {
      this.lastSelected = view.selected;
      const node = this.graph?.nodes.findIndex((one) => one.name === view.selected && one.layer === one.name);
      if (node !== undefined && node >= 0) this.reveal(node);
    }
  }

  private svg(): string {
    const { drawing, state } = this;
    if (drawing === null || state === null) return '';
    return xmlText(sceneSvg(drawing, graphCaption(state, drawing.palette)));
  }

  private async png(): Promise<string> {
    const { drawing, state } = this;
    if (drawing === null || state === null) throw new Error('There is nothing to draw.');
    const shown = this.canvas.picture();
    const nothing = document.createElementNS('http://www.w3.org/2000/svg', 'g');
    const size = { width: shown.width / PNG_SCALE - 2 * MARGIN, height: 0 };
    return pngBase64(captioned(nothing, size, graphCaption(state, drawing.palette)), shown);
  }

  private ask(): void {
    this.asked = this.state?.model?.hash ?? '';
    this.host.post({ type: 'wantGraph' });
  }

  private say(text: string): void {
    this.message.textContent = text;
    this.message.parentElement?.toggleAttribute('hidden', text === '');
  }

  private take(graph: ModelGraph, { view }: State): void {
    this.graph = graph;
    this.scene = null;
    this.bar.saves.hidden = true;
    const isKnown = view.graph.hash === graph.hash;
    const stored = isKnown ? view.graph.open : null;
    this.open = stored === null ? openAtFirst(graph) : new Set(stored);
    const count = graph.nodes.filter(({ kind }) => kind === 'operator').length;
    this.say(`Laying out ${formatCount(count)} nodes…`);
    this.layout.order(graph, this.open);
    if (!isKnown)
      this.host.dispatch({
        type: 'graphView',
        change: { hash: graph.hash, open: null, focus: null, camera: null },
      });
  }

  private laidOut(scene: Scene, milliseconds: number): void {
    const isFirst = this.scene === null;
    this.scene = scene;
    this.bar.saves.hidden = false;
    this.say('');
    this.stage.dataset['layoutMs'] = milliseconds.toFixed(0);
    this.stage.dataset['boxes'] = String(scene.boxes.length);
    const { wanted } = this;
    this.wanted = null;
    this.redraw(isFirst ? { camera: this.state?.view.graph.camera ?? null } : null);
    if (wanted === null) return;
    const box = scene.boxes.findIndex(({ node, group }) => node === wanted.node && group === wanted.group);
    const target = scene.boxes[box];
    if (target === undefined) return;
    if (wanted.at !== null) this.canvas.hold(wanted.at, target);
    else this.canvas.reveal(box);
    this.focus(box);
  }

  private redraw(look: Parameters<GraphCanvas['show']>[1] = null): void {
    const { scene, graph, state } = this;
    if (scene === null || graph === null || state === null) return;
    const { focus } = state.view.graph;
    const group = this.focusedGroup;
    const at = scene.boxes.findIndex((box) =>
      group === null ? focus !== null && box.node === focus : box.group === group,
    );
    this.drawing = {
      scene,
      looks: boxLooks(scene, graph, nodeLooks(graph, state)),
      palette: readPalette(),
      focus: at < 0 ? null : at,
      hover: null,
      found: new Set(this.found.flatMap((node) => this.boxShowing(node) ?? [])),
    };
    this.canvas.show(this.drawing, look);
  }

  private focusedGroup: number | null = null;

  private focus(box: number | null): void {
    const target = this.scene?.boxes[box ?? -1];
    this.focusedGroup = target?.group ?? null;
    this.drawn = [];
    this.host.dispatch({ type: 'graphView', change: { focus: target?.node ?? null } });
    const look = this.drawing?.looks[box ?? -1];
    if (box === null || target === undefined || look === undefined || this.graph === null) return;
    this.canvas.reveal(box);
    this.live.textContent = describeBox(target, look, this.graph);
  }

  private openBox(box: number): void {
    const target = this.scene?.boxes[box];
    if (target === undefined || this.graph === null) return;
    if (target.group !== null) {
      const open = new Set(this.open);
      if (!open.delete(target.group)) open.add(target.group);
      this.setOpen(open, { node: null, group: target.group, at: { x: target.x, y: target.y } });
      return;
    }
    const layer = this.graph.nodes[target.node ?? -1]?.layer ?? null;
    if (layer === null) {
      this.focus(box);
      return;
    }
    this.lastSelected = layer;
    this.host.dispatch({ type: 'select', layer });
    this.host.dispatch({ type: 'tab', tab: 'layers' });
  }

  private closeAround(box: number): void {
    const target = this.scene?.boxes[box];
    if (target === undefined || this.graph === null) return;
    const { nodes, groups } = this.graph;
    let group = nodes[target.node ?? -1]?.group ?? null;
    if (target.group !== null) group = target.isOpen ? target.group : (groups[target.group]?.parent ?? null);
    if (group === null) return;
    const open = new Set(this.open);
    open.delete(group);
    this.setOpen(open, { node: null, group, at: null });
  }

  private setOpen(open: Set<number>, wanted: GraphView['wanted'] = null): void {
    if (this.graph === null) return;
    this.open = open;
    this.wanted = wanted;
    this.host.dispatch({ type: 'graphView', change: { open: [...open] } });
    this.layout.order(this.graph, open);
  }

  /** Moves a node into sight and gives it the focus, and opens what it is in. */
  private reveal(node: number): void {
    if (this.graph === null || this.scene === null) return;
    const box = this.scene.boxes.findIndex((one) => one.node === node);
    if (box >= 0) this.focus(box);
    else this.setOpen(openAround(this.graph, this.open, node), { node, group: null, at: null });
  }

  /** The box of a node, or of the closed group that hides it. */
  private boxShowing(node: number): number | null {
    const { graph, scene } = this;
    if (graph === null || scene === null) return null;
    const around = new Set<number>();
    for (let g = graph.nodes[node]?.group ?? null; g !== null; g = graph.groups[g]?.parent ?? null)
      around.add(g);
    const box = scene.boxes.findIndex(
      (one) => one.node === node || (one.group !== null && !one.isOpen && around.has(one.group)),
    );
    return box < 0 ? null : box;
  }

  private search(text: string, step: -1 | 0 | 1): void {
    if (this.graph === null) return;
    this.found = searchGraph(this.graph, text);
    const { found } = this;
    const focus = this.state?.view.graph.focus ?? null;
    const at = focus === null ? -1 : found.indexOf(focus);
    const next =
      found[
        step === 0 ? Math.max(at, 0) : (Math.max(at, step < 0 ? 0 : -1) + step + found.length) % found.length
      ];
    const place = next === undefined ? 0 : found.indexOf(next) + 1;
    this.bar.count.textContent =
      text.trim() === ''
        ? ''
        : found.length === 0
          ? 'none found'
          : `${place} of ${formatCount(found.length)}`;
    if (next === undefined) this.redraw();
    // While a word is being typed, nothing opens: what hides the node has the focus.
    else if (step === 0) this.focus(this.boxShowing(next));
    else this.reveal(next);
  }

  private hover(box: number | null, at: Point): void {
    const target = this.scene?.boxes[box ?? -1];
    const look = this.drawing?.looks[box ?? -1];
    this.card.hidden = target === undefined || look === undefined;
    if (target === undefined || look === undefined || this.graph === null) return;
    fillCard(this.card, target, look, this.graph);
    const { clientWidth, clientHeight } = this.stage;
    const { offsetWidth, offsetHeight } = this.card;
    this.card.style.left = `${Math.max(4, Math.min(at.x + 14, clientWidth - offsetWidth - 8))}px`;
    this.card.style.top = `${Math.max(4, Math.min(at.y + 14, clientHeight - offsetHeight - 8))}px`;
  }
}
