import type { GraphProto } from 'onnx-buf';
import { freshNames } from './graphIndex';
import type { Model } from './model';
import { definedNames } from './scopes';

/**
 * Gives every tensor of the model a name of its own: the two branches of an If may use one name for different
 * tensors, but statistics, plans and hovers go by name. Nodes must be named already; names of the model's own
 * graph stay as they are.
 */
export function uniqueTensorNames(model: Model): void {
  const fresh = freshNames(model.graph);
  const taken = definedNames(model.graph);

  const renameBody = (graph: GraphProto, path: string, outer: ReadonlyMap<string, string>): void => {
    const names = new Map(outer);
    for (const name of definedNames(graph)) {
      if (taken.has(name)) names.set(name, fresh(`${path}/${name.replace(/^\/+/, '')}`));
      else names.delete(name);
      taken.add(names.get(name) ?? name);
    }
    const renamed = (name: string) => names.get(name) ?? name;
    for (const each of [...graph.input, ...graph.output, ...graph.valueInfo, ...graph.initializer]) {
      each.name = renamed(each.name);
    }
    for (const { values } of graph.sparseInitializer) if (values) values.name = renamed(values.name);
    for (const each of graph.quantizationAnnotation) each.tensorName = renamed(each.tensorName);
    for (const node of graph.node) {
      node.input = node.input.map(renamed);
      node.output = node.output.map(renamed);
    }
    renameBodies(graph, names);
  };
  const renameBodies = (graph: GraphProto, names: ReadonlyMap<string, string>): void => {
    for (const node of graph.node) {
      for (const { name, g } of node.attribute)
        if (g !== undefined) renameBody(g, `${node.name}/${name}`, names);
    }
  };
  renameBodies(model.graph, new Map());
}
