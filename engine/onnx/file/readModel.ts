import { fromBinary } from '@bufbuild/protobuf';
import { realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { ModelProtoSchema, type ModelProto } from 'onnx-buf';
import { readRegularFile, UnreadableFile } from '../../common/readRegularFile';
import { EngineError, errorText } from '../../shared/engineError';
import type { Model } from '../graph/model';
import { allTensors } from '../tensors/allTensors';
import {
  openExternalData,
  rememberDataFolder,
  withRelativePlaces,
  type DataFile,
} from '../tensors/externalData';
import { countMessages } from './countMessages';
import { joinedBytes } from './encodeWeights';
import { readSkeleton } from './readSkeleton';

/** Far above any real graph, and what a process has the memory for. */
const MOST_MESSAGES = 2_000_000;

/** What one protobuf message can have. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Decodes a model, losslessly: `encodeModel(decodeModel(b))` says the same as `b`.
 * @param name what errors call the file
 * @throws EngineError `bad-model` when the bytes are empty, cut short, no ONNX model, or have too many parts
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
  if (countMessages(ModelProtoSchema, bytes, MOST_MESSAGES) >= MOST_MESSAGES)
    throw isNot(`it has more than ${MOST_MESSAGES} nodes, attributes and declarations`);
  let model: ModelProto;
  try {
    // Fields of a Buffer would be Buffers, whose slice() does not copy.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    model = fromBinary(ModelProtoSchema, plain);
  } catch (thrown) {
    throw isNot(`its protobuf encoding breaks off or is damaged (${errorText(thrown)})`, thrown);
  }
  const { graph } = model;
  if (graph === undefined) throw isNot('it holds no graph');
  if (model.irVersion === 0n) throw isNot('it says no version of ONNX’s format (ir_version)');
  if (graph.node.length === 0 && graph.output.length === 0)
    throw isNot('its graph has no nodes and no outputs');
  if (model.opsetImport.length === 0) throw isNot('it names no operator set');
  return Object.assign(model, { graph });
}

/**
 * Encodes a model. The bytes own their memory, so they can be transferred to a worker. Weights that lie in other
 * files stay there; the bytes say where, as a file beside them would.
 * @throws EngineError `unsupported` when its weights in memory are more than protobuf's 2 GB
 */
export function encodeModel(model: Model): Uint8Array<ArrayBuffer> {
  const weights = allTensors(model).reduce((n, t) => n + t.rawData.length, 0);
  if (weights > MOST_BYTES) {
    throw new EngineError(
      'unsupported',
      `The model has ${weights} bytes of weights in memory; what runs can have at most ${MOST_BYTES} besides those in data files.`,
      'Quantize fewer layers, or start from a float32 model: its weights stay in their files.',
    );
  }
  const { result, folder } = withRelativePlaces(model, () => joinedBytes(model));
  if (folder !== undefined) rememberDataFolder(result, folder);
  return result;
}

export interface ReadModel {
  /** The file, without the large weights where they are read only when needed. */
  bytes: Uint8Array;
  model: Model;
  /** Files that hold weights; the model's own among them when it was too big to read whole. */
  dataFiles: DataFile[];
  /** Bytes of all these files. */
  size: number;
}

/** Files beyond this are read without their large weights. */
const READ_WHOLE = 64 * 2 ** 20;

/**
 * Reads a model file. Weights in other files, and large ones in a large file, are read when they are needed.
 * @throws EngineError `not-found` or `bad-model`
 */
export async function readModelFile(path: string): Promise<ReadModel> {
  const name = basename(path);
  try {
    const found = await stat(path);
    const { size } = found;
    if (found.isFile() && size > READ_WHOLE) return await readLarge(await realpath(path), size, name);
    const bytes = await readRegularFile(path, READ_WHOLE);
    const model = decodeModel(bytes, name);
    const dataFiles = await openExternalData(model, path);
    const [first] = dataFiles;
    if (first !== undefined) rememberDataFolder(bytes, first.folder);
    return { bytes, model, dataFiles, size: size + sizeOf(dataFiles) };
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    const why = thrown instanceof UnreadableFile ? `it ${thrown.message}` : errorText(thrown);
    throw new EngineError(
      'not-found',
      `Cannot read the model ${path}: ${why}.`,
      'Check the path and its permissions.',
      { cause: thrown },
    );
  }
}

async function readLarge(path: string, size: number, name: string): Promise<ReadModel> {
  const model = decodeModel(readSkeleton(path, size, basename(path)), name);
  const dataFiles = await openExternalData(model, path);
  const others = dataFiles.filter((file) => file.path !== path);
  return { bytes: encodeModel(model), model, dataFiles, size: size + sizeOf(others) };
}

function sizeOf(files: readonly DataFile[]): number {
  return files.reduce((n, file) => n + file.bytes, 0);
}
