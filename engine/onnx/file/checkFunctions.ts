import type { FunctionProto, NodeProto } from 'onnx-buf';
import { EngineError } from '../../shared/engineError';
import { subgraphs } from '../graph/attributes';
import type { Model } from '../graph/model';

/** Nodes that a model may have once its functions stand in the place of their calls. Real ones have thousands. */
const MOST_NODES = 200_000;

function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain === 'ai.onnx' ? '' : domain, name, overload]);
}

/** The nodes and all those in their bodies. */
function withBodies(nodes: readonly NodeProto[]): NodeProto[] {
  const all = [...nodes];
  // The list grows while it is walked.
  for (const node of all) for (const body of subgraphs(node)) for (const inner of body.node) all.push(inner);
  return all;
}

/**
 * Checks that model-local functions end: that none calls itself, by however many others, and that together they
 * don't grow without measure (forty functions that each call the next twice are 2⁴⁰ nodes).
 * @throws EngineError `bad-model`
 */
export function checkFunctions(model: Model): void {
  if (model.functions.length === 0) return;
  const functions = new Map(model.functions.map((f) => [keyOf(f.domain, f.name, f.overload), f] as const));
  const sizes = new Map<FunctionProto, number>();
  const bad = (called: FunctionProto, what: string) =>
    new EngineError(
      'bad-model',
      `Function ${called.name} ${what}.`,
      'Export the model again without functions.',
    );

  const open = (called: FunctionProto, nodes: readonly NodeProto[]) => {
    const all = withBodies(nodes);
    const calls = all.flatMap((n) => functions.get(keyOf(n.domain, n.opType, n.overload)) ?? []);
    return { called, calls, next: 0, size: all.length };
  };
  for (const start of model.functions) {
    if (sizes.has(start)) continue;
    const stack = [open(start, start.node)];
    const onStack = new Set([start]);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.calls[top.next];
      const size = next && sizes.get(next);
      if (next === undefined) {
        sizes.set(top.called, top.size);
        onStack.delete(top.called);
        stack.pop();
      } else if (size !== undefined) {
        top.size += size;
        top.next++;
        if (top.size > MOST_NODES) throw bad(top.called, `stands for more than ${MOST_NODES} nodes`);
      } else if (onStack.has(next)) {
        throw bad(next, 'calls itself');
      } else {
        stack.push(open(next, next.node));
        onStack.add(next);
      }
    }
  }
  let total = 0;
  for (const node of withBodies(model.graph.node)) {
    const called = functions.get(keyOf(node.domain, node.opType, node.overload));
    total += 1 + ((called && sizes.get(called)) ?? 0);
    if (called !== undefined && total > MOST_NODES) {
      throw bad(called, `and others stand for more than ${MOST_NODES} nodes`);
    }
  }
}
