import type { NodeProto } from 'onnx-buf';
import { originsWithin, type Origins } from '../../onnx/layers/quantizedOrigin';
import { intAttribute, subgraphs } from '../../onnx/graph/attributes';
import { elementCount, elementTypeName } from '../../onnx/tensors/elements';
import { conversionTypes } from '../../onnx/layers/integerKernels';
import { opsetOf, type Model } from '../../onnx/graph/model';
import { isOnnx, isOnnxOrContrib } from '../../onnx/layers/quantizedOperators';
import { readIntegers } from '../../onnx/tensors/readIntegers';
import { graphsWithin } from '../../onnx/graph/scopes';
import type { LintFinding } from '../../shared/protocol/report';
import { FloatCauses } from './floatCauses';
import type { Profile } from './profiles';
import type { TargetLimits } from './targetLimits';
import { ownValue } from '../../shared/ownValue';

type Found = Omit<LintFinding, 'nodes'>;
type Refusal = Pick<Found, 'message' | 'hint'>;

/** Products: what they compute in float counts wherever they stand. */
const products = new Set('Conv ConvTranspose Gemm MatMul LSTM GRU RNN Einsum DeformConv'.split(' '));
const order: readonly LintFinding['severity'][] = ['refuses', 'float', 'slow'];

/** The operator set that brought scales for each index of an axis, and the one that brought blocks, 4 and 16 bits. */
const AXES_SINCE = 13;
const BLOCKS_SINCE = 21;

/**
 * Says, without running it, what a target refuses of a model as it would be exported, what it computes in float, and what it
 * has only slow integer forms for.
 * @param model with QuantizeLinear and DequantizeLinear in it
 * @param expected names of nodes that are in float on purpose, about which nothing is said
 * @returns grouped by what is said, refusals first
 */
export function lintTarget(
  model: Model,
  { limits }: Pick<Profile, 'limits'>,
  expected: ReadonlySet<string> = new Set(),
): LintFinding[] {
  const { graph } = model;
  const opset = opsetOf(model);
  const groups = new Map<string, LintFinding>();
  const report = (found: Found, node?: NodeProto) => {
    const key = JSON.stringify(found);
    const group = groups.get(key) ?? { ...found, nodes: [] };
    groups.set(key, group);
    if (node !== undefined) group.nodes.push(nameOf(node));
  };
  if (opset > limits.highestOpset)
    report({
      severity: 'refuses',
      opType: '',
      message: `The model is of operator set ${opset}; ${limits.program} reads them up to ${limits.highestOpset}.`,
      hint: `Export it with operator set ${limits.highestOpset} or older.`,
    });
  const origins = originsWithin(graph);
  const causes = new FloatCauses(graph, limits);
  for (const each of graphsWithin(graph)) {
    const { causeOf, touches } = causes.inGraph(each);
    for (const node of each.node) {
      const { opType } = node;
      const refusals = refusalsOf(node, limits, opset, origins);
      for (const refusal of refusals) report({ severity: 'refuses', opType, ...refusal }, node);
      if (refusals.length > 0 || conversionTypes.has(opType) || !isOnnx(node) || subgraphs(node).length > 0)
        continue;
      if (expected.has(node.name) || !(products.has(opType) || touches(node))) continue;
      const cause = causeOf(node);
      const slow = ownValue(limits.slow, opType);
      if (cause !== null) report({ severity: 'float', opType, ...cause }, node);
      else if (slow !== undefined)
        report(
          {
            severity: 'slow',
            opType,
            message: `The integer ${opType} of ${limits.program} took ${slow.times} times as long as that in float, measured ${slow.where}.`,
            hint: 'Measure: kept in float it may be faster, conversions included.',
          },
          node,
        );
    }
  }
  return [...groups.values()].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function nameOf({ name, output }: NodeProto): string {
  return name === '' ? (output.find((o) => o !== '') ?? '') : name;
}

/** Why a target refuses a node. */
function refusalsOf(node: NodeProto, limits: TargetLimits, opset: number, origins: Origins): Refusal[] {
  const { opType, domain } = node;
  const { program } = limits;
  if (!limits.domains.includes(domain))
    return [
      {
        message: `${program} has no operators of domain ${domain}.`,
        hint:
          domain === 'com.microsoft'
            ? 'Keep the layer in float, or choose another grid for it.'
            : 'Register the library that has them, or export the model without them.',
      },
    ];
  if (isOnnx(node) && limits.refusedOperators.has(opType))
    return [{ message: `${program} has no ${opType}.`, hint: 'Export the model without it.' }];
  if ((opType !== 'QuantizeLinear' && opType !== 'DequantizeLinear') || !isOnnxOrContrib(node)) return [];
  return gridRefusals(node, limits, opset, origins);
}

function gridRefusals(
  node: NodeProto,
  { program, quantizedTypes, zeroPoints }: TargetLimits,
  opset: number,
  { initializers }: Origins,
): Refusal[] {
  const [tensor, scale, zero] = node.input.map((name) => initializers.get(name));
  // Without a zero point a QuantizeLinear makes uint8.
  const typed = zero ?? (node.opType === 'DequantizeLinear' ? tensor : undefined);
  const type =
    typed !== undefined ? elementTypeName(typed.dataType) : node.opType === 'QuantizeLinear' ? 'uint8' : null;
  const found: Refusal[] = [];
  if (type !== null && !quantizedTypes.includes(type))
    found.push({
      message: `${program} takes no ${type} there; it takes ${quantizedTypes.join(', ')}.`,
      hint: type === 'int32' ? 'Leave biases in float.' : 'Quantize for this target.',
    });
  if (!zeroPoints && zero !== undefined && readIntegers(zero)?.some((z) => z !== 0) === true)
    found.push({
      message: `${program} takes no zero point but 0.`,
      hint: 'Quantize with symmetric activations, as the profile for it does.',
    });
  if (!isOnnx(node)) return found;
  if (opset < AXES_SINCE && scale !== undefined && elementCount(scale) > 1)
    found.push({
      message: `Scales for each channel came with operator set ${AXES_SINCE}; the model is of ${opset}.`,
      hint: 'Convert the model to a newer operator set, or quantize per tensor.',
    });
  const isNarrow = type !== null && /^u?int(4|16)$/.test(type);
  if (opset < BLOCKS_SINCE && (isNarrow || intAttribute(node, 'block_size', 0) > 0))
    found.push({
      message: `4 and 16 bits and blocks came with operator set ${BLOCKS_SINCE}; the model is of ${opset}.`,
      hint: 'Convert the model to a newer operator set.',
    });
  return found;
}
