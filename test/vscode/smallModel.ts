import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import type * as vscode from 'vscode';
import { encodeModel } from '../../engine/onnx/file/readModel';
import { noise, noisy, node, tinyModel } from '../engine/tinyModel';

/** How many samples the small data holds. */
export const SMALL_SAMPLES = 12;

/**
 * Writes a network of three layers on pictures of 16 × 16: it is analyzed in a second or two, where what is tested is not the
 * analysis.
 * @param scale of its weights, so that files differ
 */
export function writeSmallModel({ fsPath }: vscode.Uri, scale = 1): void {
  const scaled = (dims: number[]) => {
    const [shape, values] = noisy(dims);
    return [shape, Array.from(values, (value) => scale * value)] as [number[], number[]];
  };
  const model = tinyModel({
    inputs: { picture: [1, 3, 16, 16] },
    outputs: ['classes'],
    constants: { w1: scaled([8, 3, 3, 3]), w2: scaled([8, 8, 3, 3]), w3: scaled([8, 5]) },
    nodes: [
      node('Conv', ['picture', 'w1'], 'c1', { strides: [2, 2] }),
      node('Relu', ['c1'], 'r1'),
      node('Conv', ['r1', 'w2'], 'c2', { strides: [2, 2] }),
      node('Relu', ['c2'], 'r2'),
      node('GlobalAveragePool', ['r2'], 'g'),
      node('Flatten', ['g'], 'f'),
      node('MatMul', ['f', 'w3'], 'classes'),
    ],
  });
  writeFileSync(fsPath, encodeModel(model));
}

/** Writes a folder of samples for it, without truth. */
export function writeSmallData({ fsPath }: vscode.Uri): void {
  mkdirSync(fsPath, { recursive: true });
  for (let i = 0; i < SMALL_SAMPLES; i++) writeSmallSample(fsPath, i, i);
}

/** Writes one sample, whose values a seed tells. */
export function writeSmallSample(folder: string, index: number, seed: number): void {
  const values = Float32Array.from(noise(3 * 16 * 16, seed + 1));
  const files = { 'picture.npy': new Uint8Array(dump(values, [1, 3, 16, 16])) };
  writeFileSync(join(folder, `${String(index).padStart(2, '0')}.npz`), zipSync(files));
}
