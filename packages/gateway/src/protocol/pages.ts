/** How many records a list shows at once, over HTTP and on the command line. */
export const pageSize = {
  default: 100,
  most: 1000,
} as const;
