// Writes PROGRAM.ts to standard output as one script, built as the form's own is.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { SETTINGS } from "../../../form/build.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const [program] = process.argv.slice(2);
const nodePaths = [join(here, "../../../node_modules")];
const built = await build({ ...SETTINGS, entryPoints: [join(here, program)], write: false, nodePaths });
process.stdout.write(built.outputFiles[0].text);
