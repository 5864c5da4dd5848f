import { create } from '@bufbuild/protobuf';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  type ModelProto,
  type TensorProto,
} from 'onnx-buf';
import { EngineError, errorText } from '../../shared/engineError';
import { allTensors } from './allTensors';
import { bitsOf } from './elementBits';

/** A file that holds weights, and the folder of the model that may read it. */
export interface DataFile {
  path: string;
  folder: string;
  bytes: number;
  modified: number;
}

/** Where a tensor's bytes lie. */
export interface Place {
  location: string;
  offset: number;
  length: number;
}

/** Files that were checked when their model was opened. Nothing else is ever read for a tensor. */
const approved = new Map<string, DataFile>();

/** Folder that the external data of encoded bytes lies in; kept beside them, so that whoever holds them can load them. */
const folders = new WeakMap<Uint8Array, string>();

export function dataFolderOf(bytes: Uint8Array): string | undefined {
  return folders.get(bytes);
}

export function rememberDataFolder(bytes: Uint8Array, folder: string): void {
  folders.set(bytes, folder);
}

export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === TensorProto_DataLocation.EXTERNAL;
}

export function setPlace(tensor: TensorProto, { location, offset, length }: Place): void {
  tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
  tensor.externalData = Object.entries({ location, offset, length }).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) }),
  );
}

/** Where an opened tensor's bytes lie: an absolute path, and whole numbers. */
export function placeOf(tensor: TensorProto): Place {
  const value = (key: string) => tensor.externalData.find((e) => e.key === key)?.value ?? '';
  return { location: value('location'), offset: Number(value('offset')), length: Number(value('length')) };
}

/** Bytes that a tensor's shape and type promise; `undefined` for types that are not known here. */
function promisedBytes(tensor: TensorProto): number | undefined {
  const bits = bitsOf[tensor.dataType];
  return bits === undefined
    ? undefined
    : Math.ceil((tensor.dims.reduce((n, d) => n * Number(d), 1) * bits) / 8);
}

/**
 * Checks where a model's tensors keep their bytes, and notes it in the tensors as absolute paths with offset and
 * length (ONNX IR, "External Tensor Data"). Reads no weight.
 * @param path of the model's file
 * @returns the files that hold data, each once
 * @throws EngineError `bad-model` for a location outside the model's folder, and for a file missing or too short
 */
export async function openExternalData(model: ModelProto, path: string): Promise<DataFile[]> {
  const external = allTensors(model).filter(isExternal);
  if (external.length === 0) return [];
  const folder = await realpath(dirname(path));
  const files = new Map<string, DataFile>();
  for (const tensor of external) {
    const value = (key: string) => tensor.externalData.find((e) => e.key === key)?.value;
    const location = value('location') ?? '';
    const refuse = (why: string, hint: string) =>
      new EngineError(
        'bad-model',
        `${basename(path)} keeps ${shortName(tensor.name)} in "${shortName(location)}", ${why}.`,
        hint,
      );
    let file = files.get(location);
    if (file === undefined) {
      file = await locate(folder, location, refuse);
      files.set(location, file);
    }
    const offset = wholeNumber(value('offset') ?? '0');
    const length =
      value('length') === undefined ? file.bytes - (offset ?? 0) : wholeNumber(value('length') ?? '');
    const complete = 'Copy it whole, or export the model again.';
    if (offset === undefined || length === undefined)
      throw refuse('with an offset or length that is no number', complete);
    if (length < 0 || offset + length > file.bytes) {
      throw refuse(`which ends at byte ${file.bytes}, before the tensor does (${offset + length})`, complete);
    }
    const promised = promisedBytes(tensor);
    if (promised !== undefined && promised !== length) {
      throw refuse(
        `${length} bytes for a shape of [${tensor.dims.join(', ')}] that needs ${promised}`,
        complete,
      );
    }
    setPlace(tensor, { location: file.path, offset, length });
  }
  const opened = [...files.values()];
  for (const file of opened) approved.set(file.path, file);
  return opened;
}

function shortName(name: string): string {
  return name.length <= 120 ? name : `${name.slice(0, 117)}…`;
}

function wholeNumber(text: string): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
}

async function locate(
  folder: string,
  location: string,
  refuse: (why: string, hint: string) => EngineError,
): Promise<DataFile> {
  const outside = () =>
    refuse('which is not inside its own folder', 'Put the data beside the model; other places are not read.');
  // A backslash or a drive would lead elsewhere on Windows.
  if (location === '' || isAbsolute(location) || /[\0\\]|^[A-Za-z]:/.test(location)) throw outside();
  if (location.split('/').includes('..')) throw outside();
  let path: string;
  try {
    path = await realpath(join(folder, location));
  } catch (thrown) {
    throw refuse(`which cannot be read (${errorText(thrown)})`, 'Copy it beside the model.');
  }
  // A link may lead out.
  if (!path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) throw outside();
  const found = await stat(path);
  if (!found.isFile()) throw refuse('which is no file', 'Copy the data beside the model.');
  return { path, folder, bytes: found.size, modified: found.mtimeMs };
}

/**
 * The bytes of an external tensor of an opened model, read now.
 * @throws EngineError `bad-model` when the file went or changed since, or the tensor was never checked
 */
export function readExternal(tensor: TensorProto): Uint8Array<ArrayBuffer> {
  return readPlace(tensor.name, placeOf(tensor));
}

/** Part of a tensor's data; as {@link readExternal}. */
export function readPlace(name: string, { location, offset, length }: Place): Uint8Array<ArrayBuffer> {
  const unreadable = (why: string, cause?: unknown) =>
    new EngineError(
      'bad-model',
      `The data of ${shortName(name)} cannot be read from ${shortName(location)}: ${why}.`,
      'Open the model again.',
      { cause },
    );
  const checked = approved.get(location);
  if (checked === undefined) throw unreadable('it was not checked when the model was opened');
  let file: number;
  try {
    file = openSync(location, 'r');
  } catch (thrown) {
    throw unreadable(errorText(thrown), thrown);
  }
  try {
    const now = fstatSync(file);
    // Other weights than those whose layers and scores are shown.
    if (now.size !== checked.bytes || now.mtimeMs !== checked.modified)
      throw unreadable('it has changed since the model was opened');
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      // One call reads at most 2 GiB.
      const read = readSync(file, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
      if (read === 0) throw unreadable('it has become shorter');
      done += read;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** The deepest folder that all the files lie in. Models in different folders may share a data file. */
function commonFolder(paths: readonly string[]): string | undefined {
  const [first] = paths;
  if (first === undefined) return undefined;
  const within = (folder: string) => (folder.endsWith(sep) ? folder : folder + sep);
  let folder = dirname(first);
  while (!paths.every((path) => path.startsWith(within(folder)))) folder = dirname(folder);
  return folder;
}

/** Runs `encode` while the tensors of an opened model say where their data is as a file does: relative to its folder. */
export function withRelativePlaces<R>(
  model: ModelProto,
  encode: () => R,
): { result: R; folder: string | undefined } {
  const restore: (() => void)[] = [];
  // What was never opened, only decoded, says what the file says.
  const opened = allTensors(model).filter((t) => isExternal(t) && approved.has(placeOf(t).location));
  const folder = commonFolder(opened.map((t) => placeOf(t).location));
  try {
    for (const tensor of opened) {
      const place = placeOf(tensor);
      setPlace(tensor, {
        ...place,
        location: relative(folder ?? '', place.location)
          .split(sep)
          .join('/'),
      });
      restore.push(() => setPlace(tensor, place));
    }
    return { result: encode(), folder };
  } finally {
    for (const each of restore) each();
  }
}
