// SPDX-License-Identifier: Apache-2.0

const texts = { type: 'array', items: { type: 'string' }, default: [] } as const;

/** JSON Schema of the worker's entry in the configuration store. */
export const CONFIG_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'HttpConfig',
  type: 'object',
  additionalProperties: false,
  properties: {
    port: {
      type: 'integer',
      minimum: 0,
      maximum: 65535,
      default: 3111,
      description: 'Port to listen on; 0 takes a free one',
    },
    host: { type: 'string', default: '127.0.0.1', description: 'Address to listen on' },
    default_timeout: {
      type: 'integer',
      minimum: 0,
      default: 30000,
      description: 'Milliseconds until a request without a response head is answered 504',
    },
    concurrency_request_limit: {
      type: 'integer',
      minimum: 1,
      default: 1024,
      description: 'Requests in flight at a time',
    },
    concurrency_queue_limit: {
      type: 'integer',
      minimum: 0,
      default: 1024,
      description: 'Requests that may wait for a place; one more is answered 503',
    },
    cors: {
      anyOf: [{ $ref: '#/definitions/CorsConfig' }, { type: 'null' }],
      default: null,
      description: 'Cross-origin rules; null allows everything',
    },
    middleware: {
      type: 'array',
      items: { $ref: '#/definitions/MiddlewareConfig' },
      default: [],
      description: 'Functions called before every route',
    },
    strict_middleware: {
      type: 'boolean',
      default: true,
      description: 'Whether a middleware result other than continue or respond is an error',
    },
    body_limit: { type: 'integer', minimum: 1, description: 'Largest request body in bytes' },
    trust_proxy: {
      type: 'boolean',
      default: false,
      description: 'Whether x-forwarded-for names the client',
    },
    request_id_header: {
      type: ['string', 'null'],
      default: 'x-request-id',
      description: 'Header that carries the id of a request; null for none',
    },
    ignore_trailing_slash: {
      type: 'boolean',
      default: false,
      description: 'Whether /a and /a/ are one path',
    },
    not_found_function: {
      type: ['string', 'null'],
      default: null,
      description: 'Function that answers paths without a route',
    },
    health_path: {
      anyOf: [{ type: 'string', pattern: '^/' }, { type: 'null' }, { const: false }],
      default: '/health',
      description: 'Path the server answers itself with its health; null or false for none',
    },
  },
  definitions: {
    CorsConfig: {
      type: 'object',
      additionalProperties: false,
      properties: {
        allowed_origins: { ...texts, description: 'Empty or `*`: any origin' },
        allowed_methods: { ...texts, description: 'Empty: any method' },
      },
    },
    MiddlewareConfig: {
      type: 'object',
      additionalProperties: false,
      required: ['function_id'],
      properties: {
        function_id: { type: 'string', description: 'Function to call' },
        phase: { type: 'string', default: 'preHandler', description: 'Only preHandler is run' },
        priority: { type: 'integer', default: 0, description: 'Lower runs first' },
      },
    },
  },
} as const;
