import * as v from 'valibot';
import type { LayerChoice } from '../protocol/choices';
import type { ModelSummary } from '../protocol/model';
import { count, finite, named, text, texts, type Same } from './shapes';

/** What a layer may be. */
export const layerChoice = v.picklist([
  ...([
    'int8',
    'uint8',
    'int16',
    'int4',
    'int4-block',
    'dynamic',
    'int8-weights',
    'float',
    'float16',
  ] as const),
]);

const dims = v.nullable(v.array(v.union([v.number(), text])));
const tensorShape = v.object({ name: text, type: text, dims });
const layer = v.object({
  name: text,
  opType: text,
  weight: v.nullable(text),
  output: text,
  outputShape: dims,
  weightShape: v.nullable(v.array(count)),
  weightBytes: count,
  choices: v.exactOptional(v.array(layerChoice)),
});
const valueRange = v.object({ count, min: finite, max: finite });
const form = v.picklist(['qdq', 'qoperator', 'dynamic', 'weight-only']);
const quantized = v.object({
  form: v.union([form, v.literal('mixed')]),
  tensors: v.array(
    v.object({
      tensor: text,
      kind: v.picklist(['activation', 'weight']),
      type: text,
      scale: v.nullable(valueRange),
      zeroPoint: v.nullable(valueRange),
      axis: v.nullable(finite),
      blockSize: v.nullable(count),
    }),
  ),
  layers: v.array(v.object({ name: text, opType: text, form })),
});

/** What {@link ModelSummary} has to be. */
export const modelShape = v.object({
  path: text,
  bytes: count,
  hash: text,
  irVersion: finite,
  opset: finite,
  otherOpsets: texts,
  producer: text,
  parameters: count,
  nodeCount: count,
  operators: named(count),
  inputs: v.array(tensorShape),
  outputs: v.array(tensorShape),
  layers: v.array(layer),
  blocks: v.array(
    v.object({
      kind: v.picklist(['LayerNorm', 'GELU', 'HardSwish', 'SiLU', 'Softmax']),
      name: text,
      nodes: texts,
    }),
  ),
  unquantizable: v.array(v.object({ name: text, opType: text, reason: text })),
  notes: texts,
  quantized: v.nullable(quantized),
});

/** Does not compile where a shape and its type are not the same. */
true satisfies Same<v.InferOutput<typeof modelShape>, ModelSummary>;
true satisfies Same<v.InferOutput<typeof layerChoice>, LayerChoice>;
