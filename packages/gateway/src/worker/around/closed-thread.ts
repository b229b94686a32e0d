// Runs first in each thread of a process that reaches nothing outside.
import { closedOutside } from './closed-outside.ts';

closedOutside.close(undefined);
