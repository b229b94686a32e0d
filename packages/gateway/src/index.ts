export type { Config } from './config/config.ts';
export { loadConfig } from './config/load-config.ts';
export { createGateway, type Gateway, type GatewayOptions } from './gateway.ts';
