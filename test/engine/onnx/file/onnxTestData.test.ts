import { fromBinary } from '@bufbuild/protobuf';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TensorProtoSchema, type TensorProto } from 'onnx-buf';
import { expect, test } from 'vitest';
import { newTensorData, numbersOf } from '../../../../engine/data/samples/elementTypes';
import { elementCount } from '../../../../engine/onnx/tensors/elements';
import { inputSpecs } from '../../../../engine/onnx/summary/inputSpecs';
import { type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { quantizedState } from '../../../../engine/onnx/summary/quantizedState';
import type { ElementType, Tensor } from '../../../../engine/onnx/tensors/tensor';
import { typesToWiden } from '../../../../engine/onnx/normalize/widenFloats';
import { relativeError, runModel, testWorker } from '../../runTiny';

const root = '.models/onnx-testdata/usr/share/libonnx-testdata/data/node';

/** A tensor as the test data keeps it; undefined where it is not in raw bytes. */
function tensorOf(proto: TensorProto, type: ElementType): Tensor | undefined {
  const data = newTensorData(type, elementCount(proto));
  if (proto.rawData.length !== data.byteLength) return undefined;
  new Uint8Array(data.buffer).set(proto.rawData);
  return { type, dims: proto.dims.map(Number), data };
}

function feedsOf(name: string, model: Model): Record<string, Tensor> | undefined {
  const feeds: Record<string, Tensor> = {};
  try {
    for (const [i, spec] of inputSpecs(model).entries()) {
      const file = join(root, name, 'test_data_set_0', `input_${i}.pb`);
      const tensor = tensorOf(fromBinary(TensorProtoSchema, new Uint8Array(readFileSync(file))), spec.type);
      if (tensor === undefined) return undefined;
      feeds[spec.name] = tensor;
    }
  } catch {
    // Sequences and strings cannot be fed.
    return undefined;
  }
  return feeds;
}

/** The test models of onnx itself that compute in another float type or are quantized. */
function concerned(): { name: string; model: Model; normalized: Model }[] {
  return readdirSync(root).flatMap((name) => {
    const file = join(root, name, 'model.onnx');
    if (!existsSync(file)) return [];
    try {
      const model = decodeModel(new Uint8Array(readFileSync(file)), name);
      const normalized = normalize(model);
      const isConcerned = typesToWiden(model).size > 0 || quantizedState(normalized) !== null;
      return isConcerned ? [{ name, model, normalized }] : [];
    } catch {
      // Other tests say which of them cannot be read or converted.
      return [];
    }
  });
}

async function loads(model: Model): Promise<boolean> {
  try {
    await (await testWorker().load(encodeModel(model), { threads: 1 })).release();
    return true;
  } catch {
    return false;
  }
}

test('what onnxruntime runs of the half, double and quantized models, it runs normalized, to the same answers', async () => {
  const models = concerned();
  const lost: string[] = [];
  const different: string[] = [];
  let won = 0;
  let compared = 0;
  for (const { name, model, normalized } of models) {
    const [before, after] = [await loads(model), await loads(normalized)];
    if (before && !after) lost.push(name);
    if (!before && after) won += 1;
    const feeds = before && after ? feedsOf(name, model) : undefined;
    // Bernoulli throws dice.
    if (feeds === undefined || name.includes('bernoulli')) continue;
    const [a, b] = [await runModel(model, feeds), await runModel(normalized, feeds)];
    compared += 1;
    for (const [output, tensor] of Object.entries(a)) {
      const other = b[output];
      const error = other === undefined ? Infinity : relativeError(numbersOf(tensor), numbersOf(other));
      if (other?.type !== tensor.type || !(error < 2e-3)) different.push(`${name}: ${output} by ${error}`);
    }
  }
  expect({ lost, different }).toEqual({ lost: [], different: [] });
  expect(models.length).toBeGreaterThan(60);
  expect(compared).toBeGreaterThan(40);
  expect(won).toBeGreaterThan(0);
}, 60_000);
