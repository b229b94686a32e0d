import { readFile } from 'node:fs/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { Exchange } from '../exchange.ts';
import { buildPage } from './build-page.ts';
import type { ConsoleDeps } from './console-deps.ts';
import { type ConsoleFile, type ConsoleFiles, type Encoding, encodings } from './console-files.ts';

const isolation = {
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/**
 * Answers a path of the console: a built file, or its page for whatever is none, so that the addresses of its views can
 * be opened.
 *
 * @param path - What follows `/console/`, decoded.
 * @throws GatewayError `route_not_found` for a file that is not there.
 */
export async function serveConsole(
  { files, build }: { readonly files: ConsoleFiles; readonly build: ConsoleDeps['build'] },
  path: string,
  { request, reply }: Exchange,
): Promise<string | Buffer> {
  reply.headers(isolation);
  const file = await files.find(path);
  if (file) return sendFile(file, request, reply);
  if (path.startsWith('assets/')) throw noFile(path);
  const state = await build();
  const page = state.state === 'built' ? await builtPage(files) : buildPage(state);
  reply.type('text/html; charset=utf-8').header('content-security-policy', page.policy);
  return page.html;
}

async function builtPage(files: ConsoleFiles) {
  const page = await files.page();
  if (!page) throw notBuilt();
  return { html: page.html, policy: pagePolicy(page.nonce) };
}

async function sendFile(
  file: ConsoleFile,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Buffer> {
  const accepted = acceptedEncodings(request.headers['accept-encoding']);
  const encoding = file.encodings.find((each) => accepted.has(each));
  const origin = reply.getHeader('vary');
  reply.type(file.type).headers({
    'cache-control': file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': filePolicy,
    vary: origin === undefined ? 'accept-encoding' : `${origin}, accept-encoding`,
    ...(encoding ? { 'content-encoding': encoding } : {}),
  });
  return readFile(encoding ? `${file.path}${encodings[encoding]}` : file.path);
}

/** Those that a client takes: named, and not with the weight 0. */
function acceptedEncodings(header: string | string[] | undefined): ReadonlySet<Encoding> {
  const named = [header ?? ''].flat().join(',').split(',');
  return new Set(
    named.flatMap((part) => {
      const [name = '', ...parameters] = part.trim().toLowerCase().split(';');
      const isRefused = parameters.some((each) => /^\s*q\s*=\s*0(\.0*)?\s*$/.test(each));
      return !isRefused && (name === 'br' || name === 'gzip') ? [name] : [];
    }),
  );
}

/** Of a file that somebody opens by itself. */
const filePolicy = "default-src 'none'; frame-ancestors 'none'";

function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types dompurify',
  ].join('; ');
}

function noFile(path: string): GatewayError {
  return new GatewayError(
    'route_not_found',
    `The console has no file ${path.slice(0, 200)}. It may be of another version: load the page again.`,
  );
}

function notBuilt(): GatewayError {
  return new GatewayError(
    'route_not_found',
    'This installation has no files of the console. Install Dropgate again.',
  );
}
