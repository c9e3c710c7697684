// SPDX-License-Identifier: Apache-2.0

/** What a field of an expression may hold. */
export interface FieldSpec {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Largest number of `*`, where a second spelling of a value lies beyond it (7 for Sunday). */
  readonly starMax?: number;
  readonly names?: ReadonlyMap<string, number>;
  readonly takesQuestionMark?: boolean;
}

/** An expression that cannot be read; the message says which part and why. */
export class ExpressionError extends Error {}

const NUMBER = /^\d{1,4}$/;

/** The values a field stands for, in order, as its spec counts them. @throws ExpressionError */
export function readField(text: string, spec: FieldSpec): number[] {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    for (const value of readItem(item, spec)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function readItem(item: string, spec: FieldSpec): number[] {
  const [base = '', stepText, ...rest] = item.split('/');
  if (rest.length > 0) throw refuse(item, spec, 'it has more than one step');
  const { from, to, isSingleName } = readBase(base, item, spec);
  if (stepText === undefined) return steps(from, to ?? from, 1);
  if (isSingleName) throw refuse(item, spec, 'only a range of names takes a step');
  const step = NUMBER.test(stepText) ? Number(stepText) : 0;
  if (step < 1 || step > spec.max) {
    throw refuse(item, spec, `the step must be from 1 to ${spec.max}`);
  }
  return steps(from, to ?? spec.max, step);
}

function readBase(
  base: string,
  item: string,
  spec: FieldSpec,
): { from: number; to: number | undefined; isSingleName: boolean } {
  if (base === '*' || (base === '?' && spec.takesQuestionMark)) {
    return { from: spec.min, to: spec.starMax ?? spec.max, isSingleName: false };
  }
  const [fromText = '', toText, ...rest] = base.split('-');
  if (rest.length > 0) throw refuse(item, spec, 'it is no range');
  const from = readValue(fromText, item, spec);
  if (toText === undefined) return { from, to: undefined, isSingleName: !NUMBER.test(fromText) };
  const to = readValue(toText, item, spec);
  if (NUMBER.test(fromText) !== NUMBER.test(toText)) {
    throw refuse(item, spec, 'a range has two numbers or two names');
  }
  if (from > to) throw refuse(item, spec, 'the range runs backwards');
  return { from, to, isSingleName: false };
}

function readValue(text: string, item: string, spec: FieldSpec): number {
  const named = spec.names?.get(text.toLowerCase());
  if (named !== undefined) return named;
  if (!NUMBER.test(text)) throw refuse(item, spec, 'it is neither a number nor a known name');
  const value = Number(text);
  if (value < spec.min || value > spec.max) {
    throw refuse(item, spec, `numbers go from ${spec.min} to ${spec.max}`);
  }
  return value;
}

function steps(from: number, to: number, step: number): number[] {
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
}

function refuse(item: string, spec: FieldSpec, why: string): ExpressionError {
  return new ExpressionError(`${spec.name} "${item}": ${why}`);
}
