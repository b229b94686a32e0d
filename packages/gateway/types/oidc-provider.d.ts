declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';

  /** What tests need of the provider: its types are a package of their own, with those of all of Koa. */
  export default class Provider {
    constructor(issuer: string, configuration: object);
    callback(): RequestListener;
    proxy: boolean;
  }
}
