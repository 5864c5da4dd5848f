import { EngineError } from '../../shared/engineError';
import { elementTypeName } from '../tensors/elements';
import { elementTypes } from '../tensors/elementTypes';
import type { Model } from '../graph/model';
import type { InputSpec } from '../tensors/tensor';

/**
 * What must be fed to a model. Initializers that older files list as inputs too are left out.
 * @throws EngineError `unsupported` for inputs that are no numeric tensors
 */
export function inputSpecs({ graph }: Model): InputSpec[] {
  const initializers = new Set(graph.initializer.map((t) => t.name));
  return graph.input
    .filter((input) => !initializers.has(input.name))
    .map(({ name, type }) => {
      const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
      const elementType = elementTypes.get(tensor?.elemType ?? 0);
      if (tensor === undefined || elementType === undefined) {
        throw new EngineError(
          'unsupported',
          `Input ${name} is ${tensor === undefined ? 'no tensor' : elementTypeName(tensor.elemType)}; it cannot be fed.`,
          'Only numeric tensors can be fed.',
        );
      }
      const dims = tensor.shape?.dim.map(({ value }) =>
        value.case === 'dimValue' ? Number(value.value) : null,
      );
      return { name, type: elementType, dims: dims ?? null };
    });
}
