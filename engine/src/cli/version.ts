// SPDX-License-Identifier: Apache-2.0
import manifest from '../../package.json' with { type: 'json' };

/** Version of the package, which is that of the engine and of the command. */
export const CLI_VERSION: string = manifest.version;
