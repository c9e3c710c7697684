// SPDX-License-Identifier: Apache-2.0

/** Help for one function, from what `engine::functions::info` says of it. */
export function describeFunction(functionId: string, answer: unknown): string {
  const info = asRecord(answer);
  const description =
    typeof info.description === 'string' ? `${printable(info.description)}\n` : '';
  // Older engines call the schema `request_format`.
  const rows = parameterRows(asRecord(info.request_schema ?? info.request_format));
  const parameters = rows.length === 0 ? '  (no request schema published)' : table(rows);
  const id = printable(functionId);
  return `${id}
${description}
Usage: iii trigger ${id} [key=value ...] [--json '<obj>']

Parameters:
${parameters}
`;
}

function parameterRows(schema: Record<string, unknown>): string[][] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(asRecord(schema.properties)).map(([name, value]) => {
    const property = asRecord(value);
    return [
      printable(name),
      printable(typeOf(property)),
      required.includes(name) ? 'required' : 'optional',
      typeof property.description === 'string' ? printable(property.description) : '',
    ];
  });
}

function typeOf(property: Record<string, unknown>): string {
  const { type } = property;
  if (Array.isArray(type)) return type.join('|');
  return typeof type === 'string' ? type : 'any';
}

function table(rows: readonly string[][]): string {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
    )
    .join('\n');
}

/** Text of a worker must not steer the terminal: no control characters, no reversed direction. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ').trim();
}

function asRecord(value: unknown): Record<string, unknown> {
  // Answers of any engine: what is not an object has no fields.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
