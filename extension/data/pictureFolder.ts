import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { parseJson } from '../../engine/shared/parseJson';
import { walkFolder } from '../../engine/shared/node/walkFolder';

const PICTURE = /\.(png|jpe?g|bmp)$/i;
const MANIFEST = 'quantscope.json';
const MAX_MANIFEST_BYTES = 64e6;

/**
 * Whether somebody has to say how the pictures of a folder become tensors: `bare` where there is no manifest, `manifest`
 * where there is one that leaves it open, `null` where there are no pictures or the manifest says it. What is no absolute
 * path, as `synthetic`, has none.
 */
export async function pictureFolder(path: string): Promise<'bare' | 'manifest' | null> {
  if (!isAbsolute(path)) return null;
  const manifest = await readManifest(join(path, MANIFEST));
  if (manifest === 'decided' || !(await holdsPictures(path))) return null;
  return manifest === 'open' ? 'manifest' : 'bare';
}

/** What is wrong with a manifest, the engine says. */
async function readManifest(file: string): Promise<'none' | 'open' | 'decided'> {
  const found = await stat(file).catch(() => null);
  if (found === null) return 'none';
  if (!found.isFile() || found.size > MAX_MANIFEST_BYTES) return 'decided';
  try {
    const manifest: unknown = parseJson(await readFile(file, 'utf8'));
    if (typeof manifest !== 'object' || manifest === null) return 'decided';
    return Object.hasOwn(manifest, 'preset') || Object.hasOwn(manifest, 'preprocess') ? 'decided' : 'open';
  } catch {
    return 'decided';
  }
}

/** As the engine looks for samples; what it would refuse holds none. */
async function holdsPictures(folder: string): Promise<boolean> {
  try {
    for await (const { entries } of walkFolder(folder))
      if (entries.some((entry) => !entry.isDirectory() && PICTURE.test(entry.name))) return true;
  } catch {
    // The engine says why.
  }
  return false;
}
