// A program of its own: lays out beside the view's thread.
import type { ModelGraph } from '../../engine/protocol';
import { layoutScene, type Scene } from './scene';

/** The graph goes along when it is a new one. */
export interface LayoutOrder {
  id: number;
  graph: ModelGraph | null;
  open: number[];
}

export interface LayoutDone {
  id: number;
  scene: Scene;
  milliseconds: number;
}

let graph: ModelGraph | null = null;

self.addEventListener('message', ({ data }: MessageEvent<LayoutOrder>) => {
  graph = data.graph ?? graph;
  if (graph === null) return;
  const start = performance.now();
  const scene = layoutScene(graph, new Set(data.open));
  const done: LayoutDone = { id: data.id, scene, milliseconds: performance.now() - start };
  self.postMessage(done);
});
