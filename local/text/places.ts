// Places in a file, and faults with their place.

/** A place in a file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Fault {
  readonly place: Place;
  readonly message: string;
}

/** `file:line:column: sentence`. */
export const sayFault = ({ place, message }: Fault): string =>
  `${place.file}:${place.line}:${place.column}: ${message}`;
