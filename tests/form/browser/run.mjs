// Bundles every *.test.ts with the settings of the form's own build and runs them with node:test; `run.mjs PROGRAM.ts` runs one program instead.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { SETTINGS } from "../../../form/build.mjs";

// The age vectors need what the form leaves out on purpose (browser/absent.ts).
const WHOLE = new Set(["age.test.ts"]);

const here = dirname(fileURLToPath(import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "form-tests-"));
const [program] = process.argv.slice(2);
const names = program === undefined ? (await readdir(here)).filter((name) => name.endsWith(".test.ts")) : [program];
try {
  const bundle = (entries, alias) => build({
    ...SETTINGS,
    alias,
    entryPoints: entries.map((name) => join(here, name)),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    format: "esm",
    platform: "node",
    minify: false,
    target: "node20",
    nodePaths: [join(here, "../../../node_modules")],
  });
  const present = Object.entries(SETTINGS.alias).filter(([, path]) => !path.endsWith("absent.ts"));
  await bundle(names.filter((name) => !WHOLE.has(name)), SETTINGS.alias);
  await bundle(names.filter((name) => WHOLE.has(name)), Object.fromEntries(present));
  const files = names.map((name) => join(folder, `${basename(name, ".ts")}.mjs`));
  const options = program === undefined ? ["--test"] : [];
  const env = { ...process.env, SAKSEI_ROOT: join(here, "../../..") };
  process.exitCode = spawnSync(process.execPath, [...options, ...files], { stdio: "inherit", env }).status ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
