// SPDX-License-Identifier: Elastic-2.0

/** Where something stands in a config file; line and column count from one. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing wrong with a config file. */
export interface ConfigProblem {
  readonly message: string;
  readonly place: Place | null;
  readonly hint: string | null;
}

/** The config cannot be used; `problems` holds every reason that was found, in file order. */
export class ConfigFileError extends Error {
  override readonly name = 'ConfigFileError';
  readonly code = 'CONFIG_INVALID';
  readonly problems: readonly ConfigProblem[];

  constructor(lead: string, problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(
      `${lead}${problems.length === 1 ? ' ' : '\n  '}${problems.map(describe).join('\n  ')}`,
      options,
    );
    this.problems = problems;
  }
}

/** `config.yaml:3:1`. */
export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}

function describe(problem: ConfigProblem): string {
  const where = problem.place === null ? '' : ` (${formatPlace(problem.place)})`;
  const hint = problem.hint === null ? '' : `. ${problem.hint}`;
  return `${problem.message}${where}${hint}`;
}
