/** Values of the normal distribution that hold 95% between them. */
export const NORMAL_95 = 1.96;
