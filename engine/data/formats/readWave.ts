// By name: Node and bundlers do not agree on this package's default.
import { WaveFile } from 'wavefile';
import { errorText } from '../../shared/engineError';
import { badData } from '../samples/badData';

/** A wave in one channel, within ±1. */
export interface Wave {
  sampleRate: number;
  values: Float32Array;
}

/**
 * Decodes a `.wav` file: PCM of 8 to 32 bits or float, several channels mixed to one.
 * @throws EngineError `bad-data`
 */
export function readWave(bytes: Uint8Array, where: string): Wave {
  try {
    const wave = new WaveFile(bytes);
    const { sampleRate } = wave.fmt as { sampleRate: number };
    wave.toBitDepth('32f');
    // Types of the package are wider than what it returns.
    const samples = wave.getSamples(false, Float32Array) as unknown as Float32Array | Float32Array[];
    const channels = Array.isArray(samples) ? samples : [samples];
    const values = Float32Array.from(
      channels[0] ?? [],
      (_, i) => channels.reduce((sum, channel) => sum + (channel[i] ?? 0), 0) / channels.length,
    );
    if (values.length === 0) throw new Error('it holds no values');
    return { sampleRate, values };
  } catch (error) {
    throw badData(`${where} cannot be read as a wave: ${errorText(error)}.`, 'Save it as PCM .wav.', error);
  }
}
