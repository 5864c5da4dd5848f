import { close, open, read, unlink, write } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { errorText } from '../../shared/engineError';
import { cannotUseTemp } from '../../common/tempFolder';
import { badData } from '../samples/badData';
import type { Sample } from '../samples/dataset';

const MOST_BYTES = 32 * 2 ** 30;

const closing = new FinalizationRegistry((file: number) => close(file));

/** Samples on disk, by number, in a file without a name: the system takes it back when nothing holds the store any more. */
export class SampleStore {
  private readonly places = new Map<number, { at: number; bytes: number }>();
  private end = 0;

  private constructor(private readonly file: number) {
    closing.register(this, file);
  }

  /** @throws EngineError `write-failed` when there is no temporary folder */
  static async create(): Promise<SampleStore> {
    const path = join(tmpdir(), `quantscope-${randomUUID()}`);
    // For its owner alone, and never over a file that is there.
    const file = await promisify(open)(path, 'wx+', 0o600).catch((error: unknown) => {
      throw cannotUseTemp(errorText(error), error);
    });
    await promisify(unlink)(path);
    return new SampleStore(file);
  }

  get length(): number {
    return this.places.size;
  }

  has(index: number): boolean {
    return this.places.has(index);
  }

  /** @throws EngineError `bad-data` when the samples outgrow their bound, `write-failed` when they outgrow the disk */
  async put(index: number, sample: Sample): Promise<void> {
    const bytes = serialize(sample);
    const at = this.end;
    this.end += bytes.length;
    if (this.end > MOST_BYTES)
      throw badData(`${sample.name}: the samples take more than 32 GB on disk.`, 'Use fewer with --samples.');
    try {
      for (let from = 0; from < bytes.length;)
        from += (await promisify(write)(this.file, bytes, from, bytes.length - from, at + from)).bytesWritten;
    } catch (error) {
      throw cannotUseTemp(`${sample.name} cannot be kept there: ${errorText(error)}`, error);
    }
    this.places.set(index, { at, bytes: bytes.length });
  }

  async get(index: number): Promise<Sample> {
    const place = this.places.get(index);
    if (place === undefined) throw new RangeError(`no sample ${index}`);
    const bytes = Buffer.allocUnsafeSlow(place.bytes);
    for (let from = 0; from < bytes.length;) {
      const { bytesRead } = await promisify(read)(
        this.file,
        bytes,
        from,
        bytes.length - from,
        place.at + from,
      );
      if (bytesRead === 0) throw new RangeError(`sample ${index} is cut off`);
      from += bytesRead;
    }
    return deserialize(bytes) as Sample;
  }
}
