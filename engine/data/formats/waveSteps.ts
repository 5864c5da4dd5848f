import { badData } from '../samples/badData';
import type { InputSpec, Tensor } from '../samples/dataset';
import { fitInput } from '../samples/fitInput';
import type { Audio } from '../manifest/manifest';
import type { Wave } from './readWave';

/**
 * A wave as the feeds of one input: whole, or cut into frames with the end of the frame before in front, zeros at first. What is
 * left at the end and fills no frame is dropped.
 * @throws EngineError `bad-data` for another sample rate than the manifest's or a wave shorter than a frame
 */
export function waveSteps(
  { values, sampleRate }: Wave,
  audio: Audio,
  input: InputSpec,
  where: string,
): Tensor[] {
  if (audio.sampleRate !== undefined && audio.sampleRate !== sampleRate)
    throw badData(
      `${where} has ${sampleRate} values a second, and the manifest says ${audio.sampleRate}.`,
      'Resample it before.',
    );
  const { frame = values.length, context = 0 } = audio;
  const steps: Tensor[] = [];
  for (let from = 0; from + frame <= values.length; from += frame) {
    const data = new Float32Array(context + frame);
    const before = values.subarray(Math.max(0, from - context), from);
    data.set(before, context - before.length);
    data.set(values.subarray(from, from + frame), context);
    const rank = input.dims?.length ?? 2;
    const dims = [...new Array<number>(Math.max(0, rank - 1)).fill(1), data.length];
    steps.push(fitInput({ type: 'float32', dims, data }, input, where, 'Change "audio" in quantscope.json.'));
  }
  if (steps.length > 0) return steps;
  throw badData(`${where} is shorter than a frame of ${frame}.`, 'Leave it out.');
}
