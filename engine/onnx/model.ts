import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { randomUUID } from 'node:crypto';
import { access, constants, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { TensorProto_DataLocation, ModelProtoSchema, type GraphProto, type ModelProto } from 'onnx-buf';
import { EngineError, errorText } from '../engineError';
import { keepAllText } from './losslessText';

keepAllText();

/** A decoded model whose graph is known to be there. Fields that the schema does not know are kept. */
export type Model = ModelProto & { graph: GraphProto };

/**
 * Decodes a model, losslessly: `encodeModel(decodeModel(b))` says the same as `b`.
 * @param name what errors call the file
 * @throws EngineError `bad-model` when the bytes are empty, cut short, or no ONNX model
 */
export function decodeModel(bytes: Uint8Array, name: string): Model {
  const isNot = (why: string, cause?: unknown) =>
    new EngineError(
      'bad-model',
      `${name} is not a readable ONNX model: ${why}.`,
      'Export it again, or check that the download is complete.',
      { cause },
    );
  if (bytes.length === 0) throw isNot('the file is empty');
  let model: ModelProto;
  try {
    // Fields of a Buffer would be Buffers, whose slice() does not copy.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    model = fromBinary(ModelProtoSchema, plain);
  } catch (thrown) {
    throw isNot(`its protobuf encoding breaks off or is damaged (${errorText(thrown)})`, thrown);
  }
  const { graph } = model;
  if (graph === undefined || model.irVersion === 0n) throw isNot('it holds no graph');
  if (graph.node.length === 0 && graph.output.length === 0)
    throw isNot('its graph has no nodes and no outputs');
  if (model.opsetImport.length === 0) throw isNot('it names no operator set');
  return Object.assign(model, { graph });
}

/** Encodes a model. The bytes own their memory, so they can be transferred to a worker. */
export function encodeModel(model: Model): Uint8Array<ArrayBuffer> {
  const bytes = toBinary(ModelProtoSchema, model);
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

/**
 * Reads a model file.
 * @throws EngineError `not-found` or `bad-model`
 */
export async function readModelFile(path: string): Promise<{ bytes: Uint8Array; model: Model }> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    throw new EngineError(
      'not-found',
      `Cannot read the model ${path}: ${errorText(thrown)}.`,
      'Check the path and its permissions.',
      { cause: thrown },
    );
  }
  const model = decodeModel(bytes, basename(path));
  const external = model.graph.initializer.find((t) => t.dataLocation === TensorProto_DataLocation.EXTERNAL);
  if (external !== undefined) {
    throw new EngineError(
      'unsupported',
      `${basename(path)} keeps the weight ${external.name} in another file, which cannot be read yet.`,
      'Save the model with its weights inside (onnx.save with save_as_external_data=False).',
    );
  }
  return { bytes, model };
}

function cannotWrite(path: string, why: string, cause?: unknown): EngineError {
  return new EngineError(
    'write-failed',
    `Cannot write ${path}: ${why}.`,
    'Check that the folder exists, is writable and has room.',
    { cause },
  );
}

/**
 * Finds out early that a file will not be written.
 * @throws EngineError `write-failed` when its folder is missing or closed, or the path is a folder itself
 */
export async function checkWritable(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await access(folder, constants.W_OK);
  } catch (thrown) {
    throw cannotWrite(path, errorText(thrown), thrown);
  }
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) throw cannotWrite(path, 'it is a folder');
}

/**
 * Writes bytes so that the target is either complete or as it was before.
 * @throws EngineError `write-failed`
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  // A name of its own for each call: two analyses of one model may end at once.
  const part = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(part, bytes, { flush: true });
    await rename(part, path);
  } catch (thrown) {
    await rm(part, { force: true }).catch(() => undefined);
    throw cannotWrite(path, errorText(thrown), thrown);
  }
}

/** Version of the default operator set. */
export function opsetOf(model: Model): number {
  const entry = model.opsetImport.find((o) => o.domain === '' || o.domain === 'ai.onnx');
  return Number(entry?.version ?? 0n);
}
