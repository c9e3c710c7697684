// SPDX-License-Identifier: Elastic-2.0
import { Payload } from '@iii-dev/protocol';
import type { FunctionDescription } from '../hub/function-registry.ts';

type Property = 'string' | 'boolean' | 'integer' | 'strings' | 'object' | 'any';

const PROPERTY_SCHEMAS: Record<Property, unknown> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  integer: { type: 'integer', minimum: 0 },
  strings: { type: 'array', items: { type: 'string' } },
  object: { type: 'object' },
  any: {},
};

/** A description with JSON Schemas from a short table; a name that ends in `!` is required. */
export function describe(
  description: string,
  request: Readonly<Record<string, Property>>,
  response: Readonly<Record<string, Property | 'objects'>>,
): FunctionDescription {
  return {
    description,
    request_format: Payload.ofValue(objectSchema(request)),
    response_format: Payload.ofValue(objectSchema(response)),
  };
}

function objectSchema(fields: Readonly<Record<string, Property | 'objects'>>): unknown {
  const properties: Record<string, unknown> = {};
  const required: string[] = [];
  for (const [name, type] of Object.entries(fields)) {
    const plain = name.replace(/!$/, '');
    if (plain !== name) required.push(plain);
    properties[plain] =
      type === 'objects' ? { type: 'array', items: { type: 'object' } } : PROPERTY_SCHEMAS[type];
  }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
  };
}
