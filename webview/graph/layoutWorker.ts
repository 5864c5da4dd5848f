// A program of its own: lays out beside the view's thread.
import type { ModelGraph } from '../../engine/shared/protocol/model';
import { layOut } from './layOut';

/** The graph goes along when it is a new one. */
export interface LayoutOrder {
  id: number;
  graph: ModelGraph | null;
  open: number[];
}

let graph: ModelGraph | null = null;

self.addEventListener('message', ({ data }: MessageEvent<LayoutOrder>) => {
  graph = data.graph ?? graph;
  if (graph !== null) self.postMessage(layOut({ id: data.id, graph, open: data.open }));
});
