// SPDX-License-Identifier: Apache-2.0
import { UsageError } from './context.ts';

/** An option a command takes. */
export interface OptionSpec {
  readonly short?: string;
  /** Name of the value in help texts; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  readonly isHidden?: boolean;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What stood on the command line. */
export interface ParsedArguments {
  /** Long names without dashes; a switch is `''`. */
  readonly options: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
  /** What follows the first operand, untouched; only with `stopsAtOperand`. */
  readonly rest: readonly string[];
}

/**
 * Reads options and operands in any order; `--` ends the options.
 * @throws UsageError
 */
export function parseArguments(
  argv: readonly string[],
  specs: OptionSpecs,
  { stopsAtOperand = false }: { readonly stopsAtOperand?: boolean } = {},
): ParsedArguments {
  const options = new Map<string, string>();
  const operands: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index]!;
    if (argument === '--') {
      operands.push(...argv.slice(index + 1));
      break;
    }
    if (!argument.startsWith('-') || argument === '-') {
      operands.push(argument);
      if (stopsAtOperand) return { options, operands, rest: argv.slice(index + 1) };
      continue;
    }
    const { name, spec, inlineValue } = findOption(argument, specs);
    if (spec.value === undefined) {
      if (inlineValue !== null) throw new UsageError(`unexpected value for '--${name}'`);
      options.set(name, '');
    } else {
      const value = inlineValue ?? argv[++index];
      if (value === undefined) {
        throw new UsageError(
          `a value is required for '--${name} <${spec.value}>' but none was supplied`,
        );
      }
      options.set(name, value);
    }
  }
  return { options, operands, rest: [] };
}

function findOption(argument: string, specs: OptionSpecs) {
  const isLong = argument.startsWith('--');
  const equals = argument.indexOf('=');
  const flag = equals === -1 ? argument : argument.slice(0, equals);
  const inlineValue = equals === -1 ? null : argument.slice(equals + 1);
  const found = Object.entries(specs).find(([name, spec]) =>
    isLong ? flag === `--${name}` : flag === `-${spec.short}`,
  );
  if (found === undefined) throw new UsageError(`unexpected argument '${flag}' found`);
  const [name, spec] = found;
  return { name, spec, inlineValue };
}

/** The option table of a help text. */
export function describeOptions(specs: OptionSpecs): string {
  const rows = Object.entries(specs)
    .filter(([, spec]) => spec.isHidden !== true)
    .map(([name, spec]) => {
      const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
      const value = spec.value === undefined ? '' : ` <${spec.value}>`;
      return [`${short}--${name}${value}`, spec.help] as const;
    });
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`).join('\n');
}
