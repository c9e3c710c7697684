// SPDX-License-Identifier: Apache-2.0
import { METHODS } from './router/route-table.ts';

const texts = { type: 'object', additionalProperties: { type: 'string' } } as const;

/** JSON Schema of an `http` binding's config. */
export const BINDING_SCHEMA = {
  type: 'object',
  required: ['api_path'],
  properties: {
    api_path: {
      type: 'string',
      description: 'Path; `:name` and `{name}` take one segment, `{*name}` the rest',
    },
    http_method: { type: 'string', enum: METHODS, default: 'GET' },
    condition_function_id: {
      type: 'string',
      description: 'Function that may veto a request by returning false',
    },
    middleware_function_ids: {
      type: 'array',
      items: { type: 'string' },
      description: 'Functions called in order before the handler',
    },
    repeated_values: {
      type: 'boolean',
      default: false,
      description: 'Hand repeated query keys and headers over as arrays',
    },
  },
} as const;

/** JSON Schema of what a bound function is called with. */
export const REQUEST_SCHEMA = {
  type: 'object',
  properties: {
    query_params: texts,
    path_params: texts,
    headers: texts,
    path: { type: 'string' },
    method: { type: 'string' },
    url: { type: 'string' },
    client_ip: { type: 'string' },
    body: {},
  },
} as const;

/** JSON Schema of what a bound function may return. */
export const RESPONSE_SCHEMA = {
  type: 'object',
  properties: {
    status_code: { type: 'integer', minimum: 100, maximum: 999 },
    headers: {
      anyOf: [texts, { type: 'array', items: { type: 'string' } }, { type: 'null' }],
    },
    body: {},
  },
} as const;
