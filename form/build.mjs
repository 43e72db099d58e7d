// Builds all that the browser loads into form/static/: one script with the worker's text inside, the styles, the Khmer letters, an icon.
// Names carry a content hash; manifest.json tells form/assets.py the name and the integrity of each.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import subsetFont from "subset-font";

const form = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const TARGET = ["chrome87", "firefox102", "safari14.1"];

// Khmer letters, signs and digits without the lunar dates and the divination numbers, and the joiners that Khmer is typed with.
const KHMER = [...Array.from({ length: 0x17ea - 0x1780 }, (_, at) => 0x1780 + at), 0x200b, 0x200c, 0x200d, 0x25cc];
const WEIGHTS = [400, 600];

// age-encryption and its post-quantum part each bring copies of the same libraries; the versions that both allow are bundled once.
function oneCopyOf(name) {
  const postQuantum = require.resolve("@noble/post-quantum/hybrid.js", { paths: [dirname(require.resolve("age-encryption"))] });
  return dirname(createRequire(postQuantum).resolve(`${name}/utils.js`));
}

const curves = oneCopyOf("@noble/curves");
const hashes = oneCopyOf("@noble/hashes");

export const SETTINGS = {
  bundle: true,
  minify: true,
  format: "iife",
  target: TARGET,
  charset: "utf8",
  legalComments: "inline",
  logLevel: "warning",
  alias: {
    // Recipients of a call are age1pq1… and nothing else (browser/sealing.ts refuses the rest): P-256 and scrypt can never run.
    "@noble/curves/nist.js": join(form, "browser/absent.ts"),
    "@noble/hashes/scrypt.js": join(form, "browser/absent.ts"),
    "@noble/curves": curves,
    "@noble/hashes": hashes,
  },
};

/** The worker as one script. */
export async function workerScript() {
  const built = await build({ ...SETTINGS, entryPoints: [join(form, "browser/worker.ts")], write: false });
  return built.outputFiles[0].text;
}

async function letters(folder) {
  await mkdir(folder, { recursive: true });
  for (const weight of WEIGHTS) {
    const whole = await readFile(require.resolve(`@fontsource/noto-sans-khmer/files/noto-sans-khmer-khmer-${weight}-normal.woff2`));
    const subset = await subsetFont(whole, String.fromCodePoint(...KHMER), { targetFormat: "woff2" });
    await writeFile(join(folder, `khmer-${weight}.woff2`), subset);
  }
}

// esbuild's own [hash] of a script also covers where its sources lay; a name by the content alone is the same wherever it is built.
async function named(folder, name) {
  if (/\.[A-Z0-9]{8}\./.test(name)) return name; // letters: they stand in a style by this name
  const digest = createHash("sha256").update(await readFile(join(folder, name))).digest("hex");
  const [stem, ending] = name.split(".");
  const final = `${stem}.${digest.slice(0, 8).toUpperCase()}.${ending}`;
  await rename(join(folder, name), join(folder, final));
  return final;
}

async function manifest(folder) {
  const assets = {};
  for (const built of (await readdir(folder)).sort()) {
    const name = await named(folder, built);
    const digest = createHash("sha384").update(await readFile(join(folder, name))).digest("base64");
    assets[name.replace(/\.[A-Z0-9]{8}\./, ".")] = { name, integrity: `sha384-${digest}` };
  }
  await writeFile(join(folder, "manifest.json"), `${JSON.stringify(assets, null, 2)}\n`);
}

async function main() {
  const aside = join(form, `.static-${process.pid}`);
  const fonts = join(aside, "fonts");
  const out = join(aside, "static");
  try {
    await letters(fonts);
    const given = { outdir: out, entryNames: "[name]", alias: { ...SETTINGS.alias, "khmer-letters": fonts } };
    await build({
      ...SETTINGS,
      ...given,
      entryPoints: ["browser/form.ts", "style/form.css", "style/plain.css", "style/icon.svg"].map((path) => join(form, path)),
      assetNames: "[name].[hash]",
      publicPath: "/static",
      loader: { ".woff2": "file", ".svg": "copy" },
      define: { WORKER_SCRIPT: JSON.stringify(await workerScript()) },
    });
    // What stands inside the offline form (form/offline.py): its worker runs the script itself, its letters stand in the style.
    await build({
      ...SETTINGS,
      ...given,
      entryPoints: { offline: join(form, "browser/offline.ts"), "offline-style": join(form, "style/form.css") },
      loader: { ".woff2": "dataurl" },
    });
    await manifest(out);
    await rm(join(form, "static"), { recursive: true, force: true });
    await rename(out, join(form, "static"));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
