// compile.mjs FILE...: compiles each page as the site does, .md as CommonMark and
// .mdx as MDX, runs it, and prints its HTML, as a JSON array of strings. For a test,
// which gives it hostile pages (test/site).
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { evaluate, nodeTypes } from '@mdx-js/mdx';
import comment from '@slorber/remark-comment';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import * as runtime from 'react/jsx-runtime';
import raw from 'rehype-raw';
import directive from 'remark-directive';
import emoji from 'remark-emoji';
import gfm from 'remark-gfm';

const pages = [];
for (const file of process.argv.slice(2)) {
  const mdx = extname(file) === '.mdx';
  const { default: Page } = await evaluate(await readFile(file), {
    ...runtime,
    format: mdx ? 'mdx' : 'md',
    remarkPlugins: [directive, emoji, gfm, ...(mdx ? [comment] : [])],
    rehypePlugins: mdx ? [] : [[raw, { passThrough: nodeTypes }]]
  });
  pages.push(renderToStaticMarkup(createElement(Page)));
}
process.stdout.write(JSON.stringify(pages));
