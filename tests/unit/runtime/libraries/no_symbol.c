/* A shared library that is no model. */
int other_symbol(void) { return 1; }
