/** The schema as JSON Schema draft-07, for editors (yaml-language-server reads that one); and as a tree for our own documents. */
import { z } from 'zod'
import { documentSchema, type Kind } from './schema.ts'

/** One place of the schema: what JSON Schema says of it, and what our kinds add. */
export interface SchemaNode extends Kind {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly oneOf?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly additionalProperties?: boolean | SchemaNode
}

/** Everything that the schema says, from the point of view of who writes a file. */
export function schemaTree(): SchemaNode {
  return z.toJSONSchema(documentSchema, {
    target: 'draft-7',
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      // zod takes examples of transformed values for what comes out; ours are what is written.
      const { examples } = z.globalRegistry.get(zodSchema) ?? {}
      if (Array.isArray(examples)) jsonSchema.examples = examples
    },
  }) as SchemaNode
}

/** What editors read: completion, sentences, defaults. A reference may stand wherever a single value does. */
export function jsonSchema(): object {
  return { ...publish(schemaTree()), title: 'Sallyport configuration' }
}

const reference = { type: 'string', pattern: '\\$\\{' }

function publish({ allowed, placeholder: _, secret, ...node }: SchemaNode): SchemaNode {
  const { properties, items, oneOf, anyOf, additionalProperties } = node
  const inner: SchemaNode = {
    ...node,
    ...(node.description === undefined && allowed === undefined
      ? {}
      : { description: sentence(node.description, allowed) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, each]) => [key, publish(each)])),
    }),
    ...(items && { items: publish(items) }),
    ...(oneOf && { oneOf: oneOf.map(publish) }),
    ...(anyOf && { anyOf: anyOf.map(publish) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: publish(additionalProperties) }),
  }
  const closed =
    node.const === undefined && (node.enum !== undefined || node.type === 'boolean' || node.type === 'integer')
  if (!closed) return inner
  const { description, default: preset, examples, ...rule } = inner
  return {
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { default: preset }),
    ...(examples !== undefined && { examples }),
    anyOf: [rule, reference],
  }
}

function sentence(description = '', allowed: string | undefined): string {
  return [description, allowed === undefined ? '' : `Allowed: ${allowed}.`].filter((part) => part !== '').join(' ')
}
