// Reads a JSON array of statements on stdin, prints a JSON array of what dt-sql-parser's Impala grammar says of each: null, or its
// first complaint. The argument is the folder that node_modules lies in.
import fs from 'node:fs';
import { register } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// The package is written for bundlers: its imports name folders, and files without an ending, neither of which node resolves.
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    const base = specifier.startsWith('.') && context.parentURL ? new URL(specifier, context.parentURL) : error.url && new URL(error.url);
    if (!base) throw error;
    for (const ending of ['.js', '/index.js']) {
      const url = new URL(base.href + ending);
      if (fs.existsSync(fileURLToPath(url))) return { url: url.href, format: 'module', shortCircuit: true };
    }
    throw error;
  }
}

const folder = process.argv[2];
if (folder) {
  register(import.meta.url);
  const grammar = path.resolve(folder, 'node_modules/dt-sql-parser/dist/parser/impala/index.js');
  const { ImpalaSQL } = await import(pathToFileURL(grammar).href);
  const parser = new ImpalaSQL();
  const said = JSON.parse(fs.readFileSync(0, 'utf8')).map((sql) => {
    const [first] = parser.validate(`${sql};`);
    return first ? `line ${first.startLine}: ${first.message}` : null;
  });
  process.stdout.write(JSON.stringify(said));
}
