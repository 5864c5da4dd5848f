import type { ModelGraph } from '../../engine/shared/protocol/model';
import { isStandalone } from '../ui/isStandalone';
import { layOut, type LayoutDone } from './layOut';
import type { LayoutOrder } from './layoutWorker';

/** Has graphs laid out, in a worker where there is one; only the answer to the last order counts. */
export class LayoutClient {
  private worker: Promise<Worker> | undefined;
  private known: ModelGraph | null = null;
  private last = 0;

  constructor(
    private readonly onDone: (done: LayoutDone) => void,
    private readonly onFail: (message: string) => void,
  ) {}

  order(graph: ModelGraph, open: Iterable<number>): void {
    const id = ++this.last;
    if (isStandalone()) {
      // A page that is a file may start no worker.
      setTimeout(() => {
        if (id === this.last) this.onDone(layOut({ id, graph, open: [...open] }));
      });
      return;
    }
    this.worker ??= this.start();
    const order: LayoutOrder = { id, graph: graph === this.known ? null : graph, open: [...open] };
    this.known = graph;
    this.worker.then(
      (worker) => worker.postMessage(order),
      (thrown: unknown) => {
        this.worker = undefined;
        this.known = null;
        this.onFail(thrown instanceof Error ? thrown.message : String(thrown));
      },
    );
  }

  private async start(): Promise<Worker> {
    const url = document.body.dataset['layoutWorker'] ?? '';
    const response = await fetch(url);
    if (!response.ok) throw new Error(`The layout program could not be read (${response.status}).`);
    // A webview's own files have another origin than its page, and a worker may not.
    const program = URL.createObjectURL(new Blob([await response.text()], { type: 'text/javascript' }));
    const worker = new Worker(program);
    URL.revokeObjectURL(program);
    worker.addEventListener('message', ({ data }: MessageEvent<LayoutDone>) => {
      if (data.id === this.last) this.onDone(data);
    });
    worker.addEventListener('error', (event) => this.onFail(event.message));
    return worker;
  }
}
