/** The schema as JSON Schema draft-07, for editors (yaml-language-server reads that one); and as a tree for our own documents. */
import { z } from 'zod'
import { documentSchema } from './schema.ts'
import type { Kind } from './schema-kinds.ts'
import { loosened, tenant } from './schema-tenant.ts'

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
  /** The forms of a mapping, told apart by one of its keys. */
  readonly oneOf?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly additionalProperties?: boolean | SchemaNode
}

/** Everything that the schema says, from the point of view of who writes a file. */
export function schemaTree(): SchemaNode {
  return treeOf(documentSchema)
}

/** What editors read for the operator's file: completion, sentences, defaults. A reference may stand wherever a single value does. */
export function jsonSchema(): object {
  const tenants = z.array(writtenTenant(['name', 'publicUrl'])).optional()
  const described = tenants.meta({ ...z.globalRegistry.get(documentSchema.shape.tenants) })
  return { ...publish(treeOf(documentSchema.extend({ tenants: described }))), title: 'Sallyport configuration' }
}

/** The same for a tenant file. */
export function tenantJsonSchema(): object {
  return { ...publish(treeOf(writtenTenant(['publicUrl']))), title: 'Sallyport tenant' }
}

/** A tenant as it is written: everything but what makes it this one may come with `defaults`. */
function writtenTenant(required: readonly ('name' | 'publicUrl')[]): z.ZodObject {
  const own = required.map((key) => [key, tenant.shape[key]] as const)
  return loosened(tenant).extend(Object.fromEntries(own))
}

function treeOf(schema: z.ZodType): SchemaNode {
  return z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      // zod takes examples of transformed values for what comes out; ours are what is written.
      const { examples } = z.globalRegistry.get(zodSchema) ?? {}
      if (Array.isArray(examples)) jsonSchema.examples = examples
    },
  }) as SchemaNode
}

const reference = { type: 'string', pattern: '\\$\\{' }

function publish(node: SchemaNode): SchemaNode {
  const { allowed, placeholder: _, secret, file, keysAsIn, aside, ...rule } = node
  const { description, properties, items, oneOf, anyOf, additionalProperties } = rule
  const inner: SchemaNode = {
    ...rule,
    ...(description === undefined && allowed === undefined ? {} : { description: sentence(description, allowed) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, each]) => [key, publish(each)])),
    }),
    ...(items && { items: publish(items) }),
    ...(oneOf && { oneOf: oneOf.map(publish) }),
    ...(anyOf && { anyOf: anyOf.map(publish) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: publish(additionalProperties) }),
  }
  const isClosed =
    node.const === undefined && (node.enum !== undefined || node.type === 'boolean' || node.type === 'integer')
  return isClosed ? orReference(inner) : inner
}

/** Text may hold a reference anyway; what is closed must be opened for one. */
function orReference({ description, default: preset, examples, ...rule }: SchemaNode): SchemaNode {
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
