import type { ModelGraph } from '../../engine/shared/protocol/model';
import { layoutScene, type Scene } from './scene';

export interface LayoutDone {
  id: number;
  scene: Scene;
  milliseconds: number;
}

/** Lays out a graph with these groups open, and takes the time. */
export function layOut({ id, graph, open }: { id: number; graph: ModelGraph; open: number[] }): LayoutDone {
  const start = performance.now();
  const scene = layoutScene(graph, new Set(open));
  return { id, scene, milliseconds: performance.now() - start };
}
