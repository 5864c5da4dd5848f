import type { ProfileName } from '../../../engine/shared/protocol/choices';
import { saturates } from '../../../engine/runtime/saturates';
import { testWorker } from '../runTiny';

/** The x86 target whose int8 models run exactly on this processor. */
export const x86Here: ProfileName = (await saturates(testWorker())) ? 'x86-avx2' : 'x86';
