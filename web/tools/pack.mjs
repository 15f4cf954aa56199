// pack.mjs DIST FILE: the built page as one file for the program. First a line for each file, then an empty line, then
// the bytes, to which the offsets count:
//   PATH \t TYPE \t ETAG \t plain offset \t length \t brotli offset \t length \t gzip offset \t length
// A length of 0 says that there is no such form. src/api/page/pack.cc reads it.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

function files(directory) {
  return readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? files(join(directory, entry.name)) : [join(directory, entry.name)]))
    .sort();
}

const [dist, target] = process.argv.slice(2);
const lines = [];
const pieces = [];
let offset = 0;

function place(bytes) {
  const words = [offset, bytes.length];
  pieces.push(bytes);
  offset += bytes.length;
  return words;
}

for (const file of files(dist)) {
  const type = types[extname(file)];
  if (!type) throw new Error(`${file}: no type is known for it`);
  const plain = readFileSync(file);
  const etag = createHash('sha256').update(plain).digest('hex').slice(0, 20);
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } });
  const gzip = gzipSync(plain, { level: 9 });
  const name = '/' + relative(dist, file).split('\\').join('/');
  lines.push([name, type, etag, ...place(plain), ...place(brotli), ...place(gzip)].join('\t'));
}
writeFileSync(target, Buffer.concat([Buffer.from(lines.join('\n') + '\n\n'), ...pieces]));
