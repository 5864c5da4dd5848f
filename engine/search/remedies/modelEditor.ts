import type { GraphProto, NodeProto, TensorProto } from 'onnx-buf';
import { copyModel } from '../../onnx/graph/copyModel';
import { makeTensor } from '../../onnx/tensors/elements';
import { freshNames } from '../../onnx/graph/graphIndex';
import type { Model } from '../../onnx/graph/model';
import { graphsWithin } from '../../onnx/graph/scopes';

/** A float model that a remedy made of another, and what it changed there. */
export interface Remedied<Change> {
  model: Model;
  changes: Change[];
}

/** A copy of a normalized model whose constants can be exchanged. */
export class ModelEditor {
  readonly model: Model;
  /** Constants that nodes of the model can read, bodies included. */
  readonly constants = new Map<string, TensorProto>();
  /** Hands out names that the model does not have. */
  readonly fresh: (wish: string) => string;
  private readonly owners = new Map<string, GraphProto>();
  private readonly reads = new Map<string, number>();

  constructor(original: Model) {
    this.model = copyModel(original);
    this.fresh = freshNames(this.model.graph);
    for (const graph of graphsWithin(this.model.graph)) {
      for (const tensor of graph.initializer) {
        this.constants.set(tensor.name, tensor);
        this.owners.set(tensor.name, graph);
      }
      const names = [...graph.node.flatMap((n) => n.input), ...graph.output.map((o) => o.name)];
      for (const name of names) this.reads.set(name, (this.reads.get(name) ?? 0) + 1);
    }
  }

  /** Whether one input of one node is all that reads the tensor. */
  isReadOnce(tensor: string): boolean {
    return this.reads.get(tensor) === 1;
  }

  /** Adds a constant to the graph; answers its name. */
  addConstant(
    graph: GraphProto,
    wish: string,
    dims: readonly number[],
    values: Float32Array | BigInt64Array,
  ): string {
    const tensor = makeTensor(this.fresh(wish), dims, values);
    graph.initializer.push(tensor);
    this.constants.set(tensor.name, tensor);
    this.owners.set(tensor.name, graph);
    return tensor.name;
  }

  /**
   * Gives the constant at one input of a node other values; whoever else reads it keeps the old ones. It keeps its
   * name where it can: people know layers by it.
   */
  setConstant(node: NodeProto, input: number, values: Float32Array): void {
    const name = node.input[input] ?? '';
    const old = this.constants.get(name);
    const owner = this.owners.get(name);
    if (old === undefined || owner === undefined) throw new RangeError(`${name} is no constant`);
    const dims = old.dims.map(Number);
    if (!this.isReadOnce(name)) {
      this.reads.set(name, (this.reads.get(name) ?? 1) - 1);
      node.input[input] = this.addConstant(owner, name, dims, values);
      this.reads.set(node.input[input], 1);
      return;
    }
    const tensor = makeTensor(name, dims, values);
    owner.initializer[owner.initializer.indexOf(old)] = tensor;
    this.constants.set(name, tensor);
  }
}
