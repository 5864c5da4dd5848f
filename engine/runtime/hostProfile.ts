import type { ProfileChoice, ProfileName } from '../shared/protocol/choices';
import { saturates } from './saturates';
import type { RuntimeWorker } from './runtimeWorker';

/** The target that is meant: `auto` stands for the processor that this runs on. */
export async function resolveProfile(choice: ProfileChoice, worker: RuntimeWorker): Promise<ProfileName> {
  if (choice !== 'auto') return choice;
  if (process.arch === 'arm64') return 'arm';
  return (await saturates(worker)) ? 'x86-avx2' : 'x86';
}
