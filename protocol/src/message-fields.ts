// SPDX-License-Identifier: Apache-2.0
import {
  ENGINE_SHAPES,
  type FrameShape,
  RECOVERABLE_FIELDS,
  WORKER_SHAPES,
} from './frame-shapes.ts';
import { readString } from './json-strings.ts';
import { Payload } from './payload.ts';

/** What could still be read of a frame that is not valid, so that its sender can be told. */
export interface RecoveredIds {
  readonly type?: string;
  readonly id?: string;
  readonly invocation_id?: string;
  readonly function_id?: string;
  readonly trigger_type?: string;
}

/** Most characters of a value that a reason quotes. */
const QUOTED_CHARS = 80;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const FIELD_SLOTS: ReadonlyMap<string, number> = numberFields();
const NO_STARTS: readonly number[] = Array.from(FIELD_SLOTS, () => -1);

/** The place of a known field in {@link MessageFields}. */
export function slotOf(name: string): number {
  const slot = FIELD_SLOTS.get(name);
  if (slot === undefined) throw new Error(`field ${name} is in no frame shape`);
  return slot;
}

/**
 * Where the known top-level fields of one message stand in its text, and readers that check their
 * form. Readers never throw: the first field of a wrong form is kept in `problem`, and what they
 * return then is of no use.
 */
export class MessageFields {
  readonly text: string;
  readonly #starts: number[] = NO_STARTS.slice();
  readonly #ends: number[] = NO_STARTS.slice();
  /** What is wrong with the first field that did not have its form. */
  problem: string | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Notes a member; as with `JSON.parse`, the last of a name counts. */
  readonly note = (key: string, start: number, end: number): void => {
    const slot = FIELD_SLOTS.get(key);
    if (slot !== undefined) this.noteSlot(slot, start, end);
  };

  noteSlot(slot: number, start: number, end: number): void {
    this.#starts[slot] = start;
    this.#ends[slot] = end;
  }

  /** The JSON text of a field; `undefined` when it is absent. */
  raw(slot: number): string | undefined {
    const start = this.#starts[slot] as number;
    return start < 0 ? undefined : this.text.slice(start, this.#ends[slot]);
  }

  isAbsentOrNull(slot: number): boolean {
    const start = this.#starts[slot] as number;
    return start < 0 || this.text.charCodeAt(start) === 0x6e;
  }

  payload(slot: number): Payload | undefined {
    return this.isAbsentOrNull(slot) ? undefined : Payload.ofText(this.raw(slot) as string);
  }

  string(slot: number, name: string): string | undefined {
    if (this.isAbsentOrNull(slot)) return undefined;
    const start = this.#starts[slot] as number;
    if (this.text.charCodeAt(start) === 0x22) {
      return readString(this.text, start, this.#ends[slot] as number);
    }
    return this.refuse(slot, name, 'must be a string');
  }

  /** A string that is not empty. */
  id(slot: number, name: string): string | undefined {
    const value = this.string(slot, name);
    return value === '' ? this.refuse(slot, name, 'must not be empty') : value;
  }

  uuid(slot: number, name: string): string | undefined {
    const value = this.id(slot, name);
    if (value === undefined || UUID.test(value)) return value;
    return this.refuse(slot, name, 'must be a UUID');
  }

  /** Trace context: its empty form means absent. */
  context(slot: number, name: string): string | undefined {
    return this.string(slot, name) || undefined;
  }

  /** Notes that a field has not its form. */
  refuse(slot: number, name: string, demand: string): undefined {
    const raw = this.raw(slot);
    this.problem ??= `field "${name}" ${demand}, got ${raw === undefined ? 'nothing' : quote(raw)}`;
  }

  /** The ids that can be read, whatever else is wrong. */
  recover(): RecoveredIds {
    const recovered: { -readonly [K in keyof RecoveredIds]: RecoveredIds[K] } = {};
    for (const name of RECOVERABLE_FIELDS) {
      const raw = this.raw(slotOf(name));
      if (raw?.startsWith('"')) recovered[name] = readString(raw, 0, raw.length);
    }
    return recovered;
  }
}

/** At most 80 characters of JSON text, for a reason. */
export function quote(json: string): string {
  return json.length <= QUOTED_CHARS ? json : `${json.slice(0, QUOTED_CHARS - 1)}…`;
}

function numberFields(): Map<string, number> {
  const slots = new Map<string, number>([['type', 0]]);
  const shapes: FrameShape[] = [...Object.values(WORKER_SHAPES), ...Object.values(ENGINE_SHAPES)];
  for (const field of shapes.flat()) {
    for (const name of [field.name, field.alias]) {
      if (name !== undefined && !slots.has(name)) slots.set(name, slots.size);
    }
  }
  return slots;
}
