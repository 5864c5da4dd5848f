import { clearField } from '@bufbuild/protobuf';
import { link, rename, rm, type FileHandle } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { basename } from 'node:path';
import { TensorProtoSchema, type TensorProto } from 'onnx-buf';
import { EngineError, errorText } from '../../shared/engineError';
import { throwIfCancelled } from '../../common/cancellation';
import { cannotWrite } from '../../shared/node/outputTarget';
import { finished, newPart, removeLeftParts } from '../../shared/node/partFile';
import { checkRunFiles, dataPathOf } from '../../shared/node/runFiles';
import { fileTarget, finishPart, openPart, writeFileAtomically } from '../../shared/node/writeFile';
import { allTensors } from '../tensors/allTensors';
import { isExternal, placeOf, readExternal, readPlace, setPlace, type Place } from '../tensors/externalData';
import { type Model } from '../graph/model';
import { encodeModel } from './readModel';

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

/** Bytes of all weights in raw form, wherever they lie now. */
function weightBytes(model: Model): number {
  return allTensors(model).reduce((n, t) => n + (isExternal(t) ? placeOf(t).length : t.rawData.length), 0);
}

/**
 * Writes a model with its weights inside; beyond 2 GB with the weights beside it in `PATH.data`. The target is either
 * complete or as it was before. A link stays: the model and its weights come to lie where it leads.
 * @param limit on the bytes of one file
 * @returns the files written, the model first
 * @throws EngineError `write-failed`, `cancelled`; `bad-option` when the model's own weights lie there
 */
export async function writeModelFile(
  path: string,
  model: Model,
  signal?: AbortSignal,
  limit = MOST_IN_ONE_FILE,
): Promise<string[]> {
  const outside = allTensors(model).filter(isExternal);
  const reads = [...new Set(outside.map((t) => placeOf(t).location))];
  await checkRunFiles(
    reads.map((each) => ({ path: each, what: 'the model that is read' })),
    [{ path, what: 'the model', kind: 'model' }],
  );
  // Encoding copies the weights: not before it is known that they fit.
  if (weightBytes(model) > limit) return writeInTwo(path, model, signal);
  const encoded = encodeWithWeightsInside(model, signal);
  if (encoded.length > limit) return writeInTwo(path, model, signal);
  await writeFileAtomically(path, encoded);
  return [path];
}

/** What an encoding says of a tensor instead of what the tensor says. */
type Stand = Pick<TensorProto, 'rawData'> & { place: Place | null };

/** Encodes the model with some tensors changed; they are afterwards as they were. */
function encodeWith(model: Model, stands: ReadonlyMap<TensorProto, Stand>): Uint8Array<ArrayBuffer> {
  const restore: (() => void)[] = [];
  try {
    for (const [tensor, { rawData, place }] of stands) {
      const before = { rawData: tensor.rawData, place: isExternal(tensor) ? placeOf(tensor) : null };
      restore.push(() => change(tensor, before));
      change(tensor, { rawData, place });
    }
    return encodeModel(model);
  } finally {
    for (const each of restore) each();
  }
}

function change(tensor: TensorProto, { rawData, place }: Stand): void {
  tensor.rawData = rawData;
  if (place !== null) setPlace(tensor, place);
  else {
    clearField(tensor, TensorProtoSchema.field.dataLocation);
    tensor.externalData = [];
  }
}

function encodeWithWeightsInside(model: Model, signal: AbortSignal | undefined): Uint8Array<ArrayBuffer> {
  const stands = new Map<TensorProto, Stand>();
  for (const tensor of allTensors(model)) {
    if (!isExternal(tensor)) continue;
    throwIfCancelled(signal);
    stands.set(tensor, { rawData: readExternal(tensor), place: null });
  }
  return encodeWith(model, stands);
}

async function writeInTwo(named: string, model: Model, signal: AbortSignal | undefined): Promise<string[]> {
  const { path, before } = await fileTarget(named);
  const { path: data, before: dataBefore } = await fileTarget(dataPathOf(path));
  for (const each of [path, data]) await removeLeftParts(each);
  const [modelPart, dataPart, old] = [newPart(path), newPart(data), newPart(data, 'old')];
  try {
    const places = await writePart(dataPart, dataBefore, (file) =>
      moveOut(model, file, basename(data), signal),
    );
    await writePart(modelPart, before, (file) => file.writeFile(encodeWith(model, places)));
    throwIfCancelled(signal);
    // The two belong together: when the second cannot take its place, the first gives back its own.
    const replaced = dataBefore !== null && (await keepAs(old, data));
    try {
      await rename(dataPart, data);
      await rename(modelPart, path);
    } catch (thrown) {
      if (replaced) await rename(old, data);
      else await rm(data, { force: true });
      throw thrown;
    }
    await removeLeftParts(data, 'old');
    return [named, dataPathOf(named)];
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    throw cannotWrite(data, errorText(thrown), thrown);
  } finally {
    for (const each of [dataPart, modelPart, old]) await rm(each, { force: true }).catch(() => undefined);
    for (const each of [dataPart, modelPart]) finished(each);
  }
}

/** Writes a part with `write`, which may answer something, and closes it. */
async function writePart<T>(
  part: string,
  before: Stats | null,
  write: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await openPart(part, before);
  try {
    const answer = await write(file);
    await finishPart(file, before);
    return answer;
  } finally {
    await file.close();
  }
}

/** Gives a file another name, from which it can come back; its own stays where the system allows two. */
async function keepAs(old: string, path: string): Promise<boolean> {
  const isKept = (work: Promise<void>) =>
    work.then(
      () => true,
      () => false,
    );
  return (await isKept(link(path, old))) || (await isKept(rename(path, old)));
}

/** Writes the large tensors to the file one after another; answers their places. */
async function moveOut(
  model: Model,
  file: FileHandle,
  location: string,
  signal: AbortSignal | undefined,
): Promise<Map<TensorProto, Stand>> {
  const places = new Map<TensorProto, Stand>();
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
    places.set(tensor, { rawData: new Uint8Array(0), place: { location, offset, length } });
  }
  await file.truncate(end);
  return places;
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
