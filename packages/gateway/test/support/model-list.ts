/** Whether a path is the list of models, for which a gateway asks by itself a minute after its start. */
export const asksForModels = (path: string): boolean => path.endsWith('/models');
