import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where finished work is kept, so that the editor shows what the terminal measured. */
export function cacheFolder(): string {
  const { QUANTSCOPE_CACHE, XDG_CACHE_HOME } = process.env;
  return QUANTSCOPE_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'quantscope');
}
