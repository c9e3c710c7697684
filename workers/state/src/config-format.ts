// SPDX-License-Identifier: Apache-2.0

/** JSON Schema of the worker's settings, for the configuration worker and the console. */
export const CONFIG_FORMAT = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: {
      description: 'Where values are kept. A change applies at the next start of the engine.',
      oneOf: [
        {
          title: 'kv',
          type: 'object',
          additionalProperties: false,
          required: ['name'],
          properties: {
            name: { type: 'string', enum: ['kv'] },
            config: { $ref: '#/definitions/KvAdapterConfig' },
          },
        },
      ],
    },
    triggers_enabled: {
      type: ['boolean', 'null'],
      description: 'Whether changes fire `state` triggers.',
    },
    max_value_bytes: {
      type: ['integer', 'null'],
      minimum: 1,
      description: 'Largest value as compact JSON; unlimited when left out.',
    },
    save_interval_ms: {
      type: ['integer', 'null'],
      minimum: 100,
      maximum: 3_600_000,
      description: 'Accepted and without effect: every write is stored before it is answered.',
    },
    max_update_ops: {
      type: ['integer', 'null'],
      minimum: 1,
      description: 'Most operations in one update.',
    },
    ignore_noop: {
      type: ['boolean', 'null'],
      description: 'Whether deleting what is not there fires nothing.',
    },
  },
  definitions: {
    KvStoreMethod: { type: 'string', enum: ['in_memory', 'file_based'] },
    KvAdapterConfig: {
      type: 'object',
      additionalProperties: false,
      properties: {
        store_method: { $ref: '#/definitions/KvStoreMethod' },
        file_path: { type: 'string' },
        save_interval_ms: { type: 'integer', minimum: 100, maximum: 3_600_000 },
      },
    },
  },
};
