/** Most raw bytes that follow one line, in either direction. A longer body of a model call takes the loopback broker. */
export const maxFrameBytes = 8 * 1024 * 1024;

/** Longest path of a model call, with its query, in characters. */
export const maxPathLength = 8192;

/** Most bytes of a tool's result in one frame. */
export const toolPieceBytes = 256 * 1024;

/** Longest arguments of a gateway tool that a worker sends, in characters of JSON. */
export const maxToolArguments = 1024 * 1024;

/** Bytes of one answer that may be on their way to a worker, or with it, before it says that it has taken them. */
export const modelWindowBytes = 256 * 1024;

/** After so many bytes of an answer taken a worker says so. */
export const modelAckBytes = 64 * 1024;
