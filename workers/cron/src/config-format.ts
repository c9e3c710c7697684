// SPDX-License-Identifier: Apache-2.0

/** JSON Schema of the settings, for the configuration worker. */
export const CONFIG_FORMAT = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: {
      description: 'Where runs are claimed. A change applies at the next start of the engine.',
      oneOf: [
        {
          title: 'kv',
          type: 'object',
          additionalProperties: false,
          required: ['name'],
          properties: {
            name: { type: 'string', enum: ['kv', 'local'] },
            config: {
              type: ['object', 'null'],
              additionalProperties: false,
              properties: {
                store_method: { type: 'string', enum: ['in_memory', 'file_based'] },
                file_path: { type: 'string' },
                save_interval_ms: { type: 'integer', minimum: 1 },
                lock_ttl_ms: { type: 'integer', minimum: 1 },
                lock_index: { type: 'string' },
              },
            },
          },
        },
      ],
    },
    weekdays: {
      type: 'string',
      enum: ['posix', 'quartz'],
      description: 'How numbers of weekdays count. A change applies at the next start.',
    },
    run_timeout_ms: {
      type: ['integer', 'null'],
      minimum: 1,
      description: 'When a run that goes on counts as ended.',
    },
  },
};
