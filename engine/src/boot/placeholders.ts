// SPDX-License-Identifier: Elastic-2.0
// Environment placeholders in a config file, `${NAME}` and `${NAME:default}`.
//
// Each placeholder is masked by a word of the same length before the YAML is parsed and filled in
// afterwards, scalar by scalar. Three things follow:
// I1 offsets in the parsed document are offsets in the file, so an error names the true place;
// I2 a value can never add structure, end a quote or start a comment;
// I3 a placeholder in a comment is never looked at.
import { isCollection, isScalar, parseDocument } from 'yaml';

/** A placeholder as it stands in the file. */
export interface Placeholder {
  readonly name: string;
  readonly fallback: string | null;
  readonly offset: number;
}

/** Config text that is safe to parse, and what its masks stand for. */
export interface MaskedText {
  readonly text: string;
  readonly placeholders: readonly Placeholder[];
}

/** What a placeholder is replaced by, or null when the variable is unset and has no default. */
export type Lookup = (placeholder: Placeholder) => string | null;

const PLACEHOLDER = /\$\{([^}:]+)(?::([^}]*))?\}/g;
// Private-use characters: valid in a plain YAML scalar, and found in no config file.
const MASK_START = 0xe000;
const MASK_FILL = '\ue001';
const MASK_DIGIT = 0xe100;
const MASK_BASE = 0x400;
const MASK = /\ue000([\ue100-\ue4ff])([\ue100-\ue4ff])\ue001+/g;
const VERSION_DEFAULT = '__III_ENGINE_VERSION__';

/** Replaces every placeholder by a mask of its length. */
export function maskPlaceholders(text: string): MaskedText {
  const placeholders: Placeholder[] = [];
  const masked = text.replace(
    PLACEHOLDER,
    (whole, name: string, fallback: string | undefined, offset: number) => {
      placeholders.push({ name, fallback: fallback ?? null, offset });
      return maskOf(placeholders.length - 1).padEnd(whole.length, MASK_FILL);
    },
  );
  return { text: masked, placeholders };
}

/** The shortest placeholder, `${A}`, has four characters: start, two digits, one fill. */
function maskOf(index: number): string {
  const high = String.fromCharCode(MASK_DIGIT + Math.floor(index / MASK_BASE));
  const low = String.fromCharCode(MASK_DIGIT + (index % MASK_BASE));
  return String.fromCharCode(MASK_START) + high + low;
}

/** Puts values in the place of masks; `null` when nothing was masked. */
export function fillMasks(text: string, masked: MaskedText, lookup: Lookup): string | null {
  let isFilled = false;
  const filled = text.replace(MASK, (whole, high: string, low: string) => {
    const index = (high.charCodeAt(0) - MASK_DIGIT) * MASK_BASE + low.charCodeAt(0) - MASK_DIGIT;
    const placeholder = masked.placeholders[index];
    if (placeholder === undefined) return whole;
    isFilled = true;
    return lookup(placeholder) ?? '';
  });
  return isFilled ? filled : null;
}

/** A lookup in `env`: a set variable wins, even when it is empty. */
export function lookupIn(
  env: Readonly<Record<string, string | undefined>>,
  engineVersion: string,
): Lookup {
  return ({ name, fallback }) => {
    const value = env[name];
    // Node hands out bytes that are not UTF-8 as U+FFFD; such a value counts as unset.
    if (value !== undefined && !value.includes('\ufffd')) return value;
    return fallback === VERSION_DEFAULT ? engineVersion : fallback;
  };
}

/**
 * The value of a plain (unquoted) scalar, by the rules of YAML: `8080` is a number, an empty text
 * is null, `[a, b]` a list. Text that would be anything else than one value stays text.
 */
export function typePlainText(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (isPaddedNumber(trimmed)) return trimmed;
  const document = parseDocument(trimmed, { prettyErrors: false });
  const { contents } = document;
  if (document.errors.length > 0 || contents === null) return text;
  if (contents.range?.[1] !== trimmed.length) return text;
  if (isScalar(contents)) return contents.value;
  if (isCollection(contents) && contents.flow === true) return document.toJS();
  return text;
}

/** `007` is an identifier, not seven. */
export function isPaddedNumber(text: string): boolean {
  return /^[-+]?0\d+$/.test(text);
}
