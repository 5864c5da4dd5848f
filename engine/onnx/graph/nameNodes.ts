import type { GraphProto } from 'onnx-buf';
import { freshNames } from './graphIndex';
import type { Model } from './model';

/** A body's node as people find it: the names of the nodes that hold it, the body's attribute, its own name. */
function withPath(path: string, name: string): string {
  if (path === '' || name.startsWith(`${path}/`)) return name;
  return `${path}/${name.replace(/^\/+/, '')}`;
}

/**
 * Exporters may leave names out or use one twice; people and recipes need one name per node. Nodes in the bodies of
 * If, Loop and Scan get their path in front: `If_1/then_branch/Conv_3`.
 */
export function nameNodes(model: Model): void {
  const fresh = freshNames(model.graph);
  const seen = new Set<string>();
  const nameGraph = (graph: GraphProto, path: string): void => {
    for (const node of graph.node) {
      const wish = withPath(path, node.name);
      node.name =
        node.name === '' || seen.has(wish)
          ? fresh(withPath(path, `${node.opType}_${node.output.find((o) => o !== '') ?? ''}`))
          : wish;
      seen.add(node.name);
      for (const { name, g } of node.attribute) if (g !== undefined) nameGraph(g, `${node.name}/${name}`);
    }
  };
  nameGraph(model.graph, '');
}
