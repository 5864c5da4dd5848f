import type { Entity, ModelText } from '../onnx/text/textIndex';
import { nameSpanAt } from '../onnx/text/textIndex';
import { blocks, joined, literal, md } from './markdown';

/** A stretch of the text, in UTF-16 code units. */
export interface Place {
  start: number;
  end: number;
}

/** Consumers that a hover names. */
const MAX_LISTED = 5;

/** Where the name at `offset` is defined; `null` on no name, and for one that nothing defines. */
export function definitionAt(text: ModelText, offset: number): Place | null {
  return nameSpanAt(text.names, offset)?.entity.definition ?? null;
}

/** Every other place of the name at `offset`, in the text's order, and its definition first if asked for. */
export function referencesAt(text: ModelText, offset: number, withDefinition: boolean): Place[] {
  const entity = nameSpanAt(text.names, offset)?.entity;
  if (entity === undefined) return [];
  const { definition } = entity;
  // A node that has no name is found by the tensors it makes.
  const first = withDefinition && definition !== null ? [definition] : [];
  return [...first, ...entity.references];
}

/** What the text itself says of an entity, as Markdown. */
export function entityHover(entity: Entity): string {
  const type = entity.type === '' ? '' : md` ${literal(entity.type)}`;
  switch (entity.kind) {
    case 'node':
      return md`**Node** ${literal(entity.name)}${type}`.value;
    case 'function':
      return md`**Function** ${literal(entity.name)}${type}, called by ${entity.references.length}`.value;
    default: {
      const title = { input: 'Input', initializer: 'Initializer', tensor: 'Tensor' }[entity.kind];
      const { producer } = entity;
      const made =
        producer === null ? [] : [md`Made by ${literal(producer.name)} (${literal(producer.type)})`];
      const readers = [...entity.consumers];
      const shown = readers.slice(0, MAX_LISTED).map((n) => md`${literal(n.name)} (${literal(n.type)})`);
      const more = readers.length > MAX_LISTED ? ` and ${readers.length - MAX_LISTED} more` : '';
      const read =
        readers.length === 0
          ? md`
Read by no node
            `
          : md`Read by ${joined(shown, ', ')}${more}`;
      return blocks([md`**${title}** ${literal(entity.name)}${type}`, ...made, read]).value;
    }
  }
}
