import { clearField, clone } from '@bufbuild/protobuf';
import { randomUUID } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { ModelProtoSchema, TensorProtoSchema, type TensorProto } from 'onnx-buf';
import { EngineError, errorText, throwIfCancelled } from '../engineError';
import { allTensors } from './allTensors';
import { isExternal, placeOf, readExternal, readPlace, setPlace } from './externalData';
import { cannotWrite, encodeModel, writeFileAtomically, type Model } from './model';

/** Protobuf's own limit is 2³¹ − 1 bytes; some is left for what the sizes of weights do not count. */
const MOST_IN_ONE_FILE = 2 ** 31 - 2 ** 26;
/** Smaller tensors stay in the model, where shapes and axes are looked for. */
const LEAST_OUTSIDE = 1024;
/** What the ONNX specification recommends, so that files can be mapped into memory. */
const ALIGNMENT = 4096;
const PIECE = 2 ** 26;

/** Bytes of a model with all its weights, wherever they lie now. */
export function modelBytes(model: Model, encoded: Uint8Array): number {
  const outside = allTensors(model).filter(isExternal);
  return outside.reduce((n, tensor) => n + placeOf(tensor).length, encoded.length);
}

/**
 * Writes a model with its weights inside; beyond 2 GB with the weights beside it in `PATH.data`. The target is either
 * complete or as it was before.
 * @param limit on the bytes of one file
 * @returns the files written, the model first
 * @throws EngineError `write-failed`, `cancelled`
 */
export async function writeModelFile(
  path: string,
  model: Model,
  signal?: AbortSignal,
  limit = MOST_IN_ONE_FILE,
): Promise<string[]> {
  const encoded = encodeModel(model);
  const outside = allTensors(model).some(isExternal);
  if (!outside && encoded.length <= limit) {
    await writeFileAtomically(path, encoded);
    return [path];
  }
  if (modelBytes(model, encoded) <= limit) {
    await writeFileAtomically(path, encodeModel(withWeightsInside(model, signal)));
    return [path];
  }
  return writeInTwo(path, model, signal);
}

/** Tensors of the copy stand in the same order as those of the original. */
function copyOf(model: Model): Model {
  const copy = clone(ModelProtoSchema, model);
  return Object.assign(copy, { graph: copy.graph ?? model.graph });
}

function withWeightsInside(model: Model, signal: AbortSignal | undefined): Model {
  const copy = copyOf(model);
  for (const tensor of allTensors(copy)) {
    if (!isExternal(tensor)) continue;
    throwIfCancelled(signal);
    tensor.rawData = readExternal(tensor);
    clearField(tensor, TensorProtoSchema.field.dataLocation);
    tensor.externalData = [];
  }
  return copy;
}

async function writeInTwo(path: string, model: Model, signal: AbortSignal | undefined): Promise<string[]> {
  const data = `${path}.data`;
  const sources = new Set(
    allTensors(model)
      .filter(isExternal)
      .map((t) => placeOf(t).location),
  );
  if (sources.has(data)) {
    throw new EngineError(
      'write-failed',
      `${data} holds weights of the model that is read.`,
      'Choose another output file.',
    );
  }
  const copy = copyOf(model);
  const part = `${data}.${randomUUID()}.part`;
  try {
    const file = await open(part, 'wx');
    try {
      await moveOut(copy, file, basename(data), signal);
      await file.sync();
    } finally {
      await file.close();
    }
    // The data first: a model whose data is not there yet cannot be loaded.
    await rename(part, data);
  } catch (thrown) {
    await rm(part, { force: true }).catch(() => undefined);
    if (thrown instanceof EngineError) throw thrown;
    throw cannotWrite(data, errorText(thrown), thrown);
  }
  await writeFileAtomically(path, encodeModel(copy));
  return [path, data];
}

/** Writes the large tensors to the file one after another, and notes their places. */
async function moveOut(
  model: Model,
  file: FileHandle,
  location: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  let end = 0;
  const zeros = Buffer.alloc(PIECE);
  for (const tensor of allTensors(model)) {
    const length = isExternal(tensor) ? placeOf(tensor).length : tensor.rawData.length;
    if (length < LEAST_OUTSIDE && !isExternal(tensor)) continue;
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    for (const { bytes, at } of pieces(tensor, length)) {
      throwIfCancelled(signal);
      // Zeros are left out: the file stays as sparse as its source.
      if (!zeros.subarray(0, bytes.length).equals(bytes))
        await file.write(bytes, 0, bytes.length, offset + at);
    }
    end = offset + length;
    tensor.rawData = new Uint8Array(0);
    setPlace(tensor, { location, offset, length });
  }
  await file.truncate(end);
}

/** A tensor's bytes in pieces that fit into memory. */
function* pieces(tensor: TensorProto, length: number): Generator<{ bytes: Uint8Array; at: number }> {
  if (!isExternal(tensor)) {
    for (let at = 0; at < length; at += PIECE) yield { bytes: tensor.rawData.subarray(at, at + PIECE), at };
    return;
  }
  const place = placeOf(tensor);
  for (let at = 0; at < length; at += PIECE) {
    yield {
      bytes: readPlace(tensor.name, {
        ...place,
        offset: place.offset + at,
        length: Math.min(PIECE, length - at),
      }),
      at,
    };
  }
}
