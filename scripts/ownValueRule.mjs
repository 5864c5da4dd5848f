import ts from 'typescript';

const anyText = ts.TypeFlags.String | ts.TypeFlags.TemplateLiteral | ts.TypeFlags.StringMapping;

function isAnyText(type) {
  return type.isUnion() ? type.types.some(isAnyText) : (type.flags & anyText) !== 0;
}

/**
 * Forbids `record[name]` where the record may have any name and the name may be any text: of a name that is not there, such as
 * `constructor`, it answers what every object inherits, and `record.__proto__ = …` sets no member.
 */
export const ownValueRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { own: 'A name may be “constructor” or “__proto__”: use a Map, or ownValue(record, name).' },
  },
  create(context) {
    const { program, esTreeNodeToTSNodeMap } = context.sourceCode.parserServices;
    const checker = program.getTypeChecker();
    const typeOf = (node) => checker.getTypeAtLocation(esTreeNodeToTSNodeMap.get(node));
    return {
      'MemberExpression[computed=true]'(node) {
        const record = checker.getNonNullableType(typeOf(node.object));
        const takesAnyName = record.isUnion()
          ? record.types.some((one) => one.getStringIndexType() !== undefined)
          : record.getStringIndexType() !== undefined;
        if (takesAnyName && isAnyText(typeOf(node.property))) context.report({ node, messageId: 'own' });
      },
    };
  },
};
