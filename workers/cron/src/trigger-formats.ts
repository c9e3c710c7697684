// SPDX-License-Identifier: Apache-2.0

const text = (description: string) => ({ type: 'string', description });

/** JSON Schema of a trigger's config. */
export const TRIGGER_FORMAT = {
  type: 'object',
  required: ['expression'],
  properties: {
    expression: text('5, 6 (seconds first) or 7 (year last) fields, or @daily and the like.'),
    condition_function_id: text('Asked first, with the same payload; `false` skips the run.'),
    timezone: text('Zone of the expression, Europe/Berlin; UTC when left out.'),
    overlap: { enum: ['skip', 'queue', 'allow'], default: 'skip' },
    missed: { enum: ['skip', 'run_once'], default: 'skip' },
    jitter_ms: { type: 'integer', minimum: 0, description: 'Each run starts up to this late.' },
    timeout_ms: { type: 'integer', minimum: 1, description: 'When a run counts as ended.' },
    key: text('Tells jobs apart that are the same otherwise.'),
  },
};

/** JSON Schema of what a handler is called with. */
export const CALL_FORMAT = {
  type: 'object',
  required: ['trigger', 'job_id', 'scheduled_time', 'actual_time'],
  properties: {
    trigger: { const: 'cron' },
    job_id: { type: 'string' },
    scheduled_time: { type: 'string', format: 'date-time' },
    actual_time: { type: 'string', format: 'date-time' },
  },
};
