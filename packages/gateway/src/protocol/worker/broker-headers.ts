/** Names the run that a model call of a worker belongs to. It never leaves the broker. */
export const runHeader = 'x-dropgate-run';

/** Code of a failure that is the gateway's own, on the broker's answer to a worker; an upstream's headers of this name never reach it. */
export const failureHeader = 'x-dropgate-failure';
