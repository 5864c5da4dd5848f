import type { Tensor } from '../onnx/tensors/tensor';

/** Memory that all threads see of tensors that nobody reads any more, to be written over: no garbage collector counts it. */
export class SpareTensors {
  private readonly byName = new Map<string, Tensor[]>();

  /** @param wanted names of which tensors will be asked for: theirs are not given to others */
  constructor(
    samples: readonly Readonly<Record<string, Tensor>>[],
    private readonly wanted: ReadonlySet<string>,
  ) {
    for (const sample of samples)
      for (const [name, tensor] of Object.entries(sample)) {
        const own = this.byName.get(name) ?? [];
        own.push(tensor);
        this.byName.set(name, own);
      }
  }

  /** One that had this name, or one of so many bytes whose name is not wanted any more. */
  take(name: string, bytes: number): Tensor | undefined {
    const own = this.byName.get(name)?.pop();
    if (own !== undefined) return own;
    for (const [other, tensors] of this.byName) {
      const last = tensors.at(-1);
      if (last !== undefined && !this.wanted.has(other) && last.data.buffer.byteLength >= bytes)
        return tensors.pop();
    }
    return undefined;
  }
}
