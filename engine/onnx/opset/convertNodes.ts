import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { makeNode, subgraphs } from '../graph/attributes';
import { makeTensor } from '../tensors/elements';
import { readNames } from '../graph/scopes';
import { Facts } from './facts';
import type { Rewriter, Steps } from './rewriter';
import { steps } from './steps';
import { ownValue } from '../../shared/ownValue';

/** Where nodes stand: a graph, or a function, which has neither initializers nor declared inputs. */
interface Place {
  node: NodeProto[];
  initializer?: TensorProto[];
  input: readonly (ValueInfoProto | string)[];
  output: readonly (ValueInfoProto | string)[];
  valueInfo: readonly ValueInfoProto[];
}

function constantNode(name: string, nodeName: string, t: TensorProto): NodeProto {
  const node = makeNode('Constant', nodeName, [], [name]);
  const type = AttributeProto_AttributeType.TENSOR;
  node.attribute.push(create(AttributeProtoSchema, { name: 'value', type, t }));
  return node;
}

function readWithin({ node, output }: Place): Set<string> {
  const names = new Set(output.map((o) => (typeof o === 'string' ? o : o.name)));
  for (const each of node) for (const name of readNames(each)) names.add(name);
  return names;
}

/** Carries out one version's steps on a place and on the bodies in it, in place. */
function convertPlace(
  place: Place,
  changed: Steps,
  fresh: (wish: string) => string,
  around: Facts | undefined,
): void {
  const infos = [...place.input, ...place.valueInfo, ...place.output].filter((i) => typeof i !== 'string');
  const facts = new Facts(place.node, place.initializer ?? [], infos, around);
  let read: Set<string> | undefined;
  const nodes: NodeProto[] = [];
  for (const node of place.node) {
    for (const body of subgraphs(node)) convertPlace(body, changed, fresh, facts);
    const isDefault = node.domain === '' || node.domain === 'ai.onnx';
    const step = isDefault ? ownValue(changed, node.opType) : undefined;
    if (step === undefined) {
      nodes.push(node);
      continue;
    }
    const after: NodeProto[] = [];
    const rewriter: Rewriter = {
      fresh,
      tensor: (name) => facts.tensor(name),
      rank: (name) => facts.rank(name),
      elementType: (name) => facts.elementType(name),
      isRead: (name) => (read ??= readWithin(place)).has(name),
      constant: (wish, dims, values) => {
        const name = fresh(wish);
        const tensor = makeTensor(name, dims, values);
        if (place.initializer !== undefined) place.initializer.push(tensor);
        else nodes.push(constantNode(name, fresh(`${name}_Constant`), tensor));
        return name;
      },
      before: (n) => nodes.push(n),
      after: (n) => after.push(n),
    };
    step(node, rewriter);
    nodes.push(node, ...after);
  }
  place.node = nodes;
}

/**
 * Rewrites the nodes of a graph or function from one version of the default operator set to a newer one, in place,
 * bodies included.
 * @param fresh hands out names that nothing in the place has
 * @throws EngineError `unsupported` for nodes without a newer form
 */
export function convertNodes(
  place: Place | GraphProto,
  from: number,
  target: number,
  fresh: (wish: string) => string,
): void {
  for (const [since, changed] of steps) {
    if (from < since && since <= target) convertPlace(place, changed, fresh, undefined);
  }
}
