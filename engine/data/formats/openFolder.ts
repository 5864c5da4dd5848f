import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { shorten } from '../../shared/format';
import type { MetricName } from '../../shared/protocol/choices';
import { MAX_ENTRIES } from '../../shared/node/walkFolder';
import { badData } from '../samples/badData';
import type { Dataset, InputSpec, OpenOptions } from '../samples/dataset';
import { fileSamples, SAMPLE_FILE, type SampleFile } from './fileSamples';
import { insideFolder } from '../samples/resolveInside';
import { listSampleFiles } from './listSampleFiles';
import { MANIFEST_NAME, type Alphabet, type Manifest, type Part } from '../manifest/manifest';
import { parseManifest } from '../manifest/parseManifest';
import { readBounded } from '../samples/readBounded';
import { splitSamples } from '../samples/splitSamples';
import { hasThreshold, neededTruth, suggestedMetric } from '../samples/truthKinds';

const MAX_TEXT_BYTES = 64e6;

/**
 * Opens a folder with a `quantscope.json`. Every file that it names is looked up here; files are decoded as
 * samples are loaded.
 * @throws EngineError `bad-data` that names the manifest's key or the file, and the value
 */
export async function openFolder(
  folder: string,
  inputs: readonly InputSpec[],
  { preset }: OpenOptions,
): Promise<Dataset> {
  const name = `${basename(folder)}/${MANIFEST_NAME}`;
  const manifest = parseManifest(await readManifestText(folder), name);
  const decided = manifest.preset ?? manifest.preprocess;
  const reading = { ...manifest, preset: decided === undefined ? (preset ?? undefined) : manifest.preset };
  const warnings =
    preset === null || decided === undefined || preset === decided
      ? []
      : [`${name} says how pictures become tensors, so the preset ${preset} was not used.`];
  const open = async (part: Part) => {
    const files = await listFiles(folder, part, name);
    return { files, ...fileSamples(files, reading, inputs, name) };
  };
  const { threshold, outputs } = manifest;
  const alphabet = manifest.alphabet === undefined ? [] : await readAlphabet(folder, manifest.alphabet, name);
  if (manifest.samples !== undefined) {
    const { files, source, color } = await open(manifest.samples);
    const metric = chooseMetric(manifest, files, name);
    return { ...splitSamples(source), metric, threshold, outputs, alphabet, color, warnings };
  }
  const calibration = await open(manifest.calibration ?? []);
  const evaluation = await open(manifest.evaluation ?? []);
  const metric = chooseMetric(manifest, [...calibration.files, ...evaluation.files], name);
  return {
    calibration: calibration.source,
    evaluation: evaluation.source,
    shared: false,
    metric,
    threshold,
    outputs,
    alphabet,
    color: calibration.color ?? evaluation.color,
    warnings,
  };
}

/**
 * What is read of a folder with a manifest, as paths: the manifest and all that it names.
 * @throws EngineError as {@link openFolder} does
 */
export async function manifestFiles(folder: string): Promise<string[]> {
  const name = `${basename(folder)}/${MANIFEST_NAME}`;
  const { alphabet, samples, calibration, evaluation } = parseManifest(await readManifestText(folder), name);
  const named = alphabet === undefined ? [] : [await insideFolder(folder, alphabet.file, name)];
  for (const part of [samples, calibration, evaluation])
    if (part !== undefined) named.push(...(await listFiles(folder, part, name)).map(({ path }) => path));
  return [await insideFolder(folder, MANIFEST_NAME, folder), ...named];
}

async function readManifestText(folder: string): Promise<string> {
  return readText(await insideFolder(folder, MANIFEST_NAME, folder), MANIFEST_NAME);
}

async function readText(path: string, label: string): Promise<string> {
  return new TextDecoder().decode(await readBounded(path, MAX_TEXT_BYTES, label));
}

async function readAlphabet(
  folder: string,
  { file, space = false }: Alphabet,
  name: string,
): Promise<string[]> {
  const text = await readText(await insideFolder(folder, file, `${name}: alphabet.file`), file);
  const characters = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const odd = characters.findIndex((character) => Array.from(character).length !== 1);
  if (odd >= 0)
    throw badData(
      `${name}: line ${odd + 1} of ${file} is ${JSON.stringify(characters[odd])}.`,
      'Write one character on each line; the space goes into the manifest as "space": true.',
    );
  return space ? [...characters, ' '] : characters;
}

async function listFiles(folder: string, part: Part, name: string): Promise<SampleFile[]> {
  if (Array.isArray(part)) {
    if (part.length > MAX_ENTRIES)
      throw badData(`${name} lists ${part.length} samples.`, 'A few hundred are enough.');
    const paths = new Map<string, string>();
    // One after the other: so many at once would keep everything else waiting.
    for (const { file } of part)
      if (!paths.has(file)) paths.set(file, await insideFolder(folder, file, name));
    return part.map(({ file, truth = null }) => ({ name: file, path: paths.get(file) ?? file, truth }));
  }
  const inside = await insideFolder(folder, part.folder, name);
  if (!(await stat(inside)).isDirectory())
    throw badData(`${name}: "${part.folder}" is not a folder.`, 'Name a folder, or list files.');
  const files = await listSampleFiles(folder, SAMPLE_FILE, {
    below: `${part.folder}/`,
    depth: 0,
    where: name,
  });
  if (files.length > 0) return files;
  throw badData(
    `${name}: the folder "${part.folder}" holds no samples.`,
    'Put .png, .jpg, .bmp, .npy or .npz files there.',
  );
}

/** The manifest's metric, or the one that the truths suggest. Every sample must have the truth that it needs. */
function chooseMetric(
  { metric: named, alphabet, threshold }: Manifest,
  files: readonly SampleFile[],
  name: string,
): MetricName {
  const first = files.find((file) => file.truth !== null);
  const metric = named ?? suggestedMetric(first?.truth ?? null);
  if (metric === null)
    throw badData(
      `${name}: "${first?.name ?? ''}" has a list as its truth, and there is no metric.`,
      'Add "metric": "iou" for outlines, "segments" for line segments, "frames" for steps.',
    );
  if (metric === 'ctc' && alphabet === undefined)
    throw badData(
      `${name}: metric "ctc" needs an alphabet.`,
      'Add "alphabet": {"file": "alphabet.txt"} with one character on each line.',
    );
  if (threshold !== undefined && !hasThreshold(metric))
    throw badData(`${name}: metric "${metric}" has no threshold.`, 'Leave "threshold" out.');
  for (const { name: file, truth } of files) {
    const needed = neededTruth(metric, truth);
    if (needed === null) continue;
    const has = truth === null ? 'no truth' : `the truth ${shorten(JSON.stringify(truth), 40)}`;
    throw badData(
      `${name}: "${file}" has ${has}, and metric "${metric}" needs ${needed}.`,
      'Give every sample a "truth", or take metric "sqnr", "cosine" or "agreement".',
    );
  }
  return metric;
}
