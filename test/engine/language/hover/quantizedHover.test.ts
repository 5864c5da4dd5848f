import { expect, test } from 'vitest';
import { quantizedHover } from '../../../../engine/language/hover/quantizedHover';
import type { ModelSummary, QuantizedModel } from '../../../../engine/shared/protocol/model';

function summary(quantized: QuantizedModel | null): ModelSummary {
  return { path: '/models/rec.int8.onnx', quantized } as ModelSummary;
}
const quantized: QuantizedModel = {
  form: 'mixed',
  layers: [
    { name: 'conv|1', opType: 'Conv', form: 'qdq' },
    { name: 'head', opType: 'MatMulNBits', form: 'weight-only' },
  ],
  tensors: [
    {
      tensor: 'w',
      kind: 'weight',
      type: 'uint4',
      scale: { count: 64, min: 0.001, max: 0.05 },
      zeroPoint: { count: 64, min: 3, max: 12 },
      axis: null,
      blockSize: 32,
    },
    {
      tensor: '**x**`',
      kind: 'activation',
      type: 'uint8',
      scale: null,
      zeroPoint: null,
      axis: null,
      blockSize: null,
    },
  ],
};

test('a tensor, with its scale and zero point', () => {
  const text = quantizedHover('w', [summary(null), summary(quantized)]);
  expect(text).toContain('**Quantized weight** `w` (uint4)');
  expect(text).toContain('| 64, blocks of 32 | 0.001 … 0.05 | 3 … 12 |');
  expect(text).toContain('In `rec.int8.onnx`, 2 layers (several forms)');
});

test('a tensor whose scale only the run knows, under a name that Markdown would act on', () => {
  const text = quantizedHover('**x**`', [summary(quantized)]);
  expect(text).toContain('**Quantized activation** &#42;&#42;x&#42;&#42;&#96; (uint8)');
  expect(text).toContain('| computed when it runs | – | – |');
});

test('a layer, and nothing for other names', () => {
  expect(quantizedHover('conv|1', [summary(quantized)])).toContain('(Conv), quantized already: qdq');
  expect(quantizedHover('conv', [summary(quantized)])).toBeNull();
  expect(quantizedHover('w', [summary(null)])).toBeNull();
});
