// SPDX-License-Identifier: Apache-2.0

const COUNT = { type: ['integer', 'null'], minimum: 1 };

/** JSON Schema of the settings, for the configuration worker. */
export const CONFIG_FORMAT = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: {
      description: 'What carries the messages; `local` when left out.',
      oneOf: [
        {
          title: 'local',
          type: 'object',
          additionalProperties: false,
          required: ['name'],
          properties: {
            name: { const: 'local' },
            config: { type: ['object', 'null'], additionalProperties: false },
          },
        },
        { title: 'default', type: 'null' },
      ],
    },
    max_in_flight: { ...COUNT, description: 'Handlers one subscription may have running.' },
    max_waiting: { ...COUNT, description: 'Messages one subscription may have waiting.' },
    delivery_timeout_ms: { ...COUNT, description: 'When a hanging handler gives up its place.' },
  },
};
